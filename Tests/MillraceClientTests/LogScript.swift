import MillraceBytes
import MillraceClient
import MillraceModel
import MillraceNativeProtocol
import MillraceRecords
import Synchronization

/// A broker with the topic `orders` of two partitions, which keeps batches as they come and gives
/// them out. As a broker does, it writes a batch that it is sent again only once, and refuses a gap.
final class LogScript: Sendable {
    private struct Partition {
        var batches: [ByteSlice] = []
        var nextOffset: Int64 = 0
        var nextSequences: [ProducerID: Int32] = [:]
        /// Where the batches of producers went, by their first sequence.
        var places: [Place: Int64] = [:]
    }

    private struct Place: Hashable {
        let producer: ProducerID
        let sequence: Int32
    }

    private struct State {
        var partitions = [Partition(), Partition()]
        var producerCount: Int64 = 0
        var repeatCount = 0
        var batchCount = 0
    }

    private let state = Mutex(State())

    /// Called with the number of each batch, before it is written, and again before it is acknowledged; the answer says
    /// whether to go on.
    let isGoingOn: @Sendable (Int, _ isWritten: Bool) -> Bool

    init(_ isGoingOn: @escaping @Sendable (Int, _ isWritten: Bool) -> Bool = { _, _ in true }) {
        self.isGoingOn = isGoingOn
    }

    /// How many batches came again.
    var repeatCount: Int { state.withLock { $0.repeatCount } }

    func answer(_ frame: Frame, _ writer: inout ByteWriter) {
        let stream = frame.header.stream
        switch (frame.header.kind, Method(rawValue: frame.header.method)) {
        case (.call, .describeTopic):
            writer.writeMessage(stream: stream, body: description("orders", partitions: 2))
            writer.writeEnd(stream: stream, status: .ok)
        case (.call, .initProducer):
            var answer = WireInitProducerResponse()
            answer.producerID = state.withLock { state in
                state.producerCount += 1
                return state.producerCount
            }
            writer.writeMessage(stream: stream, body: answer)
            writer.writeEnd(stream: stream, status: .ok)
        case (.call, .subscribe):
            subscribe(frame, &writer)
        case (.message, _):
            produce(frame, &writer)
        case (.end, _):
            writer.writeEnd(stream: stream, status: .ok)
        case (.ping, _) where !frame.header.flags.contains(.answer):
            writer.writePing(frame.pingPayload(), answering: true)
        default:
            break
        }
    }

    private func produce(_ frame: Frame, _ writer: inout ByteWriter) {
        guard let message = try? frame.decode(WireProduceBatch.self),
            let header = try? frame.attachment.withBytes({
                try RecordBatch.validateProduced($0, limit: 1 << 20)
            })
        else { return }
        let number = state.withLock { state in
            state.batchCount += 1
            return state.batchCount
        }
        guard isGoingOn(number, false) else { return }
        var ack = WireProduceAck()
        ack.sequenceTag = message.sequenceTag
        ack.durability = .durable
        switch append(frame.attachment, header, to: Int(message.partition)) {
        case .success(let offset): ack.baseOffset = offset
        case .failure(let status): ack.error = status.wire
        }
        guard isGoingOn(number, true) else { return }
        writer.writeMessage(stream: frame.header.stream, body: ack)
    }

    private func append(
        _ batch: ByteSlice, _ header: RecordBatchHeader, to index: Int
    ) -> Result<Int64, Status> {
        state.withLock { state in
            if header.producerID != .none {
                let place = Place(producer: header.producerID, sequence: header.baseSequence)
                if let offset = state.partitions[index].places[place] {
                    state.repeatCount += 1
                    return .success(offset)
                }
                let expected = state.partitions[index].nextSequences[header.producerID] ?? 0
                guard header.baseSequence == expected else {
                    return .failure(
                        Status(
                            .failedPrecondition, "\(header.baseSequence) came after \(expected)",
                            details: ["reason": "out_of_order_sequence"]))
                }
                state.partitions[index].nextSequences[header.producerID] = expected + header.recordCount
                state.partitions[index].places[place] = state.partitions[index].nextOffset
            }
            let base = state.partitions[index].nextOffset
            state.partitions[index].nextOffset += Int64(header.recordCount)
            let stored = batch.withBytes { AlignedBuffer(copying: $0) }
            RecordBatch.assign(offset: Offset(base), leaderEpoch: .zero, in: stored.pointer)
            state.partitions[index].batches.append(ByteSlice(stored))
            return .success(base)
        }
    }

    private func subscribe(_ frame: Frame, _ writer: inout ByteWriter) {
        guard let request = try? frame.decode(WireSubscribeRequest.self) else { return }
        var message = WireSubscribeBatch()
        message.startOffset = request.position.offset
        writer.writeMessage(stream: frame.header.stream, body: message)
        message.clearStartOffset()
        for batch in state.withLock({ $0.partitions[Int(request.partition)].batches }) {
            writer.writeMessage(
                stream: frame.header.stream, body: message, attachmentCount: batch.count)
            batch.withBytes { writer.writeBytes($0) }
        }
        if !request.follow { writer.writeEnd(stream: frame.header.stream, status: .ok) }
    }
}

extension Status: Error {}
