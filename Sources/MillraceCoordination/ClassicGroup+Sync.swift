internal import MillraceShard

/// SyncGroup: the leader's assignment is written down, and each member gets its share.
extension ClassicGroup {
    /// Decides about a member's wish for its assignment. The answer comes among the effects, now or
    /// when the leader's assignment is there for good.
    mutating func sync(_ request: SyncRequest, ticket: AnswerTicket, at time: GroupTime) {
        do throws(CoordinationError) {
            try checkNotDead()
            try check(member: request.memberID, instance: request.instanceID)
            try check(generation: request.generation)
            guard request.protocolType ?? protocolType == protocolType,
                request.protocolName ?? protocolName == protocolName
            else { throw .inconsistentGroupProtocol(group: id) }
            switch state {
            case .empty, .dead:
                throw .unknownMemberID(group: id, member: request.memberID)
            case .preparingRebalance:
                throw .rebalanceInProgress(group: id)
            case .completingRebalance:
                wait(request.memberID, ticket)
                if request.memberID == leader { assign(request.assignments) }
            case .stable:
                paid(request.memberID)
                emit(.answerSync(ticket, .success(syncAnswer(for: request.memberID))))
            }
        } catch {
            emit(.answerSync(ticket, .failure(error)))
        }
    }

    private mutating func wait(_ memberID: String, _ ticket: AnswerTicket) {
        if let earlier = members[memberID]?.awaitingSync {
            // It has given up on that answer, or it would not ask again.
            emit(.answerSync(earlier, .failure(.rebalanceInProgress(group: id))))
        }
        members.update(memberID) { $0.awaitingSync = ticket }
        paid(memberID)
    }

    /// The member has asked for its assignment; once all have, no deadline is needed.
    private mutating func paid(_ memberID: String) {
        members.update(memberID) { $0.owesSync = false }
        if members.owingSyncCount == 0 { syncDeadline = nil }
    }

    /// Has the assignment written. A leader that asks again does not change it: the first is on its
    /// way into the log.
    private mutating func assign(_ assignments: [SyncRequest.Assignment]) {
        guard generationBeingWritten == nil else { return }
        generationBeingWritten = generation
        var byMember: [String: [UInt8]] = [:]
        for assignment in assignments { byMember[assignment.memberID] = assignment.bytes }
        emit(.write(metadata(assigning: byMember), .assignment(generation: generation)))
    }

    private func syncAnswer(for memberID: String) -> SyncAnswer {
        SyncAnswer(
            protocolType: protocolType, protocolName: protocolName,
            assignment: members[memberID]?.assignment ?? [])
    }

    /// Answers all who wait for an assignment that will not come.
    mutating func answerSyncs(_ error: CoordinationError, at time: GroupTime) {
        for member in members.inOrder {
            guard let ticket = member.awaitingSync else { continue }
            members.update(member.id) { $0.awaitingSync = nil }
            heard(from: member.id, at: time)
            emit(.answerSync(ticket, .failure(error)))
        }
    }

    // MARK: What was written

    /// A record has been written and replayed, or could not be.
    mutating func finish(
        _ write: GroupWrite, _ error: CoordinationError?, at time: GroupTime
    ) {
        switch write {
        case .noMembers: break
        case .assignment(let generation): finishAssignment(generation, error, time)
        case .replacement(let replacement): finishReplacement(replacement, error, time)
        }
    }

    private mutating func finishAssignment(
        _ generation: Int32, _ error: CoordinationError?, _ time: GroupTime
    ) {
        guard generation == self.generation else { return }
        if let error {
            guard state == .completingRebalance else { return }
            answerSyncs(error, at: time)
            prepareRebalance(
                because: "the assignment could not be written: \(error)", at: time)
        } else if state == .stable {
            for member in members.inOrder {
                guard let ticket = member.awaitingSync else { continue }
                members.update(member.id) { $0.awaitingSync = nil }
                heard(from: member.id, at: time)
                emit(.answerSync(ticket, .success(syncAnswer(for: member.id))))
            }
        }
    }

    /// If the group has gone on meanwhile, the member waits for the next generation like all.
    private mutating func finishReplacement(
        _ replacement: Replacement, _ error: CoordinationError?, _ time: GroupTime
    ) {
        let memberID = replacement.memberID
        guard state == .stable, generation == replacement.generation,
            members[memberID]?.awaitingJoin == replacement.ticket
        else { return }
        if let error {
            members.update(memberID) { member in
                let arrival = member.arrival
                member = replacement.replaced
                member.arrival = arrival
                member.awaitingJoin = nil
                member.awaitingSync = nil
            }
            if leader == memberID { leader = replacement.replaced.id }
            heard(from: replacement.replaced.id, at: time)
            return emit(.answerJoin(replacement.ticket, .failure(error)))
        }
        members.update(memberID) { $0.awaitingJoin = nil }
        heard(from: memberID, at: time)
        var answer = joinAnswer(for: memberID)
        answer.leader = replacement.leader
        if replacement.tellsMembers {
            answer.skipsAssignment = leader == memberID
        } else {
            answer.members = []
        }
        emit(.answerJoin(replacement.ticket, .success(answer)))
    }
}
