internal import MillraceShard

/// From the wish for a new generation to its beginning.
extension ClassicGroup {
    /// The longest that any member asks to be waited for.
    private var rebalanceTimeout: Duration {
        members.byID.values.reduce(.zero) { max($0, $1.rebalanceTimeout) }
    }

    private var haveAllJoined: Bool { members.allAwaitJoin && pendingMembers.isEmpty }

    /// Has all members join again, unless they already are asked to.
    mutating func prepareRebalance(because reason: String, at time: GroupTime) {
        guard state == .empty || state == .completingRebalance || state == .stable else { return }
        emit(.tell("group '\(id)' rebalances after generation \(generation): \(reason)"))
        // Who waits for the assignment of a generation that will not come joins again at once.
        answerSyncs(.rebalanceInProgress(group: id), at: time)
        generationBeingWritten = nil
        syncDeadline = nil
        let isInitial = state == .empty
        transition(to: .preparingRebalance, at: time)
        if isInitial {
            let delay = options.initialRebalanceDelay
            joinPhase = .initial(
                until: time.now.advanced(by: delay),
                remaining: max(.zero, rebalanceTimeout - delay), hasNewMembers: false)
        } else {
            joinPhase = .rejoining(until: time.now.advanced(by: rebalanceTimeout))
            completeJoiningIfAllJoined(at: time)
        }
    }

    /// Begins the generation as soon as nobody is waited for. An initial rebalance waits in any
    /// case, for those that nobody knows yet.
    mutating func completeJoiningIfAllJoined(at time: GroupTime) {
        guard state == .preparingRebalance, case .rejoining = joinPhase, haveAllJoined else {
            return
        }
        completeJoining(at: time)
    }

    /// The time for joining is over.
    mutating func joinDeadlinePassed(at time: GroupTime) {
        if case .initial(_, let remaining, let hasNewMembers) = joinPhase, hasNewMembers,
            remaining > .zero
        {
            let delay = min(options.initialRebalanceDelay, remaining)
            joinPhase = .initial(
                until: time.now.advanced(by: delay), remaining: remaining - delay,
                hasNewMembers: false)
        } else {
            completeJoining(at: time)
        }
    }

    private mutating func completeJoining(at time: GroupTime) {
        // Dynamic members that did not join are out; a static one keeps its place until its session
        // ends.
        for member in members.inOrder where member.awaitingJoin == nil {
            if member.instanceID == nil { removeMember(member.id) }
        }
        guard members.isEmpty || electJoinedLeader() else {
            // Only static members that are away: their sessions decide. A member may ask for a
            // timeout of nothing, and the shard is not to turn round and round for that.
            let next = max(rebalanceTimeout, .seconds(1))
            joinPhase = .rejoining(until: time.now.advanced(by: next))
            return
        }
        joinPhase = nil
        generation = generation == .max ? 1 : generation + 1
        protocolName = members.preferredProtocol
        guard !members.isEmpty else {
            leader = nil
            emit(.tell("group '\(id)' has no members at generation \(generation)"))
            transition(to: .empty, at: time)
            return emit(.write(metadata(), .noMembers))
        }
        transition(to: .completingRebalance, at: time)
        syncDeadline = time.now.advanced(by: rebalanceTimeout)
        emit(
            .tell(
                """
                group '\(id)' has \(members.count) members at generation \(generation), led by \
                '\(leader ?? "")' with protocol '\(protocolName ?? "")'
                """))
        for member in members.inOrder {
            guard let ticket = member.awaitingJoin else { continue }
            members.update(member.id) { member in
                member.awaitingJoin = nil
                member.isNew = false
                member.owesSync = true
            }
            heard(from: member.id, at: time)
            emit(.answerJoin(ticket, .success(joinAnswer(for: member.id))))
        }
    }

    /// The leader stays, unless it did not join: then the oldest member that did takes over.
    private mutating func electJoinedLeader() -> Bool {
        if let leader, members[leader]?.awaitingJoin != nil { return true }
        guard let next = members.inOrder.first(where: { $0.awaitingJoin != nil }) else {
            return false
        }
        leader = next.id
        return true
    }

    // MARK: Deadlines

    /// When `passTime` is to be called again at the latest. It is asked for after every request, so
    /// nobody is counted for it.
    var nextDeadline: Instant? {
        [joinPhase?.deadline, syncDeadline, pendingMembers.nextExpiry, members.nextExpiry]
            .compactMap { $0 }.min()
    }

    /// Does what is due by now.
    mutating func passTime(_ time: GroupTime) {
        pendingMembers.removeExpired(by: time.now)
        let silent = members.expired(by: time.now)
        for member in silent { removeMember(member.id) }
        if let first = silent.first {
            let others = silent.count > 1 ? " and of \(silent.count - 1) more" : ""
            prepareRebalance(
                because: "nothing was heard of member '\(first.id)'\(others)", at: time)
        }
        completeJoiningIfAllJoined(at: time)
        if let deadline = joinPhase?.deadline, deadline <= time.now { joinDeadlinePassed(at: time) }
        if let deadline = syncDeadline, deadline <= time.now {
            syncDeadline = nil
            for member in members.inOrder where member.owesSync { removeMember(member.id) }
            prepareRebalance(because: "members did not ask for their assignments", at: time)
        }
    }
}
