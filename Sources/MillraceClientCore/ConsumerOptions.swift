/// Where a consumer starts in a partition in which it has no position, or one that the log does not have.
public enum OffsetReset: Hashable, Sendable {
    /// At the first record that is still there.
    case earliest
    /// Behind the last record.
    case latest
    /// Nowhere: the error is thrown.
    case none
}

/// How a consumer reads.
public struct ConsumerOptions: Hashable, Sendable {
    /// What the broker may send ahead, of each partition.
    public var windowBytes: Int
    /// What happens where a position is not in the log: it was trimmed, or lost.
    public var offsetReset: OffsetReset

    /// - Parameters:
    ///   - windowBytes: what the broker may send ahead, of each partition; 1 to 1 GiB.
    ///   - offsetReset: what happens where a position is not in the log.
    public init(windowBytes: Int = 4 << 20, offsetReset: OffsetReset = .none) {
        self.windowBytes = max(1, min(windowBytes, 1 << 30))
        self.offsetReset = offsetReset
    }
}

/// How the broker shares a group's partitions out.
public enum Assignor: String, Hashable, Sendable, CaseIterable {
    /// Each member gets a run of each topic's partitions.
    case range
    /// The partitions of all topics are dealt out in turn.
    case roundRobin = "roundrobin"
    /// Each member keeps what it had, as far as the shares stay equal.
    case sticky
}

/// How a member of a group behaves.
public struct GroupConsumerOptions: Hashable, Sendable {
    /// In the order preferred; all members of a group have one in common.
    public var assignors: [Assignor]
    /// A member that is not heard of for so long has left; nil leaves it to the broker.
    public var sessionTimeout: Duration?
    /// How long the member may take from a rebalance's begin to its next `nextBatch`; nil leaves it to the broker.
    public var rebalanceTimeout: Duration?
    /// A name of its own in the group: a static member (KIP-345) finds its partitions again when its process is
    /// started again within the session timeout.
    public var instanceID: String?
    /// How often what has been worked on is committed; nil is not without `commit`.
    public var autoCommitInterval: Duration?
    /// Where the group has committed nothing, or what the log does not have.
    public var offsetReset: OffsetReset
    /// What the broker may send ahead, of each partition.
    public var windowBytes: Int

    /// - Parameters:
    ///   - assignors: in the order preferred.
    ///   - sessionTimeout: a member that is not heard of for so long has left; nil leaves it to the broker.
    ///   - rebalanceTimeout: how long a member may take to give up its partitions; nil leaves it to the broker.
    ///   - instanceID: of a static member.
    ///   - autoCommitInterval: how often what has been worked on is committed; nil is not without `commit`.
    ///   - offsetReset: where the group has committed nothing.
    ///   - windowBytes: what the broker may send ahead, of each partition.
    public init(
        assignors: [Assignor] = [.range, .roundRobin, .sticky], sessionTimeout: Duration? = nil,
        rebalanceTimeout: Duration? = nil, instanceID: String? = nil,
        autoCommitInterval: Duration? = .seconds(5), offsetReset: OffsetReset = .latest,
        windowBytes: Int = 4 << 20
    ) {
        self.assignors = assignors
        self.sessionTimeout = sessionTimeout
        self.rebalanceTimeout = rebalanceTimeout
        self.instanceID = instanceID
        self.autoCommitInterval = autoCommitInterval
        self.offsetReset = offsetReset
        self.windowBytes = max(1, min(windowBytes, 1 << 30))
    }
}
