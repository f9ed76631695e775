public import MillraceClientCore
public import MillraceModel
internal import Synchronization

/// Reads partitions that are chosen by hand, as records come. It outlives its connection: it subscribes again where it
/// was, and gives out no record twice.
///
/// One task takes batches; the other methods may be called from any.
public final class Consumer: Sendable {
    private let feeds: PartitionFeeds
    private let isClosed = Mutex(false)
    /// Keeps the connection open.
    private let client: MillraceClient

    fileprivate init(_ client: MillraceClient, _ options: ConsumerOptions) {
        self.client = client
        feeds = PartitionFeeds(
            client.link, windowBytes: options.windowBytes, offsetReset: options.offsetReset)
    }

    /// The next batch of any partition that is not paused; waits until there is one. A busy partition keeps no other
    /// waiting.
    /// - Returns: nil once the consumer is closed or the task is cancelled.
    /// - Throws: why a partition cannot be read, such as `refused` with `notFound`, or with `outOfRange` where the
    ///   options say no other place; `damagedBatch`; why there is no broker, once it has been looked for as long as
    ///   `ReconnectPolicy.total`.
    public func nextBatch() async throws(ClientError) -> ReceivedBatch? {
        while !isClosed.withLock({ $0 }) {
            let mark = feeds.wakeup.mark
            if let batch = try await feeds.poll() { return batch }
            if Task.isCancelled { return nil }
            _ = await feeds.wakeup.wait(since: mark, nil)
        }
        return nil
    }

    /// All batches, one after another.
    public var batches: ConsumedBatches { ConsumedBatches { () throws(ClientError) in try await self.nextBatch() } }

    /// All records, one after another: the convenience beside `batches`, which allocates for each record.
    public var records: ConsumedRecords { ConsumedRecords(batches) }

    /// The partitions that are read, in order.
    public var partitions: [TopicPartition] { feeds.partitions }

    /// Reads these partitions, too, each from its position on; one that is read already is moved there.
    public func assign(_ starts: [TopicPartition: StartPosition]) { feeds.set(starts) }

    /// Reads these partitions no more.
    public func unassign(_ partitions: [TopicPartition]) { feeds.remove(partitions) }

    /// Goes on at another place. Does nothing for a partition that is not read.
    public func seek(_ partition: TopicPartition, to start: StartPosition) {
        _ = feeds.seek(partition, to: start)
    }

    /// Gives out nothing of these partitions until `resume`; the broker keeps no more than a window ahead.
    public func pause(_ partitions: [TopicPartition]) { feeds.setPaused(true, partitions) }

    /// Goes on with paused partitions where they were.
    public func resume(_ partitions: [TopicPartition]) { feeds.setPaused(false, partitions) }

    /// The offset of the next record; nil where it is not read, or the broker has not yet said where its start is.
    public func position(of partition: TopicPartition) -> Offset? { feeds.position(of: partition) }

    /// Ends the subscriptions; `nextBatch` returns nil from then on.
    public func close() {
        isClosed.withLock { $0 = true }
        feeds.remove(feeds.partitions)
    }
}

extension MillraceClient {
    /// A consumer of partitions chosen by hand.
    /// - Parameters:
    ///   - starts: where it starts in each; more can be assigned later.
    ///   - options: how much it holds, and where it starts when an offset is gone.
    public func consumer(
        of starts: [TopicPartition: StartPosition], options: ConsumerOptions = ConsumerOptions()
    ) -> Consumer {
        let consumer = Consumer(self, options)
        consumer.assign(starts)
        return consumer
    }
}
