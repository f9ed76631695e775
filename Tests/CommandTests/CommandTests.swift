import Foundation
import Testing

@Suite(.serialized) struct CommandTests {
    private func withBroker(_ extra: [String] = [], _ body: (BrokerProcess) throws -> Void) throws {
        let broker = try BrokerProcess(extra)
        defer { broker.remove() }
        try body(broker)
        #expect(broker.stop() == 0)
    }

    @discardableResult
    private func run(_ arguments: [String], input: String? = nil) throws -> Commands.Outcome {
        try Commands.run(arguments, input: input.map { Data($0.utf8) })
    }

    private func expectRefused(
        _ arguments: [String], _ text: String, input: String? = nil,
        sourceLocation: SourceLocation = #_sourceLocation
    ) throws {
        let outcome = try run(arguments, input: input)
        #expect(outcome.status != 0, sourceLocation: sourceLocation)
        #expect(outcome.output.isEmpty, sourceLocation: sourceLocation)
        #expect(
            outcome.errors.contains(text), "\(outcome.errors)", sourceLocation: sourceLocation)
        #expect(outcome.errors.split(separator: "\n").count <= 4, sourceLocation: sourceLocation)
    }

    @Test func linesComeBackAsTheyWent() throws {
        try withBroker { broker in
            let b = broker.bootstrap
            try run(["topic", "create", "t"] + b)
            let text = "first\n\n  spaces \t\nümläut\n\nlast\n"
            #expect(try run(["produce", "t"] + b, input: text).status == 0)
            #expect(try run(["consume", "t"] + b).text == text)
            #expect(try run(["consume", "t", "--from", "4", "--max-records", "1"] + b).text == "\n")
            // A last line without its newline is a record like the others.
            #expect(try run(["produce", "t"] + b, input: "no newline").status == 0)
            #expect(try run(["consume", "t"] + b).text == text + "no newline\n")
            #expect(try run(["consume", "t", "--delimiter", "\\0", "--from", "6"] + b).text == "no newline\0")
            #expect(try run(["consume", "t", "--from", "end"] + b).text == "")
            #expect(try run(["consume", "t", "--from", "@0", "--max-records", "1"] + b).text == "first\n")
            #expect(try run(["consume", "t", "--from", "@2100-01-01T00:00:00Z"] + b).text == "")
        }
    }

    @Test(arguments: ["none", "gzip", "snappy", "lz4", "zstd"])
    func everyCodecComesBack(codec: String) throws {
        try withBroker { broker in
            let text = (0..<20_000).map { "line \($0) \($0 * $0)\n" }.joined()
            try run(["topic", "create", "t"] + broker.bootstrap)
            try run(["produce", "t", "--compression", codec] + broker.bootstrap, input: text)
            #expect(try run(["consume", "t"] + broker.bootstrap).text == text)
        }
    }

    @Test func keysChoosePartitionsAndFormatsShowThem() throws {
        try withBroker { broker in
            let b = broker.bootstrap
            try run(["topic", "create", "t", "--partitions", "3"] + b)
            let lines = (0..<30).map { "k\($0 % 5)=>v\($0)\n" }.joined()
            try run(["produce", "t", "--key-separator", "=>"] + b, input: lines)
            let shown = try run(["consume", "t", "--format", "%t %p %k %s %S\\n"] + b).text
                .split(separator: "\n").map { $0.split(separator: " ").map(String.init) }
            #expect(shown.count == 30)
            for key in 0..<5 {
                let partitions = Set(shown.filter { $0[2] == "k\(key)" }.map { $0[1] })
                #expect(partitions.count == 1)
            }
            #expect(shown.allSatisfy { $0[0] == "t" && Int($0[4]) == $0[3].utf8.count })
            try run(["produce", "t", "--partition", "2"] + b, input: "here\n")
            #expect(try run(["consume", "t", "--partition", "2"] + b).text.hasSuffix("here\n"))
        }
    }

    @Test func groupsGoOnWhereTheyWere() throws {
        let broker = try BrokerProcess()
        defer { broker.remove() }
        try run(["topic", "create", "t"] + broker.bootstrap)
        try run(["produce", "t"] + broker.bootstrap, input: "1\n2\n3\n")
        #expect(
            try run(["consume", "t", "--group", "g", "--max-records", "2"] + broker.bootstrap).text
                == "1\n2\n")
        broker.kill()
        try broker.start()
        #expect(try run(["consume", "t", "--group", "g"] + broker.bootstrap).text == "3\n")
        #expect(try run(["consume", "t", "--group", "g"] + broker.bootstrap).text == "")
        #expect(
            try run(["consume", "t", "--group", "other"] + broker.bootstrap).text == "1\n2\n3\n")
        #expect(broker.stop() == 0)
    }

    @Test func badInputIsRefusedByName() throws {
        try withBroker { broker in
            let b = broker.bootstrap
            try run(["topic", "create", "t", "--config", "max.message.bytes=1000"] + b)
            try expectRefused(["topic", "create", "t"] + b, "'t'")
            try expectRefused(["topic", "create", "a/b"] + b, "illegal topic name 'a/b'")
            try expectRefused(["topic", "create", "u", "--partitions", "0"] + b, "--partitions 0")
            try expectRefused(["topic", "create", "u", "--config", "nope=1"] + b, "nope=1")
            try expectRefused(["topic", "delete", "none"] + b, "'none'")
            try expectRefused(["topic", "describe", "none"] + b, "'none'")
            try expectRefused(["consume", "none"] + b, "'none'")
            try expectRefused(["consume", "t", "--from", "7"] + b, "offset 7")
            try expectRefused(["consume", "t", "--from", "nowhere"] + b, "--from nowhere")
            try expectRefused(["consume", "t", "--partition", "9"] + b, "--partition 9")
            try expectRefused(["produce", "none"] + b, "topic create none", input: "x\n")
            try expectRefused(["produce", "t", "--compression", "lzma"] + b, "--compression lzma", input: "x\n")
            try expectRefused(["produce", "t", "--file", "/nonexistent"] + b, "/nonexistent")
            try expectRefused(
                ["produce", "t"] + b, "max.message.bytes", input: String(repeating: "x", count: 2000) + "\n")
            // Nothing of what was refused is there, and the topic goes on.
            try run(["produce", "t"] + b, input: "fine\n")
            #expect(try run(["consume", "t"] + b).text == "fine\n")
            #expect(try run(["topic", "list"] + b).text == "t\t1\n")
            // The same data directory and the same port, taken.
            try expectRefused(
                ["serve", "--data-dir", broker.directory.path, "--listen", "127.0.0.1:0", "--kafka", "127.0.0.1:0"],
                "is open in another process")
            let other = broker.directory.path + "-other"
            defer { try? FileManager.default.removeItem(atPath: other) }
            try expectRefused(
                ["serve", "--data-dir", other, "--listen", "127.0.0.1:\(broker.port)"],
                "127.0.0.1:\(broker.port) is in use")
            try expectRefused(
                [
                    "serve", "--data-dir", other, "--listen", "127.0.0.1:0",
                    "--kafka", broker.kafkaBootstrap,
                ],
                "\(broker.kafkaBootstrap) is in use by another program; choose another address with --kafka")
            try expectRefused(["serve", "--data-dir", other, "--listen", "nonsense"], "--listen nonsense")
            try expectRefused(["serve", "--data-dir", other, "--shards", "0"], "shards=0")
        }
        try expectRefused(["topic", "list", "--bootstrap", "127.0.0.1:1"], "millrace serve")
    }

    @Test func aBrokerThatSaysNothingIsGivenUp() throws {
        let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(listener) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = inet_addr("127.0.0.1")
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        withUnsafeMutablePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                _ = bind(listener, $0, length)
                _ = listen(listener, 1)
                _ = getsockname(listener, $0, &length)
            }
        }
        let port = UInt16(bigEndian: address.sin_port)
        try expectRefused(
            ["topic", "list", "--bootstrap", "127.0.0.1:\(port)", "--timeout", "0.5"],
            "no answer from 127.0.0.1:\(port) within 500 ms")
    }

    @Test func aConfigFileIsTakenAndItsStrangersAreNamed() throws {
        let file = FileManager.default.temporaryDirectory
            .appendingPathComponent("millrace-\(UUID()).properties")
        defer { try? FileManager.default.removeItem(at: file) }
        try Data("# a comment\nnum.partitions = 4\nmillrace.durability=relaxed\n".utf8).write(to: file)
        try withBroker(["--config", file.path]) { broker in
            try run(["topic", "create", "t"] + broker.bootstrap)
            let described = try run(["topic", "describe", "t"] + broker.bootstrap).text
            #expect(described.contains("partitions=4 millrace.durability=relaxed"))
        }
        try Data("num.partitions=many\n".utf8).write(to: file)
        try expectRefused(["serve", "--config", file.path], "line 1: num.partitions=many")
    }

    @Test func logsAreDumpedAndVerified() throws {
        let broker = try BrokerProcess()
        defer { broker.remove() }
        try run(["topic", "create", "t"] + broker.bootstrap)
        try run(["produce", "t"] + broker.bootstrap, input: "1\n2\n3\n")
        try expectRefused(["log", "verify", broker.directory.path], "is open in another process")
        #expect(broker.stop() == 0)
        let intact = try run(["log", "verify", broker.directory.path])
        #expect(intact.status == 0, "\(intact.text) \(intact.errors)")
        #expect(intact.text.contains(" 3 records,") && intact.text.hasSuffix(" 0 damaged\n"))
        let segment = broker.directory.appendingPathComponent("t-0/00000000000000000000.log")
        let dumped = try run(["log", "dump", segment.path, "--payloads"]).text
        #expect(dumped.contains("baseOffset: 0"), "\(dumped)")
        var bytes = try Data(contentsOf: segment)
        bytes[bytes.count - 2] ^= 1
        try bytes.write(to: segment)
        let damaged = try run(["log", "verify", broker.directory.path])
        #expect(damaged.status == 1)
        #expect(damaged.text.contains("t-0"), "\(damaged.text)")
        // The broker starts all the same, and refuses what it cannot vouch for.
        try broker.start()
        let refused = try run(["consume", "t"] + broker.bootstrap)
        #expect(refused.status != 0)
        #expect(refused.errors.contains("millrace log verify"), "\(refused.errors)")
        #expect(broker.stop() == 0)
    }

    /// The ready line is a promise: whoever has read it may stop the broker.
    @Test func aBrokerThatIsStoppedAtOnceStopsCleanly() throws {
        for _ in 0..<5 {
            let broker = try BrokerProcess()
            defer { try? FileManager.default.removeItem(at: broker.directory) }
            #expect(broker.stop() == 0)
        }
    }

    @Test func anOldKernelIsRefusedInOneLine() throws {
        let outcome = try Commands.run(
            ["serve", "--data-dir", "/nonexistent/millrace", "--listen", "127.0.0.1:0", "--kafka", "127.0.0.1:0"],
            through: ["setarch", "--uname-2.6"])
        #expect(outcome.status == 1)
        #expect(outcome.errors.contains("Millrace needs Linux 6.1 or newer"), "\(outcome.errors)")
        #expect(outcome.errors.split(separator: "\n").count == 1)
    }
}
