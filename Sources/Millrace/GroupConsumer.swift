internal import MillraceCoordination
public import MillraceModel
internal import MillraceShard

/// How a member of a group reads.
public struct GroupConsumerOptions: Sendable {
    /// A process that is not heard of for so long is no member any more. Inside a process the engine
    /// sees to that, so this matters to a directory that another process opens after a crash.
    public var sessionTimeout = Duration.seconds(45)
    /// How long the task may work on one batch while the group is rebalanced. A consumer that does
    /// not ask for the next one in that time is out, and what it had not committed is read again by
    /// others.
    public var rebalanceTimeout = Duration.seconds(300)
    /// A name of its own in the group (KIP-345), under which it finds its partitions again when it
    /// is back within the session timeout.
    public var instanceID: String?
    /// Where it starts in a partition of which the group has committed nothing, or the committed
    /// offset is gone.
    public var start = StartPosition.beginning
    /// Whether what was handed out is committed by itself: when the next batch is asked for and the
    /// interval is over, before partitions are given up, and when it leaves. A batch counts as done
    /// once the next one is asked for, so after a crash records may come twice and none is missed.
    public var commitsAutomatically = true
    /// How often, at most, what was handed out is committed by itself.
    public var commitInterval = Duration.seconds(5)

    /// What suits most.
    public init() {}
}

/// A batch that a member of a group got, and where it stands.
public struct GroupBatch: Sendable {
    /// Where the batch lies.
    public let partition: TopicPartition
    /// Its records.
    public let batch: ReadBatch

    /// Where the group goes on once the batch is done.
    public var nextOffset: Offset { batch.header.nextOffset }
}

/// A member of a consumer group in this process. It shares the topics' partitions with the group's
/// other members, whether they are in this process, over the native protocol or Kafka's.
///
///     let consumer = try await engine.join(group: "billing", topics: ["orders"])
///     while let next = try await consumer.next() {
///         try next.batch.forEachRecord { record in ... }
///     }
///
/// All consumers in one group make a queue, each in a group of its own publish and subscribe. One
/// task at a time takes batches from it.
public final class GroupConsumer: Sendable {
    /// The group's name.
    public let group: String
    private let engine: Engine
    private let reader: GroupReader

    init(_ group: String, engine: Engine, reader: GroupReader) {
        self.group = group
        self.engine = engine
        self.reader = reader
    }

    deinit {
        // Nobody asks for more, so the others need not wait for the session to end.
        let reader = reader
        engine.whileOpen { engine.shards[0].spawn { await reader.abandon() } }
    }

    /// The next batch of one of the member's partitions; waits for it. Taking it says that the batch
    /// before is done, and lets the group take partitions away.
    /// - Returns: nil when the consumer has left, or its task is cancelled.
    /// - Throws: `notMember` where the group has gone on without it, `dataLoss`, `closed`.
    public func next() async throws(EngineError) -> GroupBatch? {
        try engine.gate.enter()
        defer { engine.gate.leave() }
        let (reader, shard) = (reader, engine.shards[0])
        let result = await withTaskCancellationHandler {
            await reader.next()
        } onCancel: {
            engine.whileOpen { shard.spawn { await reader.look() } }
        }
        return try result.get()
    }

    /// Commits all that was handed out. Call it when the last batch is done.
    /// - Throws: `notMember` where the group has gone on without it or is being rebalanced, `io`,
    /// `closed`.
    public func commit() async throws(EngineError) {
        try engine.gate.enter()
        defer { engine.gate.leave() }
        try await reader.commit(isLastDone: true).get()
    }

    /// The partitions that are the member's now.
    public var partitions: Set<TopicPartition> {
        get async throws(EngineError) {
            try engine.gate.enter()
            defer { engine.gate.leave() }
            return await reader.partitions
        }
    }

    /// Commits what was handed out, where that is automatic, and leaves the group.
    /// - Throws: as `commit`; it has left all the same.
    public func leave() async throws(EngineError) {
        try engine.gate.enter()
        defer { engine.gate.leave() }
        try await reader.leave().get()
    }
}

extension EngineError {
    /// What a member is told.
    init(member error: CoordinationError) {
        switch error {
        case .unknownMemberID, .supersededMember, .fencedInstanceID, .illegalGeneration,
            .rebalanceInProgress:
            self.init(.notMember, "\(error)")
        default: self.init(error)
        }
    }
}

extension Engine {
    /// Joins a consumer group. The consumer gets its partitions in the background, and the first
    /// batch when it has.
    /// - Parameters:
    ///   - group: its name; a group that there is not is made.
    ///   - topics: those that are not there yet are read once they are.
    ///   - options: how it reads, and how long it may be silent.
    /// - Throws: `invalidArgument` for illegal names, no topics, or a session timeout that is not
    /// allowed, `closed`.
    public func join(
        group: String, topics: [String], options: GroupConsumerOptions = GroupConsumerOptions()
    ) async throws(EngineError) -> GroupConsumer {
        guard !topics.isEmpty else {
            throw EngineError(.invalidArgument, "no topics: name at least one")
        }
        for topic in topics { _ = try Self.topicName(topic) }
        let allowed = self.options.groups.sessionTimeouts
        var request = MembershipRequest(group: group, topics: topics)
        request.sessionTimeout = options.sessionTimeout
        request.rebalanceTimeout = options.rebalanceTimeout
        request.instanceID = options.instanceID
        request.clientID = "embedded"
        let settled = request
        let membership = try await coordinate { () throws(CoordinationError) in
            try GroupName.check(group)
            guard allowed.contains(options.sessionTimeout) else {
                throw .invalidSessionTimeout(options.sessionTimeout, allowed: allowed)
            }
            return try await GroupMembership.begin(settled, in: self)
        }
        let reader = GroupReader(membership, of: group, engine: self, options: options)
        whileOpen {
            shards[0].spawn { await reader.follow() }
            shards[0].spawn { await reader.live() }
        }
        return GroupConsumer(group, engine: self, reader: reader)
    }

    /// Does something that needs the shards to run, unless they no longer do.
    func whileOpen(_ body: () -> Void) {
        guard (try? gate.enter()) != nil else { return }
        defer { gate.leave() }
        body()
    }
}
