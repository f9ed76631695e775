package import MillraceCoordination
package import MillraceModel
internal import MillraceShard
internal import MillraceStorage
internal import SystemPackage

/// A member of a group, as the group's coordinator sees a Kafka client: it joins, assigns where it
/// leads, gives up its partitions when the group is rebalanced, and joins again.
///
/// Its owner takes events from it, one after the other, and tells it that it lives. An owner that
/// falls silent is no member any more after the session timeout; that is the coordinator's doing. It
/// lives on the coordinator's shard, so that nothing comes between a look and the wait after it.
package actor GroupMembership: MemberWatcher {
    private enum Phase {
        /// It has no partitions, and joins or is about to.
        case joining
        case assigned
        /// It was told to give up its partitions.
        case revoking
    }

    let engine: Engine
    nonisolated let shard: Shard
    package nonisolated var unownedExecutor: UnownedSerialExecutor {
        shard.asUnownedSerialExecutor()
    }

    var request: MembershipRequest
    let sessionTimeout: Duration
    private(set) var memberID: String
    private(set) var generation: Int32 = -1
    private var phase = Phase.joining
    /// What it said when it joined.
    private var joinedTopics: Set<String> = []
    /// What it had last, for the sticky assignor, and in which generation.
    private var owned: (shares: [TopicShare], generation: Int32)
    /// What the partitions were that a leader assigned; nil where it does not lead.
    var assignedCounts: PartitionCounts?

    private var events: [MembershipEvent] = []
    /// The owner wants no more, or there is no more.
    private var isOver = false
    private var isLeaving = false
    /// The group, the topics or the owner's wishes may have changed.
    private let changed: Signal
    private let eventCame: Signal

    private init(_ request: MembershipRequest, engine: Engine) {
        self.engine = engine
        self.request = request
        let shard = engine.shards[0]
        self.shard = shard
        memberID = request.memberID
        owned = (request.owned, -1)
        let allowed = engine.options.groups.sessionTimeouts
        let byDefault = MembershipRequest.sessionTimeoutByDefault
        sessionTimeout =
            request.sessionTimeout ?? min(max(byDefault, allowed.lowerBound), allowed.upperBound)
        changed = Signal(on: shard)
        eventCame = Signal(on: shard)
    }

    /// Begins a membership, which then joins by itself.
    /// - Throws: `coordinatorNotAvailable`.
    package static func begin(
        _ request: MembershipRequest, in engine: Engine
    ) async throws(CoordinationError) -> GroupMembership {
        try await engine.withGroups { _ in
            let membership = GroupMembership(request, engine: engine)
            membership.shard.spawn { await membership.run() }
            return membership
        }
    }

    // MARK: What the owner says

    /// The next event; nil after the last, and for an owner that has left.
    package func nextEvent() async -> MembershipEvent? {
        while events.isEmpty {
            guard !isOver, (try? await eventCame.wait(after: eventCame.notices)) != nil else {
                return nil
            }
        }
        return events.removeFirst()
    }

    /// The owner lives.
    package func heartbeat() async {
        guard !isOver, !memberID.isEmpty else { return }
        let beat = HeartbeatRequest(
            group: request.group, generation: generation, memberID: memberID,
            instanceID: request.instanceID)
        do throws(CoordinationError) {
            try await engine.withGroups { (groups) async throws(CoordinationError) in
                try await groups.heartbeat(beat)
            }
        } catch {
            // What is to be done about it is seen by whoever waits.
            changed.notifyAll()
        }
    }

    /// The owner has given up its partitions and committed what it has done.
    package func revoked() {
        guard phase == .revoking else { return }
        phase = .joining
        changed.notifyAll()
    }

    /// Commits offsets, all or none, as this member of its generation.
    /// - Throws: `rebalanceInProgress` while the member has no partitions, and as
    /// `GroupCoordinator.commitOffsets`.
    package func commit(
        _ positions: [TopicPartition: CommittedPosition]
    ) async throws(CoordinationError) {
        guard phase != .joining else { throw .rebalanceInProgress(group: request.group) }
        var commit = OffsetCommitRequest(
            group: request.group,
            commits: positions.sorted { $0.key < $1.key }.map { partition, position in
                OffsetCommitRequest.Commit(
                    partition, position.offset, metadata: position.metadata)
            })
        commit.generation = generation
        commit.memberID = memberID
        commit.instanceID = request.instanceID
        commit.isAllOrNone = true
        let decided = commit
        _ = try await engine.withGroups { (groups) async throws(CoordinationError) in
            try await groups.commitOffsets(decided)
        }
    }

    /// The owner wants other topics.
    package func change(topics: [String]) {
        request.topics = topics
        changed.notifyAll()
    }

    /// The owner leaves the group.
    package func leave() async {
        guard !isOver else { return }
        isLeaving = true
        detach()
        await tellGone()
    }

    /// The owner is gone without a word: it stays a member until its session ends, and may be back.
    package func detach() {
        isOver = true
        events = []
        changed.notifyAll()
        eventCame.notifyAll()
    }

    private func tellGone() async {
        guard !memberID.isEmpty || request.instanceID != nil else { return }
        let leaving = LeavingMember(memberID: memberID, instanceID: request.instanceID)
        let group = request.group
        // Whoever is no member any more need not leave.
        _ = try? await engine.withGroups { (groups) async throws(CoordinationError) in
            try await groups.leave(group, [leaving])
        }
    }

    // MARK: What others say

    package nonisolated func groupChanged() { assumeIsolated { $0.changed.notifyAll() } }

    package nonisolated func superseded() {
        assumeIsolated { membership in
            membership.finish(.supersededMember(
                group: membership.request.group, member: membership.memberID))
        }
    }

    // MARK: Its life

    private func run() async {
        let watcher = await engine.storage.watchTopics { [self] in groupChanged() }
        do throws(CoordinationError) {
            var assignment = try await resume()
            while true {
                if assignment == nil { assignment = try await joinGeneration() }
                if let assignment { accept(assignment) }
                try await stay()
                try await giveUp()
                assignment = nil
            }
        } catch {
            // A member that left while it was on its way in may have come in all the same.
            if isLeaving { await tellGone() }
            finish(error)
        }
        await engine.storage.endWatchingTopics(watcher)
        if !memberID.isEmpty {
            await engine.groups.endWatching(request.group, memberID, by: self)
        }
    }

    private func finish(_ error: CoordinationError) {
        guard !isOver else { return }
        isOver = true
        events.append(.ended(error))
        changed.notifyAll()
        eventCame.notifyAll()
    }

    private func emit(_ event: MembershipEvent) {
        events.append(event)
        eventCame.notifyAll()
    }

    private func accept(_ assignment: MemberAssignment) {
        phase = .assigned
        owned = (assignment.partitions, assignment.generation)
        emit(.assigned(assignment))
    }

    func checkNotOver() throws(CoordinationError) {
        if isOver { throw .coordinatorNotAvailable("the member has left") }
    }

    /// Waits for a change since so many notices.
    private func wait(
        until deadline: Instant = .distantFuture, after notices: UInt64
    ) async throws(CoordinationError) {
        do throws(Errno) {
            if deadline == .distantFuture {
                try await changed.wait(after: notices)
            } else {
                _ = try await changed.wait(until: deadline, after: notices)
            }
        } catch {
            throw .coordinatorNotAvailable("the engine is closed")
        }
    }

    // MARK: Staying

    /// Returns when the member is to join again.
    private func stay() async throws(CoordinationError) {
        while true {
            try checkNotOver()
            let notices = changed.notices
            if try await isToRejoin() { return }
            try await wait(after: notices)
        }
    }

    private func isToRejoin() async throws(CoordinationError) -> Bool {
        let standing = try await standing()
        guard standing.state == .stable, standing.generation == generation,
            Set(request.topics) == joinedTopics
        else { return true }
        guard standing.isLeader, let assignedCounts else { return false }
        return assignedCounts != PartitionCounts(of: assignedCounts.topics, in: engine.storage)
    }

    func standing() async throws(CoordinationError) -> MemberStanding {
        let (group, memberID, instance) = (request.group, memberID, request.instanceID)
        return try await engine.withGroups { (groups) async throws(CoordinationError) in
            try await groups.standing(of: memberID, instance: instance, in: group)
        }
    }

    // MARK: Giving up

    /// Has the owner give up its partitions; returns when it has. One that does not in time is out:
    /// the others are not to wait for it for ever.
    private func giveUp() async throws(CoordinationError) {
        phase = .revoking
        emit(.revoke)
        let deadline = shard.now.advanced(by: request.rebalanceTimeout)
        while phase == .revoking {
            let notices = changed.notices
            _ = try await standing()
            try checkNotOver()
            guard phase == .revoking else { return }
            guard shard.now < deadline else {
                await tellGone()
                throw .unknownMemberID(group: request.group, member: memberID)
            }
            try await wait(until: deadline, after: notices)
        }
        try checkNotOver()
    }

    // MARK: Joining

    /// Goes on as the member that it was, where the group is as it was; nil where it is to join.
    private func resume() async throws(CoordinationError) -> MemberAssignment? {
        guard !memberID.isEmpty else { return nil }
        let standing: MemberStanding
        do throws(CoordinationError) {
            standing = try await self.standing()
        } catch .unknownMemberID {
            // The id may have been given out and never come back; joining tells.
            return nil
        }
        generation = standing.generation
        owned.generation = generation
        await engine.groups.watch(request.group, memberID, by: self)
        await heartbeat()
        if standing.state == .stable, isAsItWas(standing) {
            do throws(CoordinationError) {
                let answer = try await sync(standing.protocolName, assigning: [])
                joinedTopics = Set(request.topics)
                return try await assignment(answer, isLeader: standing.isLeader)
            } catch .rebalanceInProgress, .illegalGeneration {
                // It has just changed.
            }
        }
        if !owned.shares.isEmpty { try await giveUp() }
        return nil
    }

    private func isAsItWas(_ standing: MemberStanding) -> Bool {
        let topics = ConsumerSubscription(standing.metadata)?.topics ?? []
        let rebalanceTimeout = min(
            request.rebalanceTimeout, engine.options.groups.rebalanceTimeoutMax)
        return Set(topics) == Set(request.topics) && sessionTimeout == standing.sessionTimeout
            && rebalanceTimeout == standing.rebalanceTimeout
            && request.assignors.contains { $0.rawValue == standing.protocolName }
    }

    /// Joins the next generation and gets the member's partitions.
    private func joinGeneration() async throws(CoordinationError) -> MemberAssignment {
        phase = .joining
        while true {
            let answer = try await join()
            memberID = answer.memberID
            try checkNotOver()
            await engine.groups.watch(request.group, memberID, by: self)
            generation = answer.generation
            let isLeader = answer.leader == answer.memberID
            assignedCounts = nil
            let assignments =
                isLeader && !answer.skipsAssignment ? assign(to: answer.members, answer) : []
            do throws(CoordinationError) {
                let bytes = try await sync(answer.protocolName, assigning: assignments)
                try checkNotOver()
                return try await assignment(bytes, isLeader: isLeader)
            } catch .rebalanceInProgress, .illegalGeneration {
                try checkNotOver()
            }
        }
    }

    private func join() async throws(CoordinationError) -> JoinAnswer {
        while true {
            try checkNotOver()
            var join = JoinRequest(
                group: request.group, memberID: memberID, sessionTimeout: sessionTimeout,
                protocolType: ConsumerSubscription.protocolType,
                protocols: request.protocols(owned: owned.shares, generation: owned.generation))
            join.instanceID = request.instanceID
            join.rebalanceTimeout = request.rebalanceTimeout
            join.clientID = request.clientID
            join.clientHost = request.clientHost
            joinedTopics = Set(request.topics)
            let decided = join
            do throws(CoordinationError) {
                return try await engine.withGroups { (groups) async throws(CoordinationError) in
                    try await groups.join(decided)
                }
            } catch .memberIDRequired(let assigned) {
                memberID = assigned
            } catch .rebalanceInProgress {
                // Another session joined as this member, and has said so to this one.
            }
        }
    }

    private func sync(
        _ assignor: String?, assigning assignments: [SyncRequest.Assignment]
    ) async throws(CoordinationError) -> SyncAnswer {
        var sync = SyncRequest(
            group: request.group, generation: generation, memberID: memberID,
            assignments: assignments)
        sync.instanceID = request.instanceID
        sync.protocolName = assignor
        let decided = sync
        return try await engine.withGroups { (groups) async throws(CoordinationError) in
            try await groups.sync(decided)
        }
    }
}
