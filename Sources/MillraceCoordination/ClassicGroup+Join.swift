internal import MillraceShard

/// JoinGroup: everyone who is to be in the next generation.
extension ClassicGroup {
    /// Decides about a member's wish to join. The answer comes among the effects, now or when the
    /// generation begins.
    /// - Parameter newMemberID: what the member will be called if it has no id yet.
    mutating func join(
        _ request: JoinRequest, newMemberID: String, ticket: AnswerTicket, at time: GroupTime
    ) {
        do throws(CoordinationError) {
            try checkNotDead()
            try checkRoom(for: request)
            guard supports(request) else { throw .inconsistentGroupProtocol(group: id) }
            if request.memberID.isEmpty {
                try joinNew(request, newMemberID, ticket, time)
            } else {
                try joinAgain(request, ticket, time)
            }
        } catch {
            emit(.answerJoin(ticket, .failure(error)))
        }
        completeJoiningIfAllJoined(at: time)
    }

    /// `group.max.size`: while members join, those who have joined count, so that a group that is
    /// too large leaves out whoever comes last. An id that is given out takes a place as well, until
    /// it expires: those that never come back with theirs would be without number.
    private mutating func checkRoom(for request: JoinRequest) throws(CoordinationError) {
        let memberID = request.memberID
        // A static member that is back takes its own place.
        let former = request.instanceID.flatMap { members.id(ofInstance: $0) }
        let known = memberID.isEmpty ? former ?? "" : memberID
        let taken: Int
        switch state {
        case .empty, .dead:
            taken = 0
        case .preparingRebalance:
            if members[known]?.awaitingJoin != nil { return }
            taken = members.awaitingJoinCount
        case .completingRebalance, .stable:
            if members.contains(known) { return }
            taken = members.count
        }
        let limit = options.memberCountMax
        guard memberID.isEmpty, request.instanceID == nil, request.requiresKnownMemberID else {
            guard taken >= limit else { return }
            removeMember(memberID)
            throw .groupMaxSizeReached(id, limit: limit)
        }
        guard taken < limit - min(limit, pendingMembers.count) else {
            throw .groupMaxSizeReached(id, limit: limit)
        }
        guard pendingMembers.count < options.pendingMemberCountMax else {
            throw .groupMaxSizeReached(id, limit: options.pendingMemberCountMax)
        }
    }

    /// How long the member may have the others wait for it.
    private func rebalanceTimeout(of request: JoinRequest) -> Duration {
        min(request.rebalanceTimeout ?? request.sessionTimeout, options.rebalanceTimeoutMax)
    }

    private func supports(_ request: JoinRequest) -> Bool {
        guard !request.protocolType.isEmpty, !request.protocols.isEmpty else { return false }
        if members.isEmpty { return true }
        return request.protocolType == protocolType
            && request.protocols.contains { members.isSupportedByAll($0.name) }
    }

    // MARK: A member without an id

    private mutating func joinNew(
        _ request: JoinRequest, _ newMemberID: String, _ ticket: AnswerTicket, _ time: GroupTime
    ) throws(CoordinationError) {
        if let instance = request.instanceID {
            if let former = members.id(ofInstance: instance) {
                replace(former, with: newMemberID, request, ticket, time)
            } else {
                add(request, as: newMemberID, ticket, time)
            }
        } else if request.requiresKnownMemberID {
            pendingMembers.insert(
                newMemberID, until: time.now.advanced(by: request.sessionTimeout))
            throw .memberIDRequired(assigned: newMemberID)
        } else {
            add(request, as: newMemberID, ticket, time)
        }
    }

    private mutating func add(
        _ request: JoinRequest, as memberID: String, _ ticket: AnswerTicket, _ time: GroupTime
    ) {
        if members.isEmpty { protocolType = request.protocolType }
        var member = GroupMember(
            id: memberID, instanceID: request.instanceID, clientID: request.clientID,
            clientHost: request.clientHost, sessionTimeout: request.sessionTimeout,
            rebalanceTimeout: rebalanceTimeout(of: request), protocols: request.protocols,
            sessionDeadline: time.now.advanced(by: options.newMemberJoinTimeout))
        member.isNew = true
        member.awaitingJoin = ticket
        members.insert(member)
        if leader == nil { leader = memberID }
        pendingMembers.remove(memberID)
        if case .initial(let until, let remaining, _) = joinPhase {
            joinPhase = .initial(until: until, remaining: remaining, hasNewMembers: true)
        }
        let reason = Self.quote(request.reason)
        prepareRebalance(because: "member '\(memberID)' is new\(reason)", at: time)
    }

    // MARK: A member with an id

