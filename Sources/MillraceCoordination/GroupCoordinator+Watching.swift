/// Who speaks for a member in this process, and wants to know when to look at its group. Called on
/// the coordinator's shard.
package protocol MemberWatcher: AnyObject, Sendable {
    /// Something about the group or the member may be different, or the coordinator stops.
    func groupChanged()
    /// Somebody else speaks for the member from now on.
    func superseded()
}

/// Where a member stands in its group.
package struct MemberStanding: Hashable, Sendable {
    package var state: GroupState
    package var generation: Int32
    package var isLeader: Bool
    package var protocolName: String?
    /// What the member says for that protocol.
    package var metadata: [UInt8]
    package var sessionTimeout: Duration
    package var rebalanceTimeout: Duration
}

/// The watchers of a group's members.
struct GroupWatch {
    var watchers: [String: any MemberWatcher] = [:]
    /// What they were told of.
    var state = GroupState.empty
    var generation: Int32 = 0
}

/// Being told instead of asking: a Kafka client learns of a rebalance by its next heartbeat, a
/// member whose session is in this process at once.
extension GroupCoordinator {
    /// Tells the watcher of changes until `endWatching`. There is one for a member: an earlier one
    /// is superseded.
    package func watch(_ group: String, _ memberID: String, by watcher: any MemberWatcher) {
        var watch = watches[group] ?? GroupWatch()
        let earlier = watch.watchers.updateValue(watcher, forKey: memberID)
        if let found = table[group]?.classic {
            watch.state = found.state
            watch.generation = found.generation
        }
        watches[group] = watch
        if let earlier, earlier !== watcher { earlier.superseded() }
    }

    /// Nothing happens where another watcher has taken the place.
    package func endWatching(_ group: String, _ memberID: String, by watcher: any MemberWatcher) {
        guard watches[group]?.watchers[memberID] === watcher else { return }
        watches[group]?.watchers[memberID] = nil
        if watches[group]?.watchers.isEmpty == true { watches[group] = nil }
    }

    /// Where a member stands. To ask is no sign of life.
    /// - Throws: `unknownMemberID`, `fencedInstanceID`, `invalidGroupID`, `coordinatorNotAvailable`.
    package func standing(
        of memberID: String, instance: String? = nil, in group: String
    ) throws(CoordinationError) -> MemberStanding {
        try GroupName.check(group)
        try checkRunning()
        guard let found = table[group]?.classic else {
            throw .unknownMemberID(group: group, member: memberID)
        }
        try found.checkNotDead()
        try found.check(member: memberID, instance: instance)
        guard let member = found.members[memberID] else {
            throw .unknownMemberID(group: group, member: memberID)
        }
        return MemberStanding(
            state: found.state, generation: found.generation, isLeader: found.leader == memberID,
            protocolName: found.protocolName, metadata: member.metadata(for: found.protocolName),
            sessionTimeout: member.sessionTimeout, rebalanceTimeout: member.rebalanceTimeout)
    }

    /// Tells all watchers where the group has gone on, and else those whose member is no more.
    func tellWatchers(of group: String) {
        guard let watch = watches[group] else { return }
        let found = table[group]?.classic
        let hasMoved = watch.state != found?.state || watch.generation != found?.generation
        if let found {
            watches[group]?.state = found.state
            watches[group]?.generation = found.generation
        }
        // By name: nothing may depend on how a dictionary lies.
        for (memberID, watcher) in watch.watchers.sorted(by: { $0.key < $1.key })
        where hasMoved || found?.members.contains(memberID) != true {
            watcher.groupChanged()
        }
    }

    /// The coordinator stops.
    func tellAllWatchers() {
        for group in watches.keys.sorted() {
            let watchers = watches[group]?.watchers ?? [:]
            for (_, watcher) in watchers.sorted(by: { $0.key < $1.key }) { watcher.groupChanged() }
        }
    }
}
