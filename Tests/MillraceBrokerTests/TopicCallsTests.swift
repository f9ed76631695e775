import Foundation
import Millrace
import MillraceBytes
import MillraceClientCore
import MillraceNativeProtocol
import MillraceRecords
import SwiftProtobuf
import Testing

@Suite(.serialized) struct TopicCallsTests {
    /// Calls a unary method and returns the status of its END.
    private static func status(
        _ method: MillraceNativeProtocol.Method, _ request: some SwiftProtobuf.Message, on client: inout BlockingClient
    ) throws -> Status {
        let stream = try client.call(method, request)
        while true {
            if case .ended(stream, let status) = try client.next() { return status }
        }
    }

    private static func change(_ key: String, _ value: String?) -> WireConfigChange {
        var change = WireConfigChange()
        change.key = key
        if let value { change.value = value }
        return change
    }

    @Test func topicsAreAltered() async throws {
        try await withBroker { running in
            var client = try BlockingClient(port: running.port)
            try BrokerTests.create("t", 1, on: &client)
            var request = WireAlterTopicRequest()
            request.name = "t"
            request.changes = [Self.change("retention.ms", "60000"), Self.change("max.message.bytes", "2000")]
            let altered = try client.ask(.alterTopic, request, WireTopicDescription.self)
            let configs = Dictionary(uniqueKeysWithValues: altered.configs.map { ($0.key, $0.value) })
            #expect(configs["retention.ms"] == "60000")
            #expect(configs["max.message.bytes"] == "2000")
            // Without a value the setting goes back; and all changes are made, or none.
            request.changes = [Self.change("retention.ms", nil)]
            let back = try client.ask(.alterTopic, request, WireTopicDescription.self)
            #expect(!back.configs.contains { $0.key == "retention.ms" })
            request.changes = [Self.change("retention.ms", "1"), Self.change("retention.bytes", "many")]
            let status = try Self.status(.alterTopic, request, on: &client)
            #expect(status.code == .invalidArgument)
            #expect(status.details == ["config": "retention.bytes", "value": "many"])
            request.changes = [Self.change("retention.ms", "1"), Self.change("retention.ms", "2")]
            let twice = try Self.status(.alterTopic, request, on: &client)
            #expect(twice.message.contains("twice"))
            var describe = WireDescribeTopicRequest()
            describe.name = "t"
            let described = try client.ask(.describeTopic, describe, WireTopicDescription.self)
            #expect(described.configs == back.configs)
            request.name = "none"
            request.changes = [Self.change("retention.ms", "1")]
            let unknown = try Self.status(.alterTopic, request, on: &client)
            #expect(unknown.code == .notFound)
            request.name = "__consumer_offsets"
            let own = try Self.status(.alterTopic, request, on: &client)
            #expect(own.code == .permissionDenied)
        }
    }

