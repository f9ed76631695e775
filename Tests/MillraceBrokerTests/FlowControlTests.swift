import MillraceBytes
import MillraceNativeProtocol
import Testing

/// What each side may send ahead of the other.
@Suite(.serialized) struct FlowControlTests {
    /// A topic that takes batches of up to 20 MiB.
    private static func create(_ topic: String, _ port: UInt16, partitions: UInt32 = 1) throws {
        var client = try BlockingClient(port: port)
        var request = WireCreateTopicRequest()
        request.name = topic
        request.partitions = partitions
        var config = WireConfig()
        config.key = "max.message.bytes"
        config.value = "\(20 << 20)"
        request.configs = [config]
        _ = try client.ask(.createTopic, request, WireTopicDescription.self)
    }

    private static func batch(bytes: Int) throws -> [UInt8] {
        try BrokerTests.batch([String(repeating: "x", count: bytes)])
    }

    private static func writeBatch(_ writer: inout ByteWriter, stream: UInt32, tag: UInt64, _ batch: [UInt8]) {
        var message = WireProduceBatch()
        message.sequenceTag = tag
        writer.writeMessage(stream: StreamID(stream), body: message, attachmentCount: batch.count)
        writer.writeBytes(batch)
    }

    private static func openProduce(_ writer: inout ByteWriter, stream: UInt32, _ topic: String) {
        var open = WireProduceOpen()
        open.topic = topic
        writer.writeCall(.produce, stream: StreamID(stream), request: open)
    }

    /// Of the call and, with a batch that is over the connection's, of all calls.
    @Test(arguments: [(5, UInt32(1)), (17, 3)]) func whoeverSendsBeyondTheCreditIsRefused(
        megabytes: Int, stream: UInt32
    ) async throws {
        try await withBroker { running in
            try Self.create("t", running.port)
            let (large, small) = (try Self.batch(bytes: megabytes << 20), try Self.batch(bytes: 1))
            var client = try RawClient(port: running.port)
            client.send {
                Self.openProduce(&$0, stream: 1, "t")
                if stream != 1 { Self.openProduce(&$0, stream: stream, "t") }
                Self.writeBatch(&$0, stream: 1, tag: 0, large)
                Self.writeBatch(&$0, stream: stream, tag: 1, small)
            }
            try client.expectGoAway("bytes came when the credit was -")
        }
    }

    @Test func pingsPassBatchesThatAreNotAcknowledged() async throws {
        try await withBroker { running in
            try Self.create("t", running.port)
            let large = try Self.batch(bytes: 5 << 20)
            var client = try RawClient(port: running.port)
            client.send {
                Self.openProduce(&$0, stream: 1, "t")
                Self.writeBatch(&$0, stream: 1, tag: 0, large)
                $0.writePing(7)
            }
            var kinds: [FrameKind] = []
            while kinds.count < 2, let frame = try client.next() {
                if frame.header.kind != .credit { kinds.append(frame.header.kind) }
            }
            #expect(kinds == [.ping, .message])
        }
    }

    @Test func creditIsGrantedAsBatchesAreAcknowledged() async throws {
        try await withBroker { running in
            try Self.create("t", running.port)
            var client = try BlockingClient(port: running.port)
            var open = WireProduceOpen()
            open.topic = "t"
            let stream = try client.call(.produce, open)
            let batch = try Self.batch(bytes: 900_000)
            // Several times what the connection may send at first.
            let count = 80
            for tag in 0..<count {
                var message = WireProduceBatch()
                message.sequenceTag = UInt64(tag)
                client.send(message, attachment: batch, on: stream)
            }
            client.halfClose(stream)
            var acknowledged = 0
            while true {
                switch try client.next() {
                case .message(stream, _, _): acknowledged += 1
                case .ended(stream, let status):
                    #expect(status.isOK)
                    #expect(acknowledged == count)
                    return
                default: continue
                }
            }
        }
    }

    @Test func theClientsCreditHoldsForAllItsSubscriptions() async throws {
        try await withBroker { running in
            try Self.create("t", running.port)
            var producer = try BlockingClient(port: running.port)
            try BrokerTests.produce(3000, to: "t", partitions: 1, on: &producer)
            var client = try RawClient(port: running.port)
            var request = WireSubscribeRequest()
            request.topic = "t"
            request.creditBytes = 1 << 40
            client.send { writer in
                writer.writeCredit(stream: .connection, bytes: 1000)
                writer.writeCall(.subscribe, stream: StreamID(1), request: request)
                writer.writeCall(.subscribe, stream: StreamID(3), request: request)
            }
            // Two first messages, and one with as much as a message has at least.
            var received: [Int] = []
            while received.count < 3, let frame = try client.next(.message) {
                received.append(frame.attachment.count)
            }
            #expect(received.filter { $0 > 0 }.count == 1)
            let hasMore = client.socket.isReadable(within: 300)
            #expect(!hasMore)
            // Both come to their end once the client takes more.
            client.send { $0.writeCredit(stream: .connection, bytes: 10 << 20) }
            var ended = 0
            while ended < 2, let frame = try client.next(.end) {
                #expect(try frame.status().isOK)
                ended += 1
            }
            #expect(ended == 2)
        }
    }

    @Test func producersSeePartitionsThatAreAddedLater() async throws {
        try await withBroker { running in
            var client = try BlockingClient(port: running.port)
            try BrokerTests.create("t", 1, on: &client)
            var open = WireProduceOpen()
            open.topic = "t"
            let stream = try client.call(.produce, open)
            var more = WireAddPartitionsRequest()
            more.name = "t"
            more.partitions = 3
            _ = try client.ask(.addPartitions, more, WireTopicDescription.self)
            for partition in [Int32(2), 3] {
                var message = WireProduceBatch()
                message.partition = partition
                client.send(message, attachment: try BrokerTests.batch(["x"]), on: stream)
            }
            for isThere in [true, false] {
                guard case .message(stream, let body, _) = try client.next() else {
                    Issue.record("no acknowledgement came")
                    return
                }
                let ack = try body.decodeAnswer(WireProduceAck.self)
                #expect(ack.hasError != isThere)
                if !isThere {
                    #expect(ack.error.code == 5)
                    #expect(ack.error.details == ["topic": "t", "partition": "3"])
                }
            }
        }
    }

    @Test func refusalsAloneAreAnsweredWhereThatIsAskedFor() async throws {
        try await withBroker { running in
            var client = try BlockingClient(port: running.port)
            try BrokerTests.create("t", 1, on: &client)
            var open = WireProduceOpen()
            open.topic = "t"
            open.acknowledgements = .refusals
            let stream = try client.call(.produce, open)
            for tag in 0..<10 {
                var message = WireProduceBatch()
                message.sequenceTag = UInt64(tag)
                let batch = try BrokerTests.batch(["\(tag)"])
                client.send(message, attachment: tag == 6 ? [1, 2, 3] : batch, on: stream)
            }
            client.halfClose(stream)
            var answered: [UInt64] = []
            while true {
                switch try client.next() {
                case .message(stream, let body, _):
                    let ack = try body.decodeAnswer(WireProduceAck.self)
                    #expect(ack.hasError)
                    answered.append(ack.sequenceTag)
                case .ended(stream, let status):
                    #expect(status.isOK)
                    #expect(answered == [6])
                    let values = try BrokerTests.subscribe(to: "t", 0, credit: 1 << 20, on: &client)
                    #expect(values.count == 9)
                    return
                default: continue
                }
            }
        }
    }
}
