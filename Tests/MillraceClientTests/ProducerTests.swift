import MillraceClient
import MillraceNativeProtocol
import Synchronization
import Testing

@Suite(.timeLimit(.minutes(10))) struct ProducerTests {
    private let now = Timestamp(milliseconds: 1_700_000_000_000)

    private func values(
        _ client: MillraceClient, partition: Int32, from offset: Int64 = 0
    ) async throws -> [String] {
        var values: [String] = []
        let subscription = try client.subscribe(
            to: "orders", partition: partition, from: .offset(Offset(offset)))
        for try await batch in subscription {
            try batch.forEachRecord { record in
                values.append(String(decoding: record.value ?? [], as: UTF8.self))
            }
        }
        return values
    }

    @Test func whatIsSentComesBackInOrder() async throws {
        let log = LogScript()
        let broker = try await ScriptedBroker.listen { log.answer($0, &$1) }
        let client = try await MillraceClient.connect(port: broker.port)
        let producer = try await client.producer(
            topic: "orders",
            options: ProducerOptions(
                compression: .lz4, batchBytesMax: 2000, inFlightBytesMax: 8000))
        let sent = (0..<20_000).map { "record \($0)" }
        for start in stride(from: 0, to: sent.count, by: 1000) {
            try await producer.send(at: now) { sink throws(ClientError) in
                for value in sent[start..<(start + 1000)] {
                    try sink.append(Record(value: Array(value.utf8)), partition: 1)
                }
            }
        }
        let receipts = try await producer.close()
        #expect(
            receipts == [
                ProduceReceipt(
                    partition: 1, firstOffset: .zero, lastOffset: Offset(19_999),
                    recordCount: 20_000, durability: .durable)
            ])
        #expect(try await values(client, partition: 1) == sent)
        #expect(try await values(client, partition: 1, from: 7777) == Array(sent[7777...]))
        #expect(try await values(client, partition: 0).isEmpty)
        await #expect(throws: ClientError.closed) {
            try await producer.send([Record(value: [])], now: now)
        }
    }

    @Test func aLoneRecordNeedsNoFlush() async throws {
        let log = LogScript()
        let broker = try await ScriptedBroker.listen { log.answer($0, &$1) }
        let client = try await MillraceClient.connect(port: broker.port)
        let producer = try await client.producer(topic: "orders")
        try await producer.send([Record(key: Array("k".utf8), value: [])], now: now)
        while !broker.frames.contains(where: { $0.header.kind == .message }) {
            try await Task.sleep(for: .milliseconds(1))
        }
        try await producer.flush()
    }

    /// No task misses the acknowledgement that it waits for, whichever others wait too.
    @Test func severalTasksMaySendAndFlush() async throws {
        let log = LogScript()
        let broker = try await ScriptedBroker.listen { log.answer($0, &$1) }
        let client = try await MillraceClient.connect(port: broker.port)
        let producer = try await client.producer(
            topic: "orders",
            options: ProducerOptions(batchBytesMax: 200, inFlightBytesMax: 500))
        let counts = try await withThrowingTaskGroup(of: Int64.self) { tasks in
            for _ in 0..<8 {
                tasks.addTask {
                    var count: Int64 = 0
                    for _ in 0..<50 {
                        let records = (0..<10).map { Record(value: Array("\($0)".utf8)) }
                        try await producer.send(records, now: now)
                        count += try await producer.flush().reduce(0) { $0 + $1.recordCount }
                    }
                    return count
                }
            }
            return try await tasks.reduce(0, +)
        }
        #expect(counts == 8 * 50 * 10)
    }

    @Test func aRefusalIsThrownByFlush() async throws {
        let broker = try await ScriptedBroker.listen { frame, writer in
            let stream = frame.header.stream
            switch frame.header.kind {
            case .call where frame.header.method == Method.describeTopic.rawValue:
                writer.writeMessage(stream: stream, body: description("orders", partitions: 1))
                writer.writeEnd(stream: stream, status: .ok)
            case .message:
                var ack = WireProduceAck()
                ack.error = Status(.failedPrecondition, "the disk is full").wire
                writer.writeMessage(stream: stream, body: ack)
            default:
                break
            }
        }
        let client = try await MillraceClient.connect(port: broker.port)
        let producer = try await client.producer(
            topic: "orders", options: ProducerOptions(isIdempotent: false))
        try await producer.send([Record(value: [])], now: now)
        let expected = ClientError.refused(
            code: .failedPrecondition, message: "the disk is full", details: [:])
        await #expect(throws: expected) { try await producer.flush() }
        await #expect(throws: expected) { try await producer.send([Record(value: [])], now: now) }
    }

    @Test func aBrokerThatNeverAcknowledgesTimesOut() async throws {
        let log = LogScript { _, isWritten in !isWritten }
        let broker = try await ScriptedBroker.listen { log.answer($0, &$1) }
        let client = try await MillraceClient.connect(port: broker.port)
        let timeout = Duration.milliseconds(100)
        let producer = try await client.producer(
            topic: "orders", options: ProducerOptions(deliveryTimeout: timeout))
        try await producer.send([Record(value: [])], now: now)
        let expected = ClientError.deliveryTimedOut(topic: producer.topic.name, timeout: timeout)
        await #expect(throws: expected) { try await producer.flush() }
        await #expect(throws: expected) { try await producer.send([Record(value: [])], now: now) }
    }

    @Test func recordsLingerUntilTheirTimeIsOver() async throws {
        let log = LogScript()
        let broker = try await ScriptedBroker.listen { log.answer($0, &$1) }
        let client = try await MillraceClient.connect(port: broker.port)
        let producer = try await client.producer(
            topic: "orders", options: ProducerOptions(linger: .milliseconds(200)))
        for number in 0..<10 {
            try await producer.send([Record(value: [UInt8(number)])], partition: 0, now: now)
        }
        #expect(!broker.frames.contains { $0.header.kind == .message })
        while !broker.frames.contains(where: { $0.header.kind == .message }) {
            try await Task.sleep(for: .milliseconds(1))
        }
        let receipts = try await producer.flush()
        #expect(receipts.map(\.recordCount) == [10])
        #expect(broker.frames.count { $0.header.kind == .message } == 1)
    }

    /// The connection is closed again and again, before a batch is written or after it and before it is
    /// acknowledged: all records are there once and in order.
    @Test func nothingIsLostOrWrittenTwiceWhereConnectionsBreak() async throws {
        let connections = Mutex<ScriptedBroker?>(nil)
        let log = LogScript { number, isWritten in
            guard number % 20 == (isWritten ? 7 : 15) else { return true }
            connections.withLock { $0 }?.disconnect()
            return false
        }
        let broker = try await ScriptedBroker.listen { log.answer($0, &$1) }
        connections.withLock { $0 = broker }
        let options = ConnectionOptions(reconnect: ReconnectPolicy(initial: .milliseconds(1), max: .milliseconds(20)))
        let client = try await MillraceClient.connect(
            to: .tcp(host: "127.0.0.1", port: broker.port), options: options)
        let producer = try await client.producer(
            topic: "orders", options: ProducerOptions(batchBytesMax: 500, inFlightBytesMax: 8000))
        let sent = (0..<5000).map { "record \($0)" }
        for start in stride(from: 0, to: sent.count, by: 100) {
            let records = sent[start..<(start + 100)].map { Record(value: Array($0.utf8)) }
            try await producer.send(records, partition: 1, now: now)
        }
        let receipts = try await producer.close()
        #expect(receipts.map(\.recordCount) == [5000])
        #expect(receipts.map(\.lastOffset) == [Offset(4999)])
        #expect(broker.connectionCount > 10)
        #expect(log.repeatCount > 5)
        #expect(try await values(client, partition: 1) == sent)
    }

    @Test func withoutNumbersALossFailsTheProducer() async throws {
        let connections = Mutex<ScriptedBroker?>(nil)
        let log = LogScript { _, isWritten in
            if isWritten { connections.withLock { $0 }?.disconnect() }
            return !isWritten
        }
        let broker = try await ScriptedBroker.listen { log.answer($0, &$1) }
        connections.withLock { $0 = broker }
        let client = try await MillraceClient.connect(port: broker.port)
        let producer = try await client.producer(
            topic: "orders", options: ProducerOptions(isIdempotent: false))
        try await producer.send([Record(value: [])], now: now)
        let error = await #expect(throws: ClientError.self) { try await producer.flush() }
        guard case .connectionLost = error else {
            Issue.record("\(String(describing: error))")
            return
        }
    }

    @Test func whereRefusalsAloneAreAnsweredTheCallsEndTellsTheRest() async throws {
        let log = LogScript { _, isWritten in !isWritten }
        let broker = try await ScriptedBroker.listen { log.answer($0, &$1) }
        let client = try await MillraceClient.connect(port: broker.port)
        let producer = try await client.producer(
            topic: "orders", options: ProducerOptions(acknowledgements: .refusals))
        for round in 0..<3 {
            try await producer.send([Record(value: [UInt8(round)])], partition: 0, now: now)
            let receipts = try await producer.flush()
            #expect(receipts.map(\.recordCount) == [1])
            #expect(receipts.map(\.firstOffset) == [Offset(-1)])
        }
        #expect(try await values(client, partition: 0).count == 3)
    }
}
