package import MillraceModel

/// What one group has committed, and what of it is on its way into the log.
struct GroupOffsets: Sendable {
    private(set) var committed: [TopicPartition: CommittedOffset] = [:]
    private var pendingCounts: [TopicPartition: Int] = [:]
    /// Of transactions that have not ended.
    private var heldCounts: [TopicPartition: Int] = [:]
    private var orders: [TopicPartition: UInt64] = [:]

    var isEmpty: Bool { committed.isEmpty && pendingCounts.isEmpty && heldCounts.isEmpty }

    /// - Parameter order: where it stands in the log, behind all with a smaller one.
    mutating func replay(_ partition: TopicPartition, _ value: CommittedOffset?, order: UInt64) {
        // What a transaction committed may have been overtaken before its end.
        guard order > orders[partition] ?? 0 else { return }
        committed[partition] = value
        orders[partition] = order
    }

    /// A commit of the partition waits for the end of its transaction.
    mutating func hold(_ partition: TopicPartition) { heldCounts[partition, default: 0] += 1 }

    mutating func release(_ partition: TopicPartition) {
        let count = heldCounts[partition, default: 1] - 1
        heldCounts[partition] = count == 0 ? nil : count
    }

    /// Where a transaction may yet change how the group goes on (KIP-447).
    var unstable: Set<TopicPartition> { Set(heldCounts.keys) }

    /// Commits of these partitions are being written.
    mutating func beginCommit(_ partitions: some Sequence<TopicPartition>) {
        for partition in partitions { pendingCounts[partition, default: 0] += 1 }
    }

    mutating func endCommit(_ partitions: some Sequence<TopicPartition>) {
        for partition in partitions {
            let count = pendingCounts[partition, default: 1] - 1
            pendingCounts[partition] = count == 0 ? nil : count
        }
    }

    /// Every partition that has an offset or is about to: what has to be taken back if the group
    /// is, since the log keeps the order in which things were decided.
    var partitions: [TopicPartition] {
        Set(committed.keys).union(pendingCounts.keys).union(heldCounts.keys).sorted()
    }

    /// The partitions whose offsets nobody has needed for the retention time: counted from when the
    /// group lost its last member, or from the commit where the group never had any, and for topics
    /// that a stable group of consumers wants no more.
    func expired(
        in group: ClassicGroup, retention: Duration, now: Timestamp
    ) -> [TopicPartition] {
        let retained = retention.components.seconds.multipliedReportingOverflow(by: 1000)
        guard !retained.overflow else { return [] }
        let limit = now.milliseconds &- retained.partialValue
        let subscribed = group.state == .stable ? group.subscribedTopics : nil
        let expired = committed.filter { partition, value in
            guard pendingCounts[partition] == nil, heldCounts[partition] == nil else { return false }
            let start: Timestamp
            if group.protocolType == nil {
                start = value.committedAt
            } else if group.state == .empty {
                start = group.stateSince ?? value.committedAt
            } else if let subscribed, !subscribed.contains(partition.topic.string) {
                start = value.committedAt
            } else {
                return false
            }
            return start.milliseconds <= limit
        }
        return expired.keys.sorted()
    }
}

/// A member, or somebody in no group, says where it goes on.
package struct OffsetCommitRequest: Sendable {
    package struct Commit: Sendable {
        package var partition: TopicPartition
        package var offset: Offset
        package var leaderEpoch: LeaderEpoch?
        package var metadata: String
        package var topicID: TopicID?

        package init(
            _ partition: TopicPartition, _ offset: Offset, leaderEpoch: LeaderEpoch? = nil,
            metadata: String = "", topicID: TopicID? = nil
        ) {
            self.partition = partition
            self.offset = offset
            self.leaderEpoch = leaderEpoch
            self.metadata = metadata
            self.topicID = topicID
        }
    }

    package var group: String
    /// -1, without ids, from somebody in no group.
    package var generation: Int32 = -1
    package var memberID = ""
    package var instanceID: String?
    package var commits: [Commit]
    var namesMember: Bool { generation >= 0 || !memberID.isEmpty || instanceID != nil }
    /// Whether one that is refused has all refused, instead of all others committed.
    package var isAllOrNone = false

    package init(group: String, commits: [Commit]) {
        self.group = group
        self.commits = commits
    }

    package init(
        group: String, generation: Int32, memberID: String, instanceID: String? = nil,
        commits: [Commit]
    ) {
        self.group = group
        self.generation = generation
        self.memberID = memberID
        self.instanceID = instanceID
        self.commits = commits
    }
}
