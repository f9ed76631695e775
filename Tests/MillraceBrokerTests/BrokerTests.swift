import CMillraceExecutorProbe
import Foundation
import Millrace
import MillraceBroker
import MillraceBytes
import MillraceClientCore
import MillraceNativeProtocol
import MillraceRecords
import MillraceShard
import Testing

/// The broker over real sockets.
@Suite(.serialized) struct BrokerTests {
    static func batch(_ values: [String]) throws -> [UInt8] {
        try RecordBatchBuilder.build(
            values.map { Record(value: Array($0.utf8)) }, now: Timestamp(milliseconds: 1))
    }

    static func create(_ topic: String, _ partitions: UInt32, on client: inout BlockingClient) throws {
        var request = WireCreateTopicRequest()
        request.name = topic
        request.partitions = partitions
        let description = try client.ask(.createTopic, request, WireTopicDescription.self)
        #expect(description.partitions.count == Int(partitions))
    }

    static func produce(
        _ count: Int, to topic: String, partitions: Int32, on client: inout BlockingClient
    ) throws {
        var open = WireProduceOpen()
        open.topic = topic
        let stream = try client.call(.produce, open)
        for number in 0..<count {
            var message = WireProduceBatch()
            message.partition = Int32(number) % partitions
            message.sequenceTag = UInt64(number)
            client.send(message, attachment: try batch(["value \(number)"]), on: stream)
        }
        client.halfClose(stream)
        var acknowledged: UInt64 = 0
        while true {
            switch try client.next() {
            case .message(stream, let body, _):
                let ack = try body.decodeAnswer(WireProduceAck.self)
                #expect(!ack.hasError)
                #expect(ack.sequenceTag == acknowledged)
                #expect(ack.durability == .durable)
                acknowledged += 1
            case .ended(stream, let status):
                #expect(status.isOK)
                #expect(acknowledged == UInt64(count))
                return
            default: continue
            }
        }
    }

    static func subscribe(
        to topic: String, _ partition: Int32, credit: UInt64, on client: inout BlockingClient
    ) throws -> [String] {
        var request = WireSubscribeRequest()
        request.topic = topic
        request.partition = partition
        request.position.beginning = true
        request.creditBytes = credit
        let stream = try client.call(.subscribe, request)
        var values: [String] = []
        while true {
            switch try client.next() {
            case .message(stream, _, let attachment):
                var batches = BatchSequence(
                    attachment.bytes, limit: attachment.count, verifiesChecksums: true)
                while let batch = try batches.next() {
                    try RecordBatchView(borrowing: batch.bytes).forEachRecord {
                        values.append(String(decoding: $0.value ?? [], as: UTF8.self))
                    }
                }
                #expect(batches.remaining == 0)
                if attachment.count > 0 { client.grant(UInt32(attachment.count), on: stream) }
            case .ended(stream, let status):
                #expect(status.isOK, "\(status)")
                return values
            default: continue
            }
        }
    }

    @Test(arguments: [1, 2]) func streamsInAndOut(shards: Int) async throws {
        try await withBroker(shards: shards) { running in
            let port = running.port
            var client = try BlockingClient(port: port)
            try Self.create("t", 3, on: &client)
            try Self.produce(3000, to: "t", partitions: 3, on: &client)
            for partition in Int32(0)..<3 {
                let values = try Self.subscribe(to: "t", partition, credit: 10_000, on: &client)
                #expect(values == (0..<1000).map { "value \($0 * 3 + Int(partition))" })
            }
        }
    }

