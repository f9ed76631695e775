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
/// A batch is handed to its partition as it arrives and need not wait for those before it; one task
/// then waits for the acknowledgements one after another.
final class ProduceStream: @unchecked Sendable {
    private enum Waiting {
        case batch(tag: UInt64, bytes: Int, AppendTicket)
        case refused(tag: UInt64, Status)
    }

    private let id: StreamID
    private let topic: Topic
    private var waiting: Deque<Waiting> = []
    /// Batches for partitions of other shards, in their order.
    private var arrived: Deque<(tag: UInt64, partition: Int32, batch: ByteSlice)> = []
    private var isClosed = false
    private(set) var isCancelled = false
    private let changed: Signal

    init(_ id: StreamID, topic: Topic, shard: Shard) {
        self.id = id
        self.topic = topic
        changed = Signal(on: shard)
    }

    func receive(_ frame: Frame, on connection: isolated NativeConnection) throws(FrameError) {
        guard !isClosed else { throw .unexpectedFrame(kind: .message, stream: id) }
        let message = try frame.decode(WireProduceBatch.self)
        connection.unacknowledgedBytes += frame.attachment.count
        arrived.append((message.sequenceTag, message.partition, frame.attachment))
        changed.notifyAll()
    }

    /// The client sends no more; what it sent is still acknowledged.
    func close() {
        isClosed = true
        changed.notifyAll()
    }

    /// Nobody waits for the acknowledgements any more.
    func cancel() {
        isCancelled = true
        close()
    }

    /// Hands the batches to their partitions in the order they came.
    func append(on connection: isolated NativeConnection) async {
        do throws(Errno) {
            while true {
                guard let (tag, number, batch) = arrived.popFirst() else {
                    if isClosed { break }
                    try await changed.wait(after: changed.notices)
                    continue
                }
                guard number >= 0, Int(number) < topic.partitions.count else {
                    connection.unacknowledgedBytes -= batch.count
                    waiting.append(.refused(tag: tag, unknown(number)))
                    changed.notifyAll()
                    continue
                }
                let log = topic.partitions[Int(number)]
                do throws(StorageError) {
                    let ticket = try await log.storage.append(batch, to: log)
                    waiting.append(.batch(tag: tag, bytes: batch.count, ticket))
                } catch {
                    connection.unacknowledgedBytes -= batch.count
                    waiting.append(.refused(tag: tag, Status(error)))
                }
                changed.notifyAll()
            }
        } catch {
            // The shard stops.
        }
        isHandedOver = true
        changed.notifyAll()
        connection.acknowledged.notifyAll()
    }

    private var isHandedOver = false

    private func unknown(_ partition: Int32) -> Status {
        Status(
            .notFound,
            """
            topic '\(topic.entry.name)' has no partition \(partition): its partitions are 0 to \
            \(topic.partitions.count - 1)
            """)
    }

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
        guard !isCancelled else { return }
        connection.produces[id] = nil
        connection.end(id, .ok)
    }

    private func answer(_ next: Waiting, on connection: isolated NativeConnection) async {
        var ack = WireProduceAck()
        switch next {
        case .refused(let tag, let status):
            ack.sequenceTag = tag
            ack.error = status.wire
        case .batch(let tag, let bytes, let ticket):
            ack.sequenceTag = tag
            ack.logAppendTimeMs = Timestamp.none.milliseconds
            do throws(StorageError) {
                let result = try await ticket.result()
                ack.baseOffset = result.baseOffset.value
                ack.logAppendTimeMs = result.logAppendTime.milliseconds
                ack.durability = result.durability == .durable ? .durable : .relaxed
            } catch {
                ack.error = Status(error).wire
            }
            connection.unacknowledgedBytes -= bytes
            connection.acknowledged.notifyAll()
        }
        guard !isCancelled else { return }
        let id = id
        connection.output.write { $0.writeMessage(stream: id, body: ack) }
    }
}

extension NativeConnection {
    func openProduce(_ frame: Frame) throws(FrameError) {
        let request = try frame.decode(WireProduceOpen.self)
        let id = frame.header.stream
        guard let name = try? TopicName(request.topic), let topic = engine.storage.topic(name)
        else {
            return end(id, Status(.notFound, "there is no topic '\(request.topic.prefix(300))'"))
        }
        guard !name.isInternal else {
            return end(id, Status(.permissionDenied, "topic '\(name)' is the broker's own; commit offsets instead"))
        }
        let stream = ProduceStream(id, topic: topic, shard: shard)
        produces[id] = stream
        run { await stream.append(on: $0) }
        run { await stream.acknowledge(on: $0) }
    }
}
