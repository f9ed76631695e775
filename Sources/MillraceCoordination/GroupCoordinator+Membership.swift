/// Members and their generations.
extension GroupCoordinator {
    /// Joins the next generation; returns when it begins.
    /// - Throws: `memberIDRequired` with the id to join with (KIP-394), `unknownMemberID`,
    /// `fencedInstanceID`, `inconsistentGroupProtocol`, `groupMaxSizeReached`,
    /// `invalidSessionTimeout`, `invalidGroupID`, `coordinatorNotAvailable`, `log`.
    package func join(_ request: JoinRequest) async throws(CoordinationError) -> JoinAnswer {
        try GroupName.check(request.group)
        guard options.sessionTimeouts.contains(request.sessionTimeout) else {
            throw .invalidSessionTimeout(
                request.sessionTimeout, allowed: options.sessionTimeouts)
        }
        try await prepareToWrite()
        let id = request.group
        if request.memberID.isEmpty {
            table.make(id)
        } else if table[id] == nil {
            throw .unknownMemberID(group: id, member: request.memberID)
        }
        let ticket = takeTicket()
        let memberID = newMemberID(request)
        return try await joinAnswer(ticket) {
            table[id]?.classic.join(request, newMemberID: memberID, ticket: ticket, at: time)
            settle(id)
        }
    }

    /// Gets the member's assignment; returns when the leader's is there for good.
    /// - Throws: `rebalanceInProgress`, `illegalGeneration`, `unknownMemberID`, `fencedInstanceID`,
    /// `inconsistentGroupProtocol`, `invalidGroupID`, `coordinatorNotAvailable`, `log`.
    package func sync(_ request: SyncRequest) async throws(CoordinationError) -> SyncAnswer {
        try GroupName.check(request.group)
        try checkRunning()
        let id = request.group
        guard table[id] != nil else {
            throw .unknownMemberID(group: id, member: request.memberID)
        }
        let ticket = takeTicket()
        return try await syncAnswer(ticket) {
            table[id]?.classic.sync(request, ticket: ticket, at: time)
            settle(id)
        }
    }

    /// - Throws: `rebalanceInProgress` where the member is to join again, `illegalGeneration`,
    /// `unknownMemberID`, `fencedInstanceID`, `invalidGroupID`, `coordinatorNotAvailable`.
    package func heartbeat(_ request: HeartbeatRequest) throws(CoordinationError) {
        try GroupName.check(request.group)
        try checkRunning()
        let id = request.group
        guard table[id] != nil else {
            throw .unknownMemberID(group: id, member: request.memberID)
        }
        // A deadline that only moves away needs no settling.
        try table[id]?.classic.heartbeat(request, at: time)
    }

    /// Lets members go. Each has an answer of its own, in the order given.
    /// - Throws: `unknownMemberID` where there is no such group, `invalidGroupID`,
    /// `coordinatorNotAvailable`.
    package func leave(
        _ group: String, _ leaving: [LeavingMember]
    ) throws(CoordinationError) -> [LeftMember] {
        try GroupName.check(group)
        try checkRunning()
        guard table[group] != nil else {
            throw .unknownMemberID(group: group, member: leaving.first?.memberID ?? "")
        }
        defer { settle(group) }
        return try table[group]?.classic.leave(leaving, at: time) ?? []
    }
}