    @Test func nothingPassesThroughTheGlobalExecutor() async throws {
        millrace_probe_install()
        try await withBroker(watched: true) { running in
            let port = running.port
            var client = try BlockingClient(port: port)
            try Self.create("t", 4, on: &client)
            // The first of everything may allocate and wake; what counts is the steady state.
            try Self.produce(100, to: "t", partitions: 4, on: &client)
            let before = millrace_probe_global_enqueues()
            try Self.produce(2000, to: "t", partitions: 4, on: &client)
            for partition in Int32(0)..<4 {
                _ = try Self.subscribe(to: "t", partition, credit: 1 << 20, on: &client)
            }
            #expect(millrace_probe_global_enqueues() - before == 0)
        }
        // The probe itself works: what a watched thread gives to the pool is seen.
        let before = millrace_probe_global_enqueues()
        await withCheckedContinuation { continuation in
            Thread.detachNewThread {
                millrace_probe_watch_thread()
                Task.detached { continuation.resume() }
            }
        }
        #expect(millrace_probe_global_enqueues() > before)
    }

    @Test func badCallsEndWithTheirStatus() async throws {
        try await withBroker { running in
            let port = running.port
            var client = try BlockingClient(port: port)
            try Self.create("t", 1, on: &client)
            func refused(
                _ text: String, _ client: inout BlockingClient,
                _ call: (inout BlockingClient) throws -> Void
            ) {
                let error = #expect(throws: ClientError.self) { try call(&client) }
                #expect(String(describing: error).contains(text), "\(String(describing: error))")
            }
            refused("'t'", &client) { try Self.create("t", 1, on: &$0) }
            refused("a/b", &client) { try Self.create("a/b", 1, on: &$0) }
            refused("'none'", &client) {
                var request = WireDeleteTopicRequest()
                request.name = "none"
                _ = try $0.ask(.deleteTopic, request, WireDeleteTopicResponse.self)
            }
            var open = WireProduceOpen()
            open.topic = "t"
            let stream = try client.call(.produce, open)
            var wrong = WireProduceBatch()
            wrong.partition = 9
            client.send(wrong, attachment: try Self.batch(["x"]), on: stream)
            var broken = WireProduceBatch()
            broken.sequenceTag = 1
            client.send(broken, attachment: [1, 2, 3], on: stream)
            for (tag, text) in [(UInt64(0), "no partition 9"), (1, "refused")] {
                guard case .message(stream, let body, _) = try client.next() else {
                    Issue.record("no acknowledgement came")
                    return
                }
                let ack = try body.decodeAnswer(WireProduceAck.self)
                #expect(ack.sequenceTag == tag)
                #expect(ack.error.message.contains(text), "\(ack.error.message)")
            }
            var request = WireSubscribeRequest()
            request.topic = "t"
            request.position.offset = 77
            request.creditBytes = 1000
            let subscription = try client.call(.subscribe, request)
            guard case .ended(subscription, let status) = try client.next() else {
                Issue.record("no end came")
                return
            }
            #expect(status.code == .outOfRange)
        }
    }

    @Test func garbageClosesTheConnectionAndNothingElse() async throws {
        try await withBroker { running in
            let port = running.port
            var generator = SystemRandomNumberGenerator()
            for round in 0..<50 {
                let client = try BlockingClient(port: port)
                client.sendAll((0..<(round * 7)).map { _ in UInt8(truncatingIfNeeded: generator.next()) })
            }
            var client = try BlockingClient(port: port)
            try Self.create("still", 1, on: &client)
        }
    }

    @Test func groupsCommitAndFetch() async throws {
        try await withBroker { running in
            let port = running.port
            var client = try BlockingClient(port: port)
            try Self.create("t", 2, on: &client)
            var commit = WireCommitOffsetsRequest()
            commit.group = "g"
            for partition in Int32(0)..<2 {
                var offset = WireOffsetCommit()
                offset.topic = "t"
                offset.partition = partition
                offset.offset = 10 + Int64(partition)
                offset.metadata = "m\(partition)"
                commit.offsets.append(offset)
            }
            _ = try client.ask(.commitOffsets, commit, WireCommitOffsetsResponse.self)
            var fetch = WireFetchOffsetsRequest()
            fetch.group = "g"
            let fetched = try client.ask(.fetchOffsets, fetch, WireFetchOffsetsResponse.self)
            #expect(fetched.offsets == commit.offsets)
        }
    }
}
