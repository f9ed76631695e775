import Foundation
import Testing

/// `millrace group` and `millrace topic alter`.
@Suite(.serialized) struct GroupCommandTests {
    private func withBroker(_ body: ([String]) throws -> Void) throws {
        let broker = try BrokerProcess()
        defer { broker.remove() }
        try body(broker.bootstrap)
        #expect(broker.stop() == 0)
    }

    private func run(_ arguments: [String], input: String? = nil) throws -> Commands.Outcome {
        try Commands.run(arguments, input: input.map { Data($0.utf8) })
    }

    private func succeed(_ arguments: [String], input: String? = nil) throws -> String {
        let outcome = try run(arguments, input: input)
        #expect(outcome.status == 0, "\(arguments): \(outcome.errors)")
        return outcome.text
    }

    private func expectRefused(_ arguments: [String], _ text: String) throws {
        let outcome = try run(arguments)
        #expect(outcome.status != 0, "\(arguments)")
        #expect(outcome.errors.contains(text), "\(outcome.errors)")
    }

    private struct Group: Decodable {
        struct Offset: Decodable, Equatable {
            let topic: String
            let partition: Int
            let offset: Int
            let lag: Int?
        }

        let group: String
        let state: String
        let offsets: [Offset]
    }

    @Test func aGroupIsSeenMovedAndForgotten() throws {
        try withBroker { b in
            _ = try succeed(["topic", "create", "t"] + b)
            _ = try succeed(["produce", "t"] + b, input: "a\nb\nc\n")
            #expect(try succeed(["group", "list"] + b) == "")
            #expect(try succeed(["consume", "t", "--group", "g", "--max-records", "2"] + b) == "a\nb\n")
            #expect(try succeed(["group", "list"] + b) == "g\tEmpty\n")
            let described = try succeed(["group", "describe", "g", "--json"] + b)
            let group = try JSONDecoder().decode(Group.self, from: Data(described.utf8))
            #expect(group.state == "Empty")
            #expect(group.offsets == [Group.Offset(topic: "t", partition: 0, offset: 2, lag: 1)])
            let lines = try succeed(["group", "describe", "g"] + b)
            #expect(lines == "group g state=Empty members=0\noffset t-0 committed=2 lag=1\n")

            let move = ["group", "reset-offsets", "g", "--topic", "t", "--to"]
            #expect(try succeed(move + ["1", "--dry-run"] + b) == "t-0\t1\n")
            #expect(try succeed(["consume", "t", "--group", "g"] + b) == "c\n")
            #expect(try succeed(move + ["1"] + b) == "t-0\t1\n")
            #expect(try succeed(["consume", "t", "--group", "g"] + b) == "b\nc\n")
            #expect(try succeed(move + ["beginning"] + b) == "t-0\t0\n")
            #expect(try succeed(move + ["@2100-01-01T00:00:00Z"] + b) == "t-0\t3\n")
            try expectRefused(move + ["yesterday"] + b, "--to yesterday")
            try expectRefused(move + ["1", "--partition", "1"] + b, "partitions 0 to 0")

            #expect(try succeed(["group", "delete", "g"] + b) == "deleted group g\n")
            #expect(try succeed(["group", "list"] + b) == "")
        }
    }

    @Test func aGroupThatIsNotThereIsNamed() throws {
        try withBroker { b in
            _ = try succeed(["topic", "create", "t"] + b)
            _ = try succeed(["group", "reset-offsets", "readers", "--topic", "t", "--to", "end"] + b)
            try expectRefused(["group", "describe", "reader"] + b, "did you mean 'readers'?")
            try expectRefused(["group", "delete", "nobody"] + b, "`millrace group list`")
        }
    }

    @Test func settingsAreChangedAndResetTogether() throws {
        try withBroker { b in
            _ = try succeed(["topic", "create", "t", "--config", "retention.ms=86400000"] + b)
            let alter = ["topic", "alter", "t"]
            #expect(
                try succeed(alter + ["--set", "max.message.bytes=2000", "--reset", "retention.ms"] + b)
                    .contains("max.message.bytes=2000"))
            let described = try succeed(["topic", "describe", "t"] + b)
            #expect(described.contains("max.message.bytes=2000"))
            #expect(!described.contains("retention.ms"))
            try expectRefused(alter + ["--set", "max.message.bytes=-5", "segment.ms=1000"] + b, "max.message.bytes")
            try expectRefused(alter + ["--set", "segment.m=5"] + b, "did you mean segment.ms?")
            try expectRefused(alter + b, "nothing to change")
            try expectRefused(alter + ["--set", "segment.ms=5", "--reset", "segment.ms"] + b, "choose one")
            #expect(!(try succeed(["topic", "describe", "t"] + b).contains("segment.ms")))
        }
    }
}
