import MillraceBytes
import MillraceClient
import MillraceNativeProtocol
import MillraceRecords
import Synchronization
import Testing

@Suite(.timeLimit(.minutes(10))) struct SubscriptionTests {
    /// A broker of an endless log: it sends one batch again and again, as far as the credit goes,
    /// and counts.
    private final class EndlessScript: Sendable {
        let sentBytes = Mutex(0)
        private let batch: [UInt8]
        private let credit = Mutex(SendCredit(initial: 0))
        private let next = Mutex<Int64>(0)

        init() throws {
            let record = Record(value: [UInt8](repeating: 7, count: 10_000))
            batch = try RecordBatchBuilder.build([record], now: Timestamp(milliseconds: 0))
        }

        func answer(_ frame: Frame, _ writer: inout ByteWriter) {
            var message = WireSubscribeBatch()
            switch frame.header.kind {
            case .call:
                let request = try? frame.decode(WireSubscribeRequest.self)
                credit.withLock { $0 = SendCredit(initial: request?.creditBytes ?? 0) }
                message.startOffset = 0
                writer.writeMessage(stream: frame.header.stream, body: message)
                message.clearStartOffset()
            case .credit:
                credit.withLock { try? $0.grant(frame.creditBytes()) }
            default:
                return writer.writeEnd(stream: frame.header.stream, status: Status(.cancelled))
            }
            while credit.withLock({ $0.maySend }) {
                credit.withLock { $0.spend(batch.count) }
                sentBytes.withLock { $0 += batch.count }
                writer.writeMessage(
                    stream: frame.header.stream, body: message, attachmentCount: batch.count)
                let offset = next.withLock { next in
                    defer { next += 1 }
                    return next
                }
                // The base offset is not under the checksum.
                writer.writeInt64(offset)
                writer.writeBytes(Array(batch[8...]))
            }
        }
    }

    @Test func aSlowConsumerIsSentNoMoreThanItsWindow() async throws {
        let script = try EndlessScript()
        let broker = try await ScriptedBroker.listen { script.answer($0, &$1) }
        let client = try await MillraceClient.connect(port: broker.port)
        let window = 100_000
        let subscription = try client.subscribe(
            to: "orders", partition: 0, following: true, windowBytes: window)
        var batches = subscription.makeAsyncIterator()
        var consumed = 0
        for offset in 0..<500 {
            let batch = try #require(try await batches.next())
            #expect(batch.header.baseOffset == Offset(Int64(offset)))
            consumed += batch.header.sizeInBytes
            #expect(script.sentBytes.withLock { $0 } <= consumed + window + 11_000)
        }
    }

    @Test func leavingTheLoopCancelsTheCall() async throws {
        let script = try EndlessScript()
        let broker = try await ScriptedBroker.listen { script.answer($0, &$1) }
        let client = try await MillraceClient.connect(port: broker.port)
        for try await _ in try client.subscribe(to: "orders", partition: 0, following: true) {
            break
        }
        while !broker.frames.contains(where: { $0.header.kind == .cancel }) {
            try await Task.sleep(for: .milliseconds(1))
        }
    }

    @Test func cancellingTheTaskEndsTheSequence() async throws {
        let broker = try await ScriptedBroker.listen { frame, writer in
            var message = WireSubscribeBatch()
            message.startOffset = 0
            guard frame.header.kind == .call else { return }
            writer.writeMessage(stream: frame.header.stream, body: message)
        }
        let client = try await MillraceClient.connect(port: broker.port)
        let subscription = try client.subscribe(to: "orders", partition: 0, following: true)
        let consumer = Task {
            var count = 0
            for try await _ in subscription { count += 1 }
            return count
        }
        consumer.cancel()
        #expect(try await consumer.value == 0)
    }

    @Test func aFollowerWhoseBrokerIsGoneIsTold() async throws {
        let broker = try await ScriptedBroker.listen { frame, writer in
            var message = WireSubscribeBatch()
            message.startOffset = 0
            // It never answers the PING.
            guard frame.header.kind == .call else { return }
            writer.writeMessage(stream: frame.header.stream, body: message)
        }
        try await withGrowingTimeout { timeout in
            let client = try await MillraceClient.connect(port: broker.port, timeout: timeout)
            var batches = try client.subscribe(to: "orders", partition: 0, following: true)
                .makeAsyncIterator()
            let error = await #expect(throws: ClientError.self) { try await batches.next() }
            #expect(error == .noAnswer(address: client.address, timeout: timeout))
            // Without the question it was the subscription's start that was too slow.
            guard broker.frames.contains(where: { $0.header.kind == .ping }) else {
                throw error ?? .closed
            }
        }
    }

    @Test func aRefusedSubscriptionThrows() async throws {
        let broker = try await ScriptedBroker.listen { frame, writer in
            writer.writeEnd(
                stream: frame.header.stream,
                status: Status(.outOfRange, "offset 9 is not in 0 to 5", details: ["offset": "9"]))
        }
        let client = try await MillraceClient.connect(port: broker.port)
        var batches = try client.subscribe(
            to: "orders", partition: 0, from: .offset(Offset(9))
        ).makeAsyncIterator()
        await #expect(
            throws: ClientError.refused(
                code: .outOfRange, message: "offset 9 is not in 0 to 5",
                details: ["offset": "9"])
        ) { try await batches.next() }
    }
}
