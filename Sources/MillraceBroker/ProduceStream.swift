internal import DequeModule
internal import Millrace
internal import MillraceBytes
internal import MillraceModel
internal import MillraceNativeProtocol
internal import MillraceShard
internal import MillraceStorage
internal import SystemPackage

/// A client's stream of batches for one topic: batches in, acknowledgements out in the same order.
///
/// A batch is handed to its partition as it arrives and need not wait for those before it; one task then waits for the
/// acknowledgements one after another. What the client may send ahead of them is its credit, which grows as batches are
/// acknowledged.
final class ProduceStream: OpenCall, @unchecked Sendable {
    private struct Arrived {
        let tag: UInt64
        let partition: Int32
        let batch: ByteSlice
        /// Memory beside the batch.
        let held: Int
    }

    private struct Waiting {
        let tag: UInt64
        let bytes: Int
        let held: Int
        let outcome: Result<AppendTicket, Refusal>
    }

    private struct Refusal: Error {
        let status: Status
    }

    private let id: StreamID
    private var topic: Topic
    private let answersAll: Bool
    private var credit = ReceiveCredit(window: ReceiveCredit.callWindow)
    private var waiting: Deque<Waiting> = []
    /// Batches on their way to their partitions, in their order.
    private var arrived: Deque<Arrived> = []
    private var isClosed = false
    private var isCancelled = false
    private var isHandedOver = false
    /// How the call ends when all is answered.
    private var outcome = Status.ok
    private let changed: Signal

    /// What a message takes beside its body and its batch.
    private static let messageBytes = 128

    init(_ id: StreamID, topic: Topic, answersAll: Bool, shard: Shard) {
        self.id = id
        self.topic = topic
        self.answersAll = answersAll
        changed = Signal(on: shard)
    }

    // MARK: The client's side

    var takesAttachments: Bool { true }

    func receive(_ frame: Frame, on connection: isolated NativeConnection) throws(FrameError) {
        // After a stop the client may still be sending; the END will tell it that this was not taken.
        guard !connection.isStopping else { return connection.consumed(frame.attachment.count) }
        guard !isClosed else { throw .unexpectedFrame(kind: .message, stream: id) }
        try credit.received(frame.attachment.count)
        let message = try frame.decode(WireProduceBatch.self)
        let held = Self.messageBytes + frame.header.bodyCount
        connection.hold(held)
        arrived.append(
            Arrived(
                tag: message.sequenceTag, partition: message.partition, batch: frame.attachment,
                held: held))
        changed.notifyAll()
    }

    /// What the client has sent is still acknowledged.
    func close() {
        isClosed = true
        changed.notifyAll()
    }

    /// What has not reached its partition is dropped.
    func cancel(on connection: isolated NativeConnection) {
        isCancelled = true
        while let next = arrived.popFirst() { letGo(next.batch.count, next.held, on: connection) }
        close()
    }

    func peerEnded(on connection: isolated NativeConnection) { close() }

    func stop(on connection: isolated NativeConnection) {
        if !isClosed { outcome = .stopping }
        close()
    }

    // MARK: To the partitions

    /// Hands the batches to their partitions in the order they came.
    func append(on connection: isolated NativeConnection) async {
        do throws(Errno) {
            while true {
                guard let next = arrived.popFirst() else {
                    if isClosed { break }
                    try await changed.wait(after: changed.notices)
                    continue
                }
                let outcome = await append(next, connection.engine.storage)
                waiting.append(
                    Waiting(tag: next.tag, bytes: next.batch.count, held: next.held, outcome: outcome))
                changed.notifyAll()
            }
        } catch {
            // The shard stops.
        }
        isHandedOver = true
        changed.notifyAll()
    }