    private mutating func joinAgain(
        _ request: JoinRequest, _ ticket: AnswerTicket, _ time: GroupTime
    ) throws(CoordinationError) {
        let memberID = request.memberID
        if pendingMembers.contains(memberID) {
            return add(request, as: memberID, ticket, time)
        }
        try check(member: memberID, instance: request.instanceID)
        guard let member = members[memberID] else {
            throw .unknownMemberID(group: id, member: memberID)
        }
        let isUnchanged = member.protocols == request.protocols
        switch state {
        case .preparingRebalance:
            update(memberID, request, ticket)
        case .completingRebalance where isUnchanged:
            // Its first answer was lost on the way.
            emit(.answerJoin(ticket, .success(joinAnswer(for: memberID))))
        case .stable where isUnchanged && memberID != leader:
            emit(.answerJoin(ticket, .success(joinAnswer(for: memberID))))
        case .completingRebalance, .stable:
            // A leader that joins again has seen something that its members' metadata does not say,
            // such as new partitions.
            update(memberID, request, ticket)
            let reason = Self.quote(request.reason)
            prepareRebalance(because: "member '\(memberID)' joins again\(reason)", at: time)
        case .empty, .dead:
            throw .unknownMemberID(group: id, member: memberID)
        }
    }

    /// The member joins the next generation, with what it says now.
    private mutating func update(
        _ memberID: String, _ request: JoinRequest, _ ticket: AnswerTicket
    ) {
        if let earlier = members[memberID]?.awaitingJoin {
            // It has given up on that answer, or it would not ask again.
            emit(.answerJoin(earlier, .failure(.rebalanceInProgress(group: id))))
        }
        let timeout = rebalanceTimeout(of: request)
        members.update(memberID) { member in
            member.clientID = request.clientID
            member.clientHost = request.clientHost
            member.protocols = request.protocols
            member.sessionTimeout = request.sessionTimeout
            member.rebalanceTimeout = timeout
            member.awaitingJoin = ticket
        }
    }

    // MARK: A static member that is back

    /// The member with the same instance id gets a new id, and whoever has the old one is fenced.
    private mutating func replace(
        _ former: String, with memberID: String, _ request: JoinRequest, _ ticket: AnswerTicket,
        _ time: GroupTime
    ) {
        guard let replaced = members[former] else { return }
        let formerLeader = leader
        fence(replaced, request.instanceID ?? "")
        members.update(former) { member in
            member.id = memberID
            member.isNew = false
            member.awaitingJoin = nil
            member.awaitingSync = nil
        }
        update(memberID, request, ticket)
        heard(from: memberID, at: time)
        if leader == former { leader = memberID }

        switch state {
        case .stable where isAssignmentStillRight(for: replaced, now: request):
            emit(
                .write(
                    metadata(),
                    .replacement(
                        Replacement(
                            replaced: replaced, memberID: memberID, ticket: ticket,
                            generation: generation,
                            leader: request.supportsSkippingAssignment
                                ? leader ?? memberID : formerLeader ?? memberID,
                            tellsMembers: request.supportsSkippingAssignment))))
        case .stable, .completingRebalance:
            // The leader may know the old id already, and its assignment would miss the new one.
            prepareRebalance(because: "static member '\(memberID)' is back", at: time)
        case .empty, .preparingRebalance, .dead:
            break
        }
    }

    private mutating func fence(_ member: GroupMember, _ instance: String) {
        let error = CoordinationError.fencedInstanceID(group: id, instance: instance)
        if let ticket = member.awaitingJoin { emit(.answerJoin(ticket, .failure(error))) }
        if let ticket = member.awaitingSync { emit(.answerSync(ticket, .failure(error))) }
    }

    /// Whether the member may go on with what it had: the group would choose the same protocol, and
    /// a consumer wants the same topics. Its metadata is not compared as it is, since a consumer
    /// that starts anew owns nothing yet and says so in it.
    private func isAssignmentStillRight(
        for replaced: GroupMember, now request: JoinRequest
    ) -> Bool {
        guard members.preferredProtocol == protocolName else { return false }
        guard usesConsumerProtocol else { return true }
        let metadata = request.protocols.first { $0.name == protocolName }?.metadata ?? []
        return ConsumerSubscription.topics(of: replaced.metadata(for: protocolName))
            == ConsumerSubscription.topics(of: metadata)
    }

    /// What a member hears of the current generation.
    func joinAnswer(for memberID: String) -> JoinAnswer {
        JoinAnswer(
            generation: generation, protocolType: protocolType, protocolName: protocolName,
            leader: leader ?? "", memberID: memberID,
            members: memberID == leader ? memberList : [])
    }

    var memberList: [JoinAnswer.Member] {
        members.inOrder.map { member in
            JoinAnswer.Member(
                memberID: member.id, instanceID: member.instanceID,
                metadata: member.metadata(for: protocolName))
        }
    }
}
