/// Looking at groups and removing them.
extension GroupCoordinator {
    /// - Throws: `groupIDNotFound`, `invalidGroupID`, `coordinatorNotAvailable`.
    package func describe(_ group: String) throws(CoordinationError) -> GroupDescription {
        try GroupName.check(group)
        try checkRunning()
        guard let found = table[group], found.classic.state != .dead else {
            throw .groupIDNotFound(group)
        }
        return found.classic.description
    }

    /// The groups, by name.
    /// - Parameters:
    ///   - states: only those in one of these, by their names in any case; all where empty.
    ///   - types: only those of one of these, in the same way.
    /// - Throws: `coordinatorNotAvailable`.
    package func list(
        states: [String] = [], types: [String] = []
    ) throws(CoordinationError) -> [GroupListing] {
        try checkRunning()
        let states = Set(states.map { $0.lowercased() })
        let types = Set(types.map { $0.lowercased() })
        return table.ids.compactMap { id in
            guard let group = table[id]?.classic, group.state != .dead else { return nil }
            let listing = GroupListing(
                id: id, protocolType: group.protocolType ?? "", state: group.state,
                type: "Classic")
            let isInState = states.isEmpty || states.contains(group.state.rawValue.lowercased())
            let isOfType = types.isEmpty || types.contains(listing.type.lowercased())
            return isInState && isOfType ? listing : nil
        }
    }

    /// Removes a group and its offsets for good.
    /// - Throws: `groupIDNotFound`, `nonEmptyGroup`, `invalidGroupID`, `coordinatorNotAvailable`,
    /// `log`.
    package func delete(_ group: String) async throws(CoordinationError) {
        try GroupName.check(group)
        try await prepareToWrite()
        guard let found = table[group]?.classic, found.state != .dead else {
            throw .groupIDNotFound(group)
        }
        guard found.state == .empty else {
            throw .nonEmptyGroup(group, memberCount: found.members.count)
        }
        let answer = PendingAnswer<Void>()
        beginDeletion(of: group, answer)
        try await answer.get(on: shard)
    }

    func beginDeletion(of group: String, _ answer: PendingAnswer<Void>) {
        table[group]?.classic.beginDeletion(at: time)
        let offsets = tombstones(table[group]?.offsets.partitions ?? [], of: group)
        enqueue(LogChange(offsets + [.group(group, nil)], .deletion(group, answer)))
    }
}