    private func append(
        _ next: Arrived, _ storage: Storage
    ) async -> Result<AppendTicket, Refusal> {
        let partition = next.partition
        // The topic may have got more partitions since the call was opened.
        if Int(partition) >= topic.partitions.count, let current = storage.topic(topic.entry.id) {
            topic = current
        }
        guard partition >= 0, Int(partition) < topic.partitions.count else {
            return .failure(Refusal(status: .noPartition(partition, of: topic)))
        }
        let log = topic.partitions[Int(partition)]
        do throws(StorageError) {
            return .success(try await log.storage.append(next.batch, to: log))
        } catch {
            return .failure(Refusal(status: Status(error)))
        }
    }

    // MARK: Acknowledgements

    /// Acknowledges batches in order until the client has closed the stream and nothing is left.
    func acknowledge(on connection: isolated NativeConnection) async {
        do throws(Errno) {
            while true {
                guard let next = waiting.popFirst() else {
                    if isHandedOver { break }
                    try await changed.wait(after: changed.notices)
                    continue
                }
                await answer(next, on: connection)
            }
        } catch {
            return
        }
        connection.finish(id, outcome)
    }

    private func answer(_ next: Waiting, on connection: isolated NativeConnection) async {
        var ack = WireProduceAck()
        ack.sequenceTag = next.tag
        ack.logAppendTimeMs = Timestamp.none.milliseconds
        switch next.outcome {
        case .failure(let refusal): ack.error = refusal.status.wire
        case .success(let ticket):
            do throws(StorageError) {
                let result = try await ticket.result()
                ack.baseOffset = result.baseOffset.value
                ack.logAppendTimeMs = result.logAppendTime.milliseconds
                ack.durability = result.durability == .durable ? .durable : .relaxed
            } catch {
                ack.error = Status(error).wire
            }
        }
        if !isCancelled, answersAll || ack.hasError { connection.writeMessage(id, ack) }
        letGo(next.bytes, next.held, on: connection)
    }

    /// The batch needs no more memory here: the client may send as much again.
    private func letGo(_ bytes: Int, _ held: Int, on connection: isolated NativeConnection) {
        connection.letGo(held)
        connection.consumed(bytes)
        guard let grant = credit.consumed(bytes), !isClosed else { return }
        let id = id
        connection.output.write { $0.writeCredit(stream: id, bytes: grant) }
    }
}

extension NativeConnection {
    func openProduce(_ frame: Frame) throws(FrameError) {
        let request = try frame.decode(WireProduceOpen.self)
        let id = frame.header.stream
        guard let name = try? TopicName(request.topic), let topic = engine.storage.topic(name)
        else { return writeEnd(id, .noTopic(request.topic)) }
        guard !name.isInternal else { return writeEnd(id, .ownTopic(name)) }
        let answersAll: Bool
        switch request.acknowledgements {
        case .all: answersAll = true
        case .refusals: answersAll = false
        case .UNRECOGNIZED(let value):
            return writeEnd(
                id, Status(.invalidArgument, "acknowledgements=\(value) is neither all (0) nor refusals (1)"))
        }
        let stream = ProduceStream(id, topic: topic, answersAll: answersAll, shard: shard)
        calls[id] = stream
        run { await stream.append(on: $0) }
        run { await stream.acknowledge(on: $0) }
    }
}

extension Status {
    static func noTopic(_ name: String) -> Status {
        let name = String(name.prefix(300))
        return Status(.notFound, "there is no topic '\(name)'", details: ["topic": name])
    }

    static func noPartition(_ partition: Int32, of topic: Topic) -> Status {
        Status(
            .notFound,
            """
            topic '\(topic.entry.name)' has no partition \(partition): its partitions are 0 to \
            \(topic.partitions.count - 1)
            """,
            details: ["topic": topic.entry.name.string, "partition": "\(partition)"])
    }

    /// Of a topic that the broker keeps for itself.
    static func ownTopic(_ name: TopicName) -> Status {
        Status(
            .permissionDenied,
            "topic '\(name)' is the broker's own: read it, and change groups by their own calls",
            details: ["topic": name.string])
    }
}
