public import MillraceClientCore
internal import MillraceModel

/// The batches of one partition as the broker sends them, checked. One task takes from it; the
/// broker is kept at most a window of bytes ahead of that task. A connection that is lost ends it with
/// `connectionLost`; a `Consumer` goes on.
public struct Subscription: AsyncSequence, Sendable {
    /// A batch, checked.
    public typealias Element = ReceivedBatch
    /// Names the thing, the value, the limit and the way out.
    public typealias Failure = ClientError

    let client: MillraceClient
    let topic: TopicName
    let partition: Int32
    let start: StartPosition
    let isFollowing: Bool
    let windowBytes: Int

    /// Each iterator is a subscription of its own.
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
            let call = try await opened()
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

        private mutating func opened() async throws(ClientError) -> SubscribeCall {
            if let call { return call }
            let call = SubscribeCall(
                try await subscription.client.link.connection(),
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
    /// - Parameters:
    ///   - topic: its name.
    ///   - partition: its number in the topic.
    ///   - start: where it begins.
    ///   - isFollowing: whether it goes on with records as they come.
    ///   - windowBytes: what the broker may send ahead.
    public func subscribe(
        to topic: String, partition: Int32, from start: StartPosition = .beginning,
        following isFollowing: Bool = false, windowBytes: Int = 8 << 20
    ) throws(ClientError) -> Subscription {
        Subscription(
            client: self, topic: try TopicName(given: topic), partition: partition, start: start,
            isFollowing: isFollowing, windowBytes: Swift.max(1, Swift.min(windowBytes, 1 << 30)))
    }
}