    @Test func whatIsTooLargeIsRefusedWithItsLimit() async throws {
        try await withBroker { running in
            var client = try BlockingClient(port: running.port)
            var create = WireCreateTopicRequest()
            create.name = "t"
            var config = WireConfig()
            config.key = "max.message.bytes"
            config.value = "200"
            create.configs = [config]
            _ = try client.ask(.createTopic, create, WireTopicDescription.self)
            var open = WireProduceOpen()
            open.topic = "t"
            let stream = try client.call(.produce, open)
            let batch = try BrokerTests.batch([String(repeating: "x", count: 500)])
            client.send(WireProduceBatch(), attachment: batch, on: stream)
            guard case .message(stream, let body, _) = try client.next() else {
                Issue.record("no acknowledgement came")
                return
            }
            let error = try body.decodeAnswer(WireProduceAck.self).error
            #expect(error.code == StatusCode.resourceExhausted.rawValue)
            #expect(
                error.details == [
                    "topic": "t", "partition": "0", "limit": "200", "bytes": "\(batch.count)",
                ])
        }
    }

    @Test func offsetsAreFoundAndPartitionsTrimmed() async throws {
        try await withBroker { running in
            var client = try BlockingClient(port: running.port)
            try BrokerTests.create("t", 1, on: &client)
            try BrokerTests.produce(100, to: "t", partitions: 1, on: &client)
            var trim = WireTrimRequest()
            trim.topic = "t"
            trim.beforeOffset = 40
            let trimmed = try client.ask(.trim, trim, WireTrimResponse.self)
            #expect(trimmed.logStartOffset == 40)
            trim.beforeOffset = 101
            let beyond = try Self.status(.trim, trim, on: &client)
            #expect(beyond.code == .outOfRange)
            #expect(beyond.details["high_watermark"] == "100")

            var request = WireFindOffsetsRequest()
            func ask(_ topic: String, _ partition: Int32, _ position: WirePosition.OneOf_Position?) {
                var wanted = WirePartitionPosition()
                wanted.topic = topic
                wanted.partition = partition
                wanted.position.position = position
                request.positions.append(wanted)
            }
            ask("t", 0, .beginning(true))
            ask("t", 0, .end(true))
            ask("t", 0, .offset(70))
            ask("t", 0, .timestampMs(0))
            ask("t", 0, .timestampMs(2))
            ask("t", 0, nil)
            ask("t", 0, .offset(39))
            ask("t", 0, .offset(101))
            ask("t", 1, .end(true))
            ask("u", 0, .end(true))
            let found = try client.ask(.findOffsets, request, WireFindOffsetsResponse.self).offsets
            #expect(found.prefix(6).map(\.offset) == [40, 100, 70, 40, 100, 40])
            #expect(found.prefix(6).allSatisfy { !$0.hasError })
            #expect(found.dropFirst(6).map(\.error.code) == [11, 11, 5, 5])
        }
    }

    // MARK: Idempotence

    private static func batch(_ producer: Int64, _ sequence: Int32, _ value: String) throws -> [UInt8] {
        let state = ProducerState(
            id: ProducerID(producer), epoch: ProducerEpoch(0), baseSequence: sequence)
        return try RecordBatchBuilder.build(
            [Record(value: Array(value.utf8))], now: Timestamp(milliseconds: 1), producer: state)
    }

    private static func send(_ batch: [UInt8], on client: inout BlockingClient) throws -> WireProduceAck {
        var open = WireProduceOpen()
        open.topic = "t"
        let stream = try client.call(.produce, open)
        client.send(WireProduceBatch(), attachment: batch, on: stream)
        client.halfClose(stream)
        var ack = WireProduceAck()
        while true {
            switch try client.next() {
            case .message(stream, let body, _): ack = try body.decodeAnswer(WireProduceAck.self)
            case .ended(stream, let status):
                #expect(status.isOK)
                return ack
            default: continue
            }
        }
    }

    @Test func batchesThatAreSentAgainAreStoredOnce() async throws {
        let first = try await RunningBroker()
        let producer = try await onThread { () throws -> Int64 in
            var client = try BlockingClient(port: first.port)
            try BrokerTests.create("t", 1, on: &client)
            let request = WireInitProducerRequest()
            let producer = try client.ask(.initProducer, request, WireInitProducerResponse.self)
            #expect(producer.producerEpoch == 0)
            let another = try client.ask(.initProducer, request, WireInitProducerResponse.self)
            #expect(another.producerID != producer.producerID)
            let id = producer.producerID
            for sequence in Int32(0)..<7 {
                let ack = try Self.send(try Self.batch(id, sequence, "v\(sequence)"), on: &client)
                #expect(!ack.hasError && ack.baseOffset == Int64(sequence))
            }
            var second = try BlockingClient(port: first.port)
            for _ in 0..<2 {
                let ack = try Self.send(try Self.batch(id, 6, "v6"), on: &second)
                #expect(!ack.hasError && ack.baseOffset == 6)
                let again = try Self.send(try Self.batch(id, 6, "v6"), on: &client)
                #expect(!again.hasError && again.baseOffset == 6)
            }
            let gap = try Self.send(try Self.batch(id, 9, "v9"), on: &client).error
            #expect(gap.code == StatusCode.failedPrecondition.rawValue)
            #expect(gap.details["reason"] == "out_of_order_sequence")
            #expect(gap.details["expected"] == "7")
            let old = try Self.send(try Self.batch(id, 0, "v0"), on: &client).error
            #expect(old.code == StatusCode.failedPrecondition.rawValue)
            #expect(old.details["reason"] == "duplicate_sequence")
            return id
        }.get()
        await first.stop()

        let reopened = try await RunningBroker(at: first.path)
        let values = try await onThread { () throws -> [String] in
            var client = try BlockingClient(port: reopened.port)
            let again = try Self.send(try Self.batch(producer, 6, "v6"), on: &client)
            #expect(!again.hasError && again.baseOffset == 6)
            let next = try Self.send(try Self.batch(producer, 7, "v7"), on: &client)
            #expect(!next.hasError && next.baseOffset == 7)
            return try BrokerTests.subscribe(to: "t", 0, credit: 1 << 20, on: &client)
        }.get()
        await reopened.stop()
        #expect(values == (0..<8).map { "v\($0)" })
        try? FileManager.default.removeItem(atPath: first.path)
    }
}
