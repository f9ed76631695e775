internal import MillraceBytes
internal import MillraceCoordination
public import MillraceModel
internal import MillraceRecords
internal import MillraceStorage

/// Where a group goes on in a partition, and what its member wrote beside it.
public struct CommittedPosition: Hashable, Sendable {
    /// The offset of the next record to read.
    public var offset: Offset
    /// At most 4,096 bytes.
    public var metadata: String

    public init(offset: Offset, metadata: String = "") {
        self.offset = offset
        self.metadata = metadata
    }
}

extension Engine {
    /// Commits, for a group, where it goes on; all or none. It survives a stop when this returns.
    ///
    /// Only for a group whose members are not coordinated: while consumers have joined it, they
    /// alone commit.
    /// - Throws: `invalidArgument`, `unknownTopic`, `groupInUse`, `io`.
    public func commit(
        _ positions: [TopicPartition: CommittedPosition], for group: String
    ) async throws(EngineError) {
        let commits = positions.sorted { $0.key < $1.key }
        for (partition, _) in commits {
            _ = try self.partition(
                partition.partition, of: try topic(partition.topic.string))
        }
        var request = OffsetCommitRequest(
            group: group,
            commits: commits.map { partition, position in
                OffsetCommitRequest.Commit(
                    partition, position.offset, metadata: position.metadata)
            })
        request.isAllOrNone = true
        let decided = request
        _ = try await coordinate { () throws(CoordinationError) in
            try await groups.commitOffsets(decided)
        }
    }

    /// Commits, for a group, the offsets of the next records to read.
    public func commit(
        _ offsets: [TopicPartition: Offset], for group: String
    ) async throws(EngineError) {
        try await commit(offsets.mapValues { CommittedPosition(offset: $0) }, for: group)
    }

    /// The offsets that a group has committed; empty for a group that nobody has heard of.
    public func committedOffsets(
        of group: String
    ) async throws(EngineError) -> [TopicPartition: Offset] {
        try await committedPositions(of: group).mapValues(\.offset)
    }

    /// The same with what was written beside them.
    public func committedPositions(
        of group: String
    ) async throws(EngineError) -> [TopicPartition: CommittedPosition] {
        try await coordinate { () throws(CoordinationError) in
            try await groups.fetchOffsets(of: group).mapValues {
                CommittedPosition(offset: $0.offset, metadata: $0.metadata)
            }
        }
    }
}

/// The coordinator's log: the topic `__consumer_offsets`, made at the first commit and kept without
/// limit of time.
struct OffsetsLog: CoordinatorLog {
    let storage: Storage
    let partitionCount: Int32

    private static let name = "__consumer_offsets"

    private func topicName() throws(CoordinationError) -> TopicName {
        do throws(TopicNameError) {
            return try TopicName(Self.name)
        } catch {
            throw .log("\(error)")
        }
    }

    func partitionCount() async throws(CoordinationError) -> Int32 {
        try await topic().entry.partitionCount
    }

    private func topic() async throws(CoordinationError) -> Topic {
        let name = try topicName()
        if let topic = storage.topic(name) { return topic }
        var config = TopicConfig()
        config.keepForever()
        do throws(StorageError) {
            return try await storage.create(
                name, partitionCount: partitionCount, config: config)
        } catch .topicExists {
            // Another commit made it first.
            guard let topic = storage.topic(name) else { throw .log("it was deleted") }
            return topic
        } catch {
            throw .log("\(error)")
        }
    }

    func append(_ records: [Record], to partition: Int32) async throws(CoordinationError) {
        let topic = try await topic()
        let log = topic.partitions[Int(partition)]
        let bytes: [UInt8]
        do throws(RecordsError) {
            bytes = try RecordBatchBuilder.build(records, now: log.storage.shard.wallClock)
        } catch {
            throw .log("\(error)")
        }
        let slice = bytes.withUnsafeBytes { ByteSlice(copying: $0) }
        do throws(StorageError) {
            _ = try await log.storage.append(slice, to: log).result()
        } catch {
            throw .log("\(error)")
        }
    }

    func load(
        _ body: (UnsafeRawBufferPointer, UnsafeRawBufferPointer?) -> Void
    ) async throws(CoordinationError) {
        guard let topic = storage.topic(try topicName()) else { return }
        for log in topic.partitions {
            do {
                let start = await log.storage.state(of: log).logStartOffset
                var cursor = try await log.storage.cursor(at: start, of: log)
                while let (bytes, next) = try await log.storage.read(
                    from: cursor, of: log, bytesMax: 1 << 20)
                {
                    try replay(bytes, body)
                    cursor = next
                }
            } catch {
                throw .log("\(log.partition): \(error)")
            }
        }
    }

    private func replay(
        _ bytes: ByteSlice, _ body: (UnsafeRawBufferPointer, UnsafeRawBufferPointer?) -> Void
    ) throws {
        try bytes.withBytes { bytes in
            var batches = BatchSequence(bytes, limit: bytes.count, verifiesChecksums: true)
            while let batch = try batches.next() {
                try RecordBatchView(borrowing: batch.bytes).forEachRecord { record in
                    if let key = record.keyBytes { body(key, record.valueBytes) }
                }
            }
        }
    }
}
