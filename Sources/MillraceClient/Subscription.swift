internal import MillraceBytes
public import MillraceClientCore
internal import MillraceModel
internal import MillraceNativeProtocol
internal import Synchronization

/// The batches of one partition as the broker sends them, checked. One task takes from it; the
/// broker is kept at most a window of bytes ahead of that task.
public struct Subscription: AsyncSequence, Sendable {
    public typealias Element = ReceivedBatch
    public typealias Failure = ClientError

    let client: MillraceClient
    let topic: TopicName
    let partition: Int32
    let start: StartPosition
    let isFollowing: Bool
    let windowBytes: Int

    public func makeAsyncIterator() -> Iterator { Iterator(self) }

    /// Ends the call when it goes.
    public struct Iterator: AsyncIteratorProtocol {
        private let subscription: Subscription
        private var call: SubscribeCall?
        private var reader: RunReader?
        private var unconsumed = 0

        init(_ subscription: Subscription) { self.subscription = subscription }

        /// The next batch; nil at the end of the log as it was when the call began, unless it
        /// follows; nil when the task is cancelled.
        public mutating func next() async throws(ClientError) -> ReceivedBatch? {
            let call = try opened()
            while true {
                if let batch = try reader?.next() { return batch }
                call.consumed(unconsumed)
                unconsumed = 0
                let mark = call.mark
                switch try call.next() {
                case .run(let run):
                    if reader == nil {
                        reader = RunReader(
                            topic: subscription.topic, partition: subscription.partition,
                            startOffset: call.startOffset ?? .zero)
                    }
                    unconsumed = run.bytes.count
                    reader?.take(run)
                case .complete: return nil
                case .wait:
                    try await call.wait(since: mark, following: subscription.isFollowing)
                    if Task.isCancelled { return nil }
                }
            }
        }

        private mutating func opened() throws(ClientError) -> SubscribeCall {
            if let call { return call }
            let call = SubscribeCall(
                subscription.client.connection,
                SubscribeStreamState(
                    topic: subscription.topic, partition: subscription.partition,
                    from: subscription.start, follow: subscription.isFollowing,
                    windowBytes: subscription.windowBytes))
            try call.open()
            self.call = call
            return call
        }
    }
}

extension MillraceClient {
    /// Subscribes to one partition from a position on, to the end of the log as it is then, or
    /// beyond it as records come.
    /// - Parameter windowBytes: what the broker may send ahead.
    public func subscribe(
        to topic: String, partition: Int32, from start: StartPosition = .beginning,
        following isFollowing: Bool = false, windowBytes: Int = 8 << 20
    ) throws(ClientError) -> Subscription {
        Subscription(
            client: self, topic: try TopicName(given: topic), partition: partition, start: start,
            isFollowing: isFollowing, windowBytes: Swift.max(1, Swift.min(windowBytes, 1 << 30)))
    }
}

/// The core's account of a subscribe call, behind a lock.
private final class SubscribeCall: CallHandler {
    private let state: Mutex<SubscribeStreamState>
    private let connection: ClientConnection
    private let stream = Mutex<StreamID?>(nil)
    private let wakeup: Wakeup

    init(_ connection: ClientConnection, _ state: SubscribeStreamState) {
        self.connection = connection
        self.state = Mutex(state)
        wakeup = Wakeup(on: connection.loop)
    }

    deinit {
        if let stream = stream.withLock({ $0 }) { connection.cancel(stream) }
    }

    func open() throws(ClientError) {
        let request = state.withLock { $0.request }
        let opened = try connection.call(.subscribe, request, SubscribeHandler(self))
        stream.withLock { $0 = opened }
    }

    var mark: UInt64 { wakeup.mark }

    var startOffset: Offset? { state.withLock { $0.startOffset } }

    func next() throws(ClientError) -> SubscribeStreamState.Step {
        let result = state.withLock { state -> Result<SubscribeStreamState.Step, ClientError> in
            do throws(ClientError) {
                return .success(try state.next())
            } catch {
                return .failure(error)
            }
        }
        return try result.get()
    }

    func consumed(_ bytes: Int) {
        guard bytes > 0 else { return }
        let grant = state.withLock { $0.consumed(bytes) }
        if let grant, let stream = stream.withLock({ $0 }) { connection.grant(grant, on: stream) }
    }

    /// A tail may be silent for ever, and the connection asks for a sign of life; everything else
    /// is answered in time.
    func wait(since mark: UInt64, following: Bool) async throws(ClientError) {
        let isOpen = state.withLock { $0.startOffset != nil }
        guard await wakeup.wait(since: mark, following && isOpen ? nil : connection.timeout)
        else {
            throw .noAnswer(address: connection.address, timeout: connection.timeout)
        }
    }

    func received(body: ByteSlice, attachment: ByteSlice) {
        state.withLock { state in
            do throws(ClientError) {
                try state.received(body: body, attachment: attachment)
            } catch {
                state.ended(error)
            }
        }
        wakeup.signal()
    }

    func ended(_ error: ClientError?) {
        stream.withLock { $0 = nil }
        state.withLock { $0.ended(error) }
        wakeup.signal()
    }
}

/// Held by the connection instead of the call, so that a call that nobody iterates any more can
/// end.
private final class SubscribeHandler: CallHandler {
    private weak let call: SubscribeCall?

    init(_ call: SubscribeCall) { self.call = call }

    func received(body: ByteSlice, attachment: ByteSlice) {
        call?.received(body: body, attachment: attachment)
    }

    func ended(_ error: ClientError?) { call?.ended(error) }
}
