import Foundation
import Testing

/// `millrace topic`, for people and for programs.
@Suite(.serialized) struct TopicCommandTests {
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

    private func json<Document: Decodable>(_ type: Document.Type, _ arguments: [String]) throws -> Document {
        try JSONDecoder().decode(type, from: Data(try succeed(arguments + ["--json"]).utf8))
    }

    private struct Topic: Decodable {
        struct Partition: Decodable, Equatable {
            let partition: Int
            let start: Int
            let end: Int
        }

        let topic: String
        let partitions: [Partition]
        let config: [String: String]
    }

    private struct Listing: Decodable, Equatable {
        let topic: String
        let partitions: Int
    }

    @Test func programsReadJSON() throws {
        try withBroker { b in
            #expect(try json([Listing].self, ["topic", "list"] + b) == [])
            #expect(try succeed(["topic", "list"] + b) == "")
            _ = try succeed(["topic", "create", "t", "--partitions", "2", "--config", "retention.ms=86400000"] + b)
            _ = try succeed(["produce", "t", "--partition", "1"] + b, input: "1\n2\n")
            #expect(try json([Listing].self, ["topic", "list"] + b) == [Listing(topic: "t", partitions: 2)])
            let topic = try json(Topic.self, ["topic", "describe", "t"] + b)
            #expect(topic.topic == "t")
            #expect(topic.config["retention.ms"] == "86400000")
            #expect(
                topic.partitions == [
                    Topic.Partition(partition: 0, start: 0, end: 0), Topic.Partition(partition: 1, start: 0, end: 2),
                ])
        }
    }

    @Test func topicsGrow() throws {
        try withBroker { b in
            _ = try succeed(["topic", "create", "t"] + b)
            #expect(try succeed(["topic", "add-partitions", "t", "3"] + b) == "topic t has 3 partitions\n")
            #expect(try succeed(["topic", "list"] + b) == "t\t3\n")
            let refused = try run(["topic", "add-partitions", "t", "2"] + b)
            #expect(refused.status == 1)
            #expect(refused.errors.contains("3"), "\(refused.errors)")
            #expect(try run(["topic", "add-partitions", "t", "0"] + b).errors.contains("from 1 on"))
        }
    }

    @Test func aSlipOfTheHandIsNamed() throws {
        try withBroker { b in
            _ = try succeed(["topic", "create", "orders"] + b)
            for command in [["topic", "describe", "oders"], ["topic", "delete", "oders"], ["consume", "oders"]] {
                let outcome = try run(command + b)
                #expect(outcome.status == 1)
                #expect(outcome.errors.contains("did you mean 'orders'?"), "\(outcome.errors)")
            }
            let far = try run(["topic", "describe", "payments"] + b)
            #expect(far.errors.contains("`millrace topic list`"), "\(far.errors)")
            let setting = try run(["topic", "create", "t", "--config", "retention.m=1"] + b)
            #expect(setting.errors.contains("did you mean retention.ms?"), "\(setting.errors)")
        }
    }

    @Test func shellsComplete() throws {
        for shell in ["bash", "zsh", "fish"] {
            let script = try succeed(["--generate-completion-script", shell])
            #expect(script.contains("add-partitions"), "\(shell)")
        }
    }
}
