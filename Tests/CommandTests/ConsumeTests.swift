import Foundation
import Testing

/// What `consume` does beside printing all there is.
@Suite(.serialized) struct ConsumeTests {
    private func withBroker(_ body: (BrokerProcess, _ place: URL) throws -> Void) throws {
        let place = FileManager.default.temporaryDirectory
            .appendingPathComponent("millrace-consume-\(UUID())")
        try FileManager.default.createDirectory(at: place, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: place) }
        let broker = try BrokerProcess(in: place.appendingPathComponent("data"))
        try body(broker, place)
        #expect(broker.stop() == 0)
    }

    @discardableResult
    private func succeed(_ arguments: [String], input: String = "") throws -> String {
        let outcome = try Commands.run(arguments, input: Data(input.utf8))
        #expect(outcome.status == 0, "\(arguments): \(outcome.errors)")
        return outcome.text
    }

    /// Waits until a file holds `text`, which must come within some seconds.
    private func wait(for text: String, in file: URL) throws {
        var found = ""
        for _ in 0..<2000 {
            found = try String(contentsOf: file, encoding: .utf8)
            if found == text { return }
            usleep(10_000)
        }
        Issue.record("'\(text)' did not come; there is '\(found)'")
    }

    @Test func aFollowerPrintsWhatComesInAnyPartition() throws {
        try withBroker { broker, place in
            let b = broker.bootstrap
            try succeed(["topic", "create", "f", "--partitions", "2"] + b)
            try succeed(["produce", "f", "--partition", "0"] + b, input: "0\n1\n")
            let output = place.appendingPathComponent("output")
            try Data().write(to: output)
            let follower = Process()
            follower.executableURL = try Commands.executable()
            follower.arguments =
                ["consume", "f", "--follow", "--group", "g", "--max-records", "5"] + b
            follower.standardOutput = try FileHandle(forWritingTo: output)
            try follower.run()
            try wait(for: "0\n1\n", in: output)
            try succeed(["produce", "f", "--partition", "1"] + b, input: "2\n")
            try wait(for: "0\n1\n2\n", in: output)
            // By now what was printed is committed, so that nothing but the follower's own end wakes the partition
            // without records.
            usleep(1_000_000)
            try succeed(["produce", "f", "--partition", "0"] + b, input: "3\n4\n5\n")
            follower.waitUntilExit()
            #expect(follower.terminationStatus == 0)
            try wait(for: "0\n1\n2\n3\n4\n", in: output)
            // The group has seen five, in the middle of a batch.
            #expect(try succeed(["consume", "f", "--group", "g"] + b) == "5\n")
        }
    }

    @Test func aReaderThatHasSeenEnoughIsNoFailure() throws {
        try withBroker { broker, place in
            try succeed(["topic", "create", "h"] + broker.bootstrap)
            let text = (0..<200_000).map { "line \($0)\n" }.joined()
            try succeed(["produce", "h"] + broker.bootstrap, input: text)
            let shell = Process()
            shell.executableURL = URL(fileURLWithPath: "/bin/bash")
            shell.arguments = [
                "-c", "set -o pipefail; \"$@\" 2>&1 | head -n 3 > \"$0\"",
                place.appendingPathComponent("output").path, try Commands.executable().path,
                "consume", "h",
            ] + broker.bootstrap
            try shell.run()
            shell.waitUntilExit()
            #expect(shell.terminationStatus == 0)
            try wait(for: "line 0\nline 1\nline 2\n", in: place.appendingPathComponent("output"))
        }
    }

    @Test func aTimeIsAPlaceToStart() throws {
        try withBroker { broker, _ in
            let b = broker.bootstrap
            try succeed(["topic", "create", "t"] + b)
            try succeed(["produce", "t"] + b, input: "a\nb\n")
            usleep(5000)
            let between = Int(Date().timeIntervalSince1970 * 1000)
            usleep(5000)
            try succeed(["produce", "t"] + b, input: "c\n")
            #expect(try succeed(["consume", "t", "--from", "@\(between)"] + b) == "c\n")
            let all = try succeed(["consume", "t", "--from", "@2020-01-31T12:00:00Z"] + b)
            #expect(all == "a\nb\nc\n")
            let times = try succeed(["consume", "t", "--format", "%T\\n"] + b)
                .split(separator: "\n").compactMap { Int($0) }
            #expect(times.count == 3)
            #expect(times[1] < between && between < times[2])
        }
    }

    @Test func keysAndSizesOfWhatIsThereAndWhatIsNot() throws {
        try withBroker { broker, _ in
            let b = broker.bootstrap
            try succeed(["topic", "create", "k", "--partitions", "3"] + b)
            try succeed(
                ["produce", "k", "--key-separator", "=>"] + b,
                input: "k1=>v=>1\nk2=>\nno key\nk1=>2\n")
            let lines = try succeed(["consume", "k", "--format", "%p/%k(%K)=%s(%S)%%\\t%h.\\n"] + b)
                .split(separator: "\n").map(String.init)
            #expect(lines.count == 4)
            // By murmur2 of Kafka's Java client, modulo 3: see PartitionerTests.
            let first = try #require(lines.first { $0.hasSuffix("/k1(2)=v=>1(4)%\t.") })
            let partition = first.prefix(2)
            #expect(lines.contains(partition + "k1(2)=2(1)%\t."), "\(lines)")
            #expect(lines.contains { $0.hasSuffix("/k2(2)=(0)%\t.") }, "\(lines)")
            #expect(lines.contains { $0.hasSuffix("/(-1)=no key(6)%\t.") }, "\(lines)")
        }
    }

    @Test func theLinesBeforeARefusedOneAreKept() throws {
        try withBroker { broker, _ in
            let b = broker.bootstrap
            try succeed(["topic", "create", "small", "--config", "max.message.bytes=1000"] + b)
            let large = String(repeating: "x", count: 2000)
            let outcome = try Commands.run(
                ["produce", "small"] + b, input: Data("before\n\n\(large)\nafter\n".utf8))
            #expect(outcome.status == 1)
            #expect(outcome.errors.hasPrefix("Error: line 3: "), "\(outcome.errors)")
            #expect(try succeed(["consume", "small"] + b) == "before\n\n")
        }
    }

    /// A line much longer than what is read at once.
    @Test func aLongLineIsOneRecord() throws {
        try withBroker { broker, _ in
            let b = broker.bootstrap
            try succeed(["topic", "create", "l", "--config", "max.message.bytes=8000000"] + b)
            let text = "short\n" + String(repeating: "0123456789", count: 500_000) + "\n\nlast"
            try succeed(["produce", "l"] + b, input: text)
            #expect(try succeed(["consume", "l"] + b) == text + "\n")
            #expect(try succeed(["topic", "describe", "l"] + b).contains("high-watermark=4"))
        }
    }
}
