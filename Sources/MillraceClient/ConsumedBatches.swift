public import MillraceClientCore
public import MillraceModel
internal import MillraceRecords

/// What a consumer reads, batch by batch. It ends when the consumer is closed or the task is cancelled. One task
/// iterates.
public struct ConsumedBatches: AsyncSequence, Sendable {
    /// A batch, checked.
    public typealias Element = ReceivedBatch
    /// Names the thing, the value, the limit and the way out.
    public typealias Failure = ClientError

    private let take: @Sendable () async throws(ClientError) -> ReceivedBatch?

    init(_ take: @escaping @Sendable () async throws(ClientError) -> ReceivedBatch?) {
        self.take = take
    }

    /// All iterators take from the same consumer.
    public func makeAsyncIterator() -> Iterator { Iterator(take: take) }

    /// Takes what the consumer has received; one task uses it.
    public struct Iterator: AsyncIteratorProtocol {
        fileprivate let take: @Sendable () async throws(ClientError) -> ReceivedBatch?

        /// The next batch; nil at the end.
        public mutating func next() async throws(ClientError) -> ReceivedBatch? {
            try await take()
        }
    }
}

/// A record and where it lies.
public struct ConsumedRecord: Hashable, Sendable {
    /// Where the record lies.
    public var topic: TopicName
    /// Its number in the topic.
    public var partition: Int32
    /// Its place in the partition.
    public var offset: Offset
    /// Key, value, headers and time.
    public var record: Record
}

/// What a consumer reads, record by record.
public struct ConsumedRecords: AsyncSequence, Sendable {
    /// A record, with a copy of its bytes.
    public typealias Element = ConsumedRecord
    /// Names the thing, the value, the limit and the way out.
    public typealias Failure = ClientError

    private let batches: ConsumedBatches

    init(_ batches: ConsumedBatches) { self.batches = batches }

    /// All iterators take from the same consumer.
    public func makeAsyncIterator() -> Iterator { Iterator(batches: batches.makeAsyncIterator()) }

    /// Takes what the consumer has received; one task uses it.
    public struct Iterator: AsyncIteratorProtocol {
        fileprivate var batches: ConsumedBatches.Iterator
        private var records: [ConsumedRecord] = []
        private var place = 0

        fileprivate init(batches: ConsumedBatches.Iterator) { self.batches = batches }

        /// The next record; nil at the end. Throws what the consumer throws, and `damagedBatch`.
        public mutating func next() async throws(ClientError) -> ConsumedRecord? {
            while place == records.count {
                guard let batch = try await batches.next() else { return nil }
                records = try batch.consumedRecords()
                place = 0
            }
            defer { place += 1 }
            return records[place]
        }
    }
}

extension ReceivedBatch {
    /// Copies of the records that were asked for, with their places.
    public func consumedRecords() throws(ClientError) -> [ConsumedRecord] {
        var records: [ConsumedRecord] = []
        do {
            try forEachRecord { record in
                records.append(
                    ConsumedRecord(
                        topic: topic, partition: partition, offset: record.offset,
                        record: try record.record()))
            }
        } catch let error as RecordsError {
            throw .damagedBatch(
                topic: topic, partition: partition, from: header.baseOffset,
                through: header.lastOffset, error)
        } catch {
            throw .protocolViolation(reason: "\(error)")
        }
        return records
    }
}
