internal import DequeModule
package import MillraceBytes
package import MillraceModel
package import MillraceNativeProtocol

/// A run of whole record batches as it came, not checked yet.
package struct ReceivedRun: Sendable {
    package let bytes: ByteSlice
    package let highWatermark: Offset
    package let logStartOffset: Offset

    package init(bytes: ByteSlice, highWatermark: Offset, logStartOffset: Offset) {
        self.bytes = bytes
        self.highWatermark = highWatermark
        self.logStartOffset = logStartOffset
    }
}

/// A subscribe call: holds what came and was not consumed, and accounts for the credit. What is in
/// the runs is for `RunReader`, which the consumer's own thread drives.
package struct SubscribeStreamState: Sendable {
    package let request: WireSubscribeRequest
    private var credit: ReceiveCredit
    private var runs = Deque<ReceivedRun>()
    private var end: End?

    /// Where the subscription starts, once the broker has said it.
    package private(set) var startOffset: Offset?
    /// Grows with every message, so that a timer sees that the broker is alive.
    package private(set) var receivedCount: UInt64 = 0

    private enum End: Sendable {
        case complete
        case failed(ClientError)
    }

    package init(
        topic: TopicName, partition: Int32, from position: StartPosition, follow: Bool,
        windowBytes: Int
    ) {
        credit = ReceiveCredit(window: windowBytes)
        var request = WireSubscribeRequest()
        request.topic = topic.string
        request.partition = partition
        request.position = position.wire
        request.follow = follow
        request.creditBytes = UInt64(windowBytes)
        self.request = request
    }

    /// Bytes received and not consumed.
    package var queuedBytes: Int { runs.reduce(0) { $0 + $1.bytes.count } }
}

extension SubscribeStreamState {
    package mutating func received(
        body: ByteSlice, attachment: ByteSlice
    ) throws(ClientError) {
        let message = try body.decodeAnswer(WireSubscribeBatch.self)
        receivedCount += 1
        if startOffset == nil {
            guard message.hasStartOffset, message.startOffset >= 0 else {
                throw .illegalAnswer("a subscription began without its start offset")
            }
            startOffset = Offset(message.startOffset)
        }
        guard attachment.count > 0 else { return }
        do throws(FrameError) {
            try credit.received(attachment.count)
        } catch {
            throw ClientError(error)
        }
        runs.append(
            ReceivedRun(
                bytes: attachment, highWatermark: Offset(message.highWatermark),
                logStartOffset: Offset(message.logStartOffset)))
    }

    /// The call has ended, well when `error` is nil. What is queued can still be taken.
    package mutating func ended(_ error: ClientError?) {
        guard end == nil else { return }
        end = error.map { .failed($0) } ?? .complete
    }

    /// What to do next.
    package enum Step: Sendable {
        case run(ReceivedRun)
        case wait
        case complete
    }

    /// The next run. Throws when the call failed, after all runs that came before.
    package mutating func next() throws(ClientError) -> Step {
        if let run = runs.popFirst() { return .run(run) }
        switch end {
        case nil: return .wait
        case .complete: return .complete
        case .failed(let error): throw error
        }
    }

    /// A run of `bytes` needs no more memory; returns what to grant the broker now, if anything.
    package mutating func consumed(_ bytes: Int) -> UInt32? {
        guard end == nil else { return nil }
        return credit.consumed(bytes)
    }
}

extension StartPosition {
    package var wire: WirePosition {
        var wire = WirePosition()
        switch self {
        case .beginning: wire.beginning = true
        case .end: wire.end = true
        case .offset(let offset): wire.offset = offset.value
        case .timestamp(let timestamp): wire.timestampMs = timestamp.milliseconds
        }
        return wire
    }
}
