internal import MillraceBytes
public import MillraceModel
internal import MillraceRecords
internal import MillraceShard
internal import MillraceStorage

/// Where a record stands.
public struct RecordPosition: Hashable, Sendable {
    /// The number of the partition in its topic, from 0 on.
    public let partition: Int32
    /// The record's place in the partition.
    public let offset: Offset

    /// A place; nothing is said of whether a record is there.
    public init(partition: Int32, offset: Offset) {
        self.partition = partition
        self.offset = offset
    }
}

extension Engine {
    /// Appends one record and waits until it is as safe as its topic demands.
    ///
    /// The partition is the given one, else the key's (murmur2 modulo the count, as Kafka's Java
    /// client), else one after the other. Calls from many tasks at once are written together.
    /// - Throws: `unknownTopic`, `recordTooLarge`, `readOnly`, `closed`.
    @discardableResult
    public func append(
        _ record: Record, to topic: String, partition: Int32? = nil
    ) async throws(EngineError) -> RecordPosition {
        try await append([record], to: topic, partition: partition)[0]
    }

    /// Appends records as few batches, at least one a partition, and waits for all of them. Records
    /// of one partition keep their order; those of different partitions are acknowledged or refused
    /// apart.
    /// - Parameters:
    ///   - records: in the order in which they get their offsets.
    ///   - topic: its name.
    ///   - partition: that of all records; nil to choose one for each, as for a single record.
    ///   - compression: how the batches are stored and read.
    /// - Returns: where each record stands, in the order given.
    /// - Throws: what the first batch that was refused was refused for; others may be there.
    @discardableResult
    public func append(
        _ records: [Record], to topic: String, partition: Int32? = nil,
        compression: CompressionCodec = .none
    ) async throws(EngineError) -> [RecordPosition] {
        let topic = try self.topic(topic)
        try Self.checkNotOwn(topic.entry.name)
        var positions = [RecordPosition?](repeating: nil, count: records.count)
        var batches = Batches(limit: topic.settings.messageBytesMax, codec: compression)
        let now = shards[0].wallClock
        var unkeyed: Int32?
        for (index, record) in records.enumerated() {
            let number: Int32
            if let partition {
                number = partition
            } else if let key = record.key {
                let partitioner = Partitioner(partitionCount: topic.entry.partitionCount)
                number = key.withUnsafeBytes { partitioner.partition(for: $0) }
            } else {
                number = unkeyed ?? nextPartition(of: topic)
                unkeyed = number
            }
            _ = try self.partition(number, of: topic)
            try batches.add(record, index, to: number, now: now)
        }
        var tickets: [(Batches.Finished, AppendTicket)] = []
        for batch in try batches.finish() {
            let log = try self.partition(batch.partition, of: topic)
            let ticket = try await call { () throws(StorageError) in
                try await log.storage.append(batch.bytes, to: log)
            }
            tickets.append((batch, ticket))
        }
        for (batch, ticket) in tickets {
            let result = try await call { () throws(StorageError) in try await ticket.result() }
            for (delta, index) in batch.indices.enumerated() {
                positions[index] = RecordPosition(
                    partition: batch.partition,
                    offset: result.baseOffset.advanced(by: Int64(delta)))
            }
        }
        return positions.compactMap { $0 }
    }

    /// Appends one record batch in Kafka's stored form (version 2) as it is; its base offset is
    /// set.
    /// - Returns: the offset of its first record.
    /// - Throws: `invalidArgument` for what is no such batch, and what `append` throws.
    @discardableResult
    public func append(
        batch: [UInt8], to topic: String, partition: Int32
    ) async throws(EngineError) -> Offset {
        let topic = try self.topic(topic)
        try Self.checkNotOwn(topic.entry.name)
        let log = try self.partition(partition, of: topic)
        let slice = batch.withUnsafeBytes { ByteSlice(copying: $0) }
        return try await call { () throws(StorageError) in
            try await log.storage.append(slice, to: log).result().baseOffset
        }
    }
}

/// Gathers records into batches, one or more for each partition.
private struct Batches {
    struct Finished: Sendable {
        let partition: Int32
        let bytes: ByteSlice
        /// Which of the given records it holds.
        let indices: [Int]
    }

    private struct Open {
        var builder = RecordBatchBuilder()
        var indices: [Int] = []
    }

    private let limit: Int
    private let codec: CompressionCodec
    private var open: [Int32: Open] = [:]
    private var finished: [Finished] = []

    init(limit: Int, codec: CompressionCodec) {
        self.limit = limit
        self.codec = codec
    }

    mutating func add(
        _ record: Record, _ index: Int, to partition: Int32, now: Timestamp
    ) throws(EngineError) {
        if let batch = open[partition], Self.size(batch.builder, with: record) > limit {
            try close(partition)
        }
        var batch = open.removeValue(forKey: partition) ?? Open()
        do throws(RecordsError) {
            try batch.builder.append(record, now: now)
        } catch {
            throw EngineError(error)
        }
        batch.indices.append(index)
        open[partition] = batch
    }

    private static func size(_ builder: RecordBatchBuilder, with record: Record) -> Int {
        let overhead = record.headers.reduce(64) {
            $0 + $1.key.utf8.count + ($1.value?.count ?? 0) + 20
        }
        return builder.sizeInBytes + (record.key?.count ?? 0) + (record.value?.count ?? 0)
            + overhead
    }

    private mutating func close(_ partition: Int32) throws(EngineError) {
        guard var batch = open.removeValue(forKey: partition) else { return }
        do throws(RecordsError) {
            let bytes = try batch.builder.finish(codec: codec)
            finished.append(
                Finished(
                    partition: partition, bytes: bytes.withUnsafeBytes { ByteSlice(copying: $0) },
                    indices: batch.indices))
        } catch {
            throw EngineError(error)
        }
    }

    mutating func finish() throws(EngineError) -> [Finished] {
        for partition in open.keys.sorted() { try close(partition) }
        return finished
    }
}
