internal import MillraceShard

/// Staying, leaving, and what a member may commit.
extension ClassicGroup {
    /// - Throws: `rebalanceInProgress` for a member that is to join again, and why a member is none.
    mutating func heartbeat(
        _ request: HeartbeatRequest, at time: GroupTime
    ) throws(CoordinationError) {
        try checkNotDead()
        try check(member: request.memberID, instance: request.instanceID)
        try check(generation: request.generation)
        heard(from: request.memberID, at: time)
        // A member may beat as soon as it has joined, before it has its assignment.
        if state == .preparingRebalance { throw .rebalanceInProgress(group: id) }
    }

    /// Lets members go, each as far as it is one.
    mutating func leave(
        _ leaving: [LeavingMember], at time: GroupTime
    ) throws(CoordinationError) -> [LeftMember] {
        try checkNotDead()
        let countBefore = members.count
        let left = leaving.map { member in
            var left = LeftMember(memberID: member.memberID, instanceID: member.instanceID)
            do throws(CoordinationError) {
                removeMember(try leavingID(of: member))
            } catch {
                left.error = error
            }
            return left
        }
        if members.count < countBefore {
            let reason = leaving.compactMap(\.reason).first
            prepareRebalance(because: "members left\(Self.quote(reason))", at: time)
        }
        completeJoiningIfAllJoined(at: time)
        return left
    }

    private func leavingID(of leaving: LeavingMember) throws(CoordinationError) -> String {
        guard leaving.memberID.isEmpty else {
            if !pendingMembers.contains(leaving.memberID) {
                try check(member: leaving.memberID, instance: leaving.instanceID)
            }
            return leaving.memberID
        }
        guard let instance = leaving.instanceID, let memberID = members.id(ofInstance: instance)
        else { throw .unknownMemberID(group: id, member: leaving.instanceID ?? "") }
        return memberID
    }

    /// What a client gave as its reason (KIP-800), as long as reasons are.
    static func quote(_ reason: String?) -> String {
        reason.map { ", saying '\($0.prefix(255))'" } ?? ""
    }

    /// Takes a member out. The caller sees to the rebalance.
    mutating func removeMember(_ memberID: String) {
        pendingMembers.remove(memberID)
        guard let member = members.remove(memberID) else { return }
        let error = CoordinationError.unknownMemberID(group: id, member: memberID)
        if let ticket = member.awaitingJoin { emit(.answerJoin(ticket, .failure(error))) }
        if let ticket = member.awaitingSync { emit(.answerSync(ticket, .failure(error))) }
        if leader == memberID { leader = members.inOrder.first?.id }
    }

    // MARK: Commits

    /// Decides whether a member may commit; that it does is a sign of life.
    ///
    /// Without an id and a generation the commit comes from somebody who is in no group, and is
    /// taken only where there are no members whose commits it could undo.
    mutating func checkCommit(
        generation given: Int32, member memberID: String, instance: String?, at time: GroupTime
    ) throws(CoordinationError) {
        try checkNotDead()
        if given < 0, state == .empty { return }
        try check(member: memberID, instance: instance)
        try check(generation: given)
        // It has read JoinGroup's answer and not yet SyncGroup's: what it commits belongs to the
        // generation before.
        if state == .completingRebalance { throw .rebalanceInProgress(group: id) }
        heard(from: memberID, at: time)
    }
}

/// What others see of a group.
extension ClassicGroup {
    /// The topics that members want; nil where that cannot be known.
    var subscribedTopics: Set<String>? {
        guard usesConsumerProtocol else { return nil }
        var topics = Set<String>()
        for member in members.byID.values {
            guard
                let wanted = ConsumerSubscription.topics(of: member.metadata(for: protocolName))
            else { return nil }
            topics.formUnion(wanted)
        }
        return topics
    }

    package var description: GroupDescription {
        let isStable = state == .stable
        return GroupDescription(
            id: id, state: state, protocolType: protocolType ?? "",
            protocolName: isStable ? protocolName ?? "" : "",
            members: members.inOrder.map { member in
                GroupDescription.Member(
                    id: member.id, instanceID: member.instanceID, clientID: member.clientID,
                    clientHost: member.clientHost,
                    metadata: isStable ? member.metadata(for: protocolName) : [],
                    assignment: isStable ? member.assignment : [])
            })
    }
}
