package import MillraceCoordination
public import MillraceModel

/// Where a group goes on in a partition, and what its member wrote beside it.
public struct CommittedPosition: Hashable, Sendable {
    /// The offset of the next record to read.
    public var offset: Offset
    /// At most 4,096 bytes.
    public var metadata: String

    /// A position to commit.
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

    /// Asks the coordinator, for a door that tells its errors in its own words. A call to a shard
    /// that has ended would wait for ever, so nobody goes past this.
    package func withGroups<Result>(
        _ body: (GroupCoordinator) async throws(CoordinationError) -> Result
    ) async throws(CoordinationError) -> Result {
        do throws(EngineError) {
            try gate.enter()
        } catch {
            throw .coordinatorNotAvailable("\(error)")
        }
        defer { gate.leave() }
        return try await body(groups)
    }

    /// The same for transactions.
    package func withTransactions<Result>(
        _ body: (TransactionCoordinator) async throws(TransactionError) -> Result
    ) async throws(TransactionError) -> Result {
        do throws(EngineError) {
            try gate.enter()
        } catch {
            throw .notAvailable("\(error)")
        }
        defer { gate.leave() }
        return try await body(transactions)
    }
}
