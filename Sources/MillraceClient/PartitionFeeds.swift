internal import Logging
internal import MillraceClientCore
internal import MillraceModel
internal import NIOCore
internal import Synchronization

/// The partitions that a consumer reads: a subscription of each, made anew at its position when it is lost.
///
/// Nothing runs by itself here: the consumer's task opens, takes and waits, and other tasks may move positions
/// meanwhile.
final class PartitionFeeds: Sendable {
    fileprivate struct Feed {
        /// Where the next subscription starts.
        var start: StartPosition
        var call: SubscribeCall?
        var reader: RunReader?
        /// Bytes of the run that the reader has.
        var unconsumed = 0
        var isPaused = false
    }

    private struct State {
        var feeds: [TopicPartition: Feed] = [:]
        /// The keys of `feeds`, in order.
        var order: [TopicPartition] = []
        /// Whose turn it is, so that a busy partition keeps no other waiting.
        var turn = 0
        var backoff: Backoff
        /// A subscription failed where the next may not.
        var needsPause = false
    }

    private enum Step {
        case batch(ReceivedBatch)
        case open
        case nothing
        case fail(ClientError)
    }

    private let link: BrokerLink
    private let windowBytes: Int
    private let offsetReset: OffsetReset
    private let state: Mutex<State>
    /// Is signalled when something comes for any of them.
    let wakeup: Wakeup

    init(_ link: BrokerLink, windowBytes: Int, offsetReset: OffsetReset) {
        self.link = link
        self.windowBytes = windowBytes
        self.offsetReset = offsetReset
        wakeup = Wakeup(on: link.loop)
        state = Mutex(State(backoff: Backoff(link.options.reconnect)))
    }

    // MARK: Which, and where

    var partitions: [TopicPartition] { state.withLock { $0.order } }

    /// Adds partitions, or moves those that are there.
    func set(_ starts: [TopicPartition: StartPosition]) {
        state.withLock { state in
            for (partition, start) in starts {
                let isPaused = state.feeds[partition]?.isPaused ?? false
                state.feeds[partition] = Feed(start: start, isPaused: isPaused)
            }
            state.order = state.feeds.keys.sorted()
        }
        wakeup.signal()
    }

    func remove(_ partitions: [TopicPartition]) {
        state.withLock { state in
            for partition in partitions { state.feeds[partition] = nil }
            state.order = state.feeds.keys.sorted()
        }
        wakeup.signal()
    }

    /// - Returns: false where the partition is not read here.
    func seek(_ partition: TopicPartition, to start: StartPosition) -> Bool {
        guard state.withLock({ $0.feeds[partition] != nil }) else { return false }
        set([partition: start])
        return true
    }

    func setPaused(_ isPaused: Bool, _ partitions: [TopicPartition]) {
        state.withLock { state in
            for partition in partitions { state.feeds[partition]?.isPaused = isPaused }
        }
        wakeup.signal()
    }

    /// The offset after the last record given out, or where the subscription began.
    func position(of partition: TopicPartition) -> Offset? {
        state.withLock { $0.feeds[partition]?.position }
    }

    // MARK: Batches

    /// The next batch that is there; subscribes first where that is due.
    func poll() async throws(ClientError) -> ReceivedBatch? {
        while true {
            switch state.withLock({ step(&$0) }) {
            case .batch(let batch):
                link.metrics.recordsConsumed.increment(by: Int64(batch.header.recordCount))
                link.metrics.bytesConsumed.increment(by: Int64(batch.header.sizeInBytes))
                return batch
            case .open:
                try await openMissing()
                if Task.isCancelled { return nil }
            case .nothing: return nil
            case .fail(let error): throw error
            }
        }
    }

    private func step(_ state: inout State) -> Step {
        var isMissing = false
        for count in 0..<state.order.count {
            let place = (state.turn + count) % state.order.count
            let partition = state.order[place]
            guard var feed = state.feeds.removeValue(forKey: partition) else { continue }
            defer { state.feeds[partition] = feed }
            guard !feed.isPaused else { continue }
            do throws(ClientError) {
                if let batch = try feed.next(partition) {
                    state.turn = place + 1
                    state.needsPause = false
                    state.backoff.reset()
                    return .batch(batch)
                }
            } catch {
                feed.close()
                guard restart(&feed, after: error) else { return .fail(error) }
                link.options.logger.info("\(partition) is subscribed to again: \(error)")
                link.metrics.retries.increment()
                state.needsPause = true
            }
            if feed.call == nil { isMissing = true }
        }
        return isMissing ? .open : .nothing
    }

    /// Where a feed goes on after a failure; false where it does not.
    private func restart(_ feed: inout Feed, after error: ClientError) -> Bool {
        if error.isTransient { return link.options.reconnect.isEnabled }
        guard case .refused(.outOfRange, _, _) = error else { return false }
        switch offsetReset {
        case .earliest: feed.start = .beginning
        case .latest: feed.start = .end
        case .none: return false
        }
        return true
    }

    private func openMissing() async throws(ClientError) {
        let pause = state.withLock { state -> Duration in
            guard state.needsPause else { return .zero }
            state.needsPause = false
            var random = SystemRandomNumberGenerator()
            return state.backoff.next(using: &random)
        }
        if pause > .zero { try? await Task.sleep(for: pause) }
        let connection = try await link.connection()
        let result = state.withLock { state -> Result<Void, ClientError> in
            do throws(ClientError) {
                for partition in state.order where state.feeds[partition]?.isWanting == true {
                    guard let start = state.feeds[partition]?.start else { continue }
                    let call = SubscribeCall(
                        connection,
                        SubscribeStreamState(
                            topic: partition.topic, partition: partition.partition, from: start,
                            follow: true, windowBytes: windowBytes),
                        wakeup: wakeup)
                    try call.open()
                    state.feeds[partition]?.call = call
                }
                return .success(())
            } catch {
                guard error.isTransient, link.options.reconnect.isEnabled else {
                    return .failure(error)
                }
                state.needsPause = true
                return .success(())
            }
        }
        try result.get()
    }
}

extension PartitionFeeds.Feed {
    fileprivate var isWanting: Bool { call == nil && !isPaused }

    fileprivate var position: Offset? {
        if let reader { return reader.nextOffset }
        if let offset = call?.startOffset { return offset }
        if case .offset(let offset) = start { return offset }
        return nil
    }

    /// The next batch that has come.
    fileprivate mutating func next(
        _ partition: TopicPartition
    ) throws(ClientError) -> ReceivedBatch? {
        guard let call else { return nil }
        while true {
            if let batch = try reader?.next() { return batch }
            call.consumed(unconsumed)
            unconsumed = 0
            switch try call.next() {
            case .run(let run):
                if reader == nil {
                    reader = RunReader(
                        topic: partition.topic, partition: partition.partition,
                        startOffset: call.startOffset ?? .zero)
                }
                unconsumed = run.bytes.count
                reader?.take(run)
            case .wait: return nil
            case .complete:
                throw .illegalAnswer("a subscription that follows \(partition) ended")
            }
        }
    }

    /// The next subscription starts where this one has come to.
    fileprivate mutating func close() {
        if let position { start = .offset(position) }
        call = nil
        reader = nil
        unconsumed = 0
    }
}
