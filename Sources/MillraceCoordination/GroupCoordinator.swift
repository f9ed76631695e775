package import MillraceModel
package import MillraceShard

/// The log that a coordinator keeps its state in. Coordination knows no more of a log than this.
package protocol CoordinatorLog: Sendable {
    /// How many partitions the log has; it is made at the first call.
    func partitionCount() async throws(CoordinationError) -> Int32
    /// Appends the records to one partition; when it returns they are there for good.
    func append(_ records: [Record], to partition: Int32) async throws(CoordinationError)
    /// Hands out every record of the log, in the order of each partition; none where there is no
    /// log yet.
    func load(_ body: (UnsafeRawBufferPointer, UnsafeRawBufferPointer?) -> Void) async throws(CoordinationError)
}

/// Keeps the groups' offsets, on one shard.
package actor GroupCoordinator {
    private nonisolated let shard: Shard
    package nonisolated var unownedExecutor: UnownedSerialExecutor {
        shard.asUnownedSerialExecutor()
    }

    private let log: any CoordinatorLog
    private var offsets = GroupOffsets()

    package init(on shard: Shard, log: any CoordinatorLog) {
        self.shard = shard
        self.log = log
    }

    /// Replays the log. Called once, before anything else.
    package func load() async throws(CoordinationError) {
        var loaded = GroupOffsets()
        try await log.load { key, value in
            guard let key = OffsetRecord.key(key) else { return }
            loaded.replay(key, value.flatMap(OffsetRecord.value))
        }
        offsets = loaded
    }

    /// Commits offsets for a group; they survive a stop when this returns.
    package func commit(
        _ commits: [(TopicPartition, Offset, metadata: String)], for group: String
    ) async throws(CoordinationError) {
        let now = shard.wallClock
        let committed = commits.map { partition, offset, metadata in
            (partition, CommittedOffset(offset: offset, metadata: metadata, committedAt: now))
        }
        let records = try GroupOffsets.records(committing: committed, for: group)
        guard !records.isEmpty else { return }
        let count = try await log.partitionCount()
        try await log.append(records, to: GroupOffsets.partition(for: group, count: count))
        for (partition, value) in committed {
            offsets.replay(OffsetKey(group: group, partition: partition), value)
        }
    }

    /// The offsets that the group has committed.
    package func committed(
        by group: String
    ) throws(CoordinationError) -> [TopicPartition: CommittedOffset] {
        try GroupOffsets.check(group)
        return offsets.offsets(of: group)
    }
}
