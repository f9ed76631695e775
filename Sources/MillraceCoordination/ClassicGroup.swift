package import MillraceModel
internal import MillraceShard

/// A group of the classic protocol: who is in it, which generation it is at, and what it waits for.
///
/// A state machine without I/O or a clock: it is asked with the time at hand, and leaves in
/// `takeEffects` what is to be answered and written. What it would still know after a stop is what
/// `replay` got, live after the record was written and at a start alike: an assignment reaches a
/// member only after that.
///
/// After Kafka's classic coordinator, with KIP-62 (rebalance timeout), KIP-345 (static members),
/// KIP-394 (known member ids), KIP-559 (protocols in answers) and KIP-814 (leaders told not to
/// assign).
package struct ClassicGroup: Sendable {
    /// How joining for the next generation ends.
    enum JoinPhase: Sendable {
        /// The group was empty: more members are waited for, for this long in all.
        case initial(until: Instant, remaining: Duration, hasNewMembers: Bool)
        /// By then whoever has not joined is out.
        case rejoining(until: Instant)

        var deadline: Instant {
            switch self {
            case .initial(let until, _, _), .rejoining(let until): until
            }
        }
    }

    package let id: String
    let options: GroupOptions

    package internal(set) var generation: Int32 = 0
    package internal(set) var protocolType: String?
    var protocolName: String?
    var leader: String?
    var members = GroupMembers()
    var pendingMembers = PendingMembers()
    var joinPhase: JoinPhase?
    /// By then the members of a new generation have asked for their assignments.
    var syncDeadline: Instant?
    /// A generation whose assignment is being written.
    var generationBeingWritten: Int32?
    private var effects: [GroupEffect] = []
    /// False while records from before a stop are replayed.
    private(set) var isLive: Bool

    package private(set) var state = GroupState.empty
    /// Since when; none for a group whose records do not say it.
    package private(set) var stateSince: Timestamp?

    package init(id: String, options: GroupOptions, isLive: Bool) {
        self.id = id
        self.options = options
        self.isLive = isLive
    }

    /// Nothing is known of it that a new group of the name would not know.
    var isUnused: Bool {
        state == .empty && protocolType == nil && generation == 0 && pendingMembers.isEmpty
    }

    var usesConsumerProtocol: Bool { protocolType == ConsumerSubscription.protocolType }

    // MARK: States

    private static let predecessors: [GroupState: Set<GroupState>] = [
        .empty: [.preparingRebalance, .dead],
        .preparingRebalance: [.empty, .completingRebalance, .stable],
        .completingRebalance: [.preparingRebalance],
        .stable: [.completingRebalance],
        .dead: [.empty],
    ]

    mutating func transition(to next: GroupState, at time: GroupTime) {
        precondition(
            Self.predecessors[next]?.contains(state) == true,
            "group \(id) cannot go from \(state) to \(next)")
        precondition(
            next != .empty || members.isEmpty, "group \(id) is empty with \(members.count) members")
        state = next
        stateSince = time.wallClock
    }

    mutating func emit(_ effect: GroupEffect) { effects.append(effect) }

    /// What is to be done about what was decided, in its order.
    mutating func takeEffects() -> [GroupEffect] {
        let taken = effects
        effects = []
        return taken
    }

    // MARK: Being deleted

    /// The group's records are being taken back: nobody joins until that is done.
    mutating func beginDeletion(at time: GroupTime) { transition(to: .dead, at: time) }

    /// They could not be.
    mutating func abandonDeletion(at time: GroupTime) {
        if state == .dead { transition(to: .empty, at: time) }
    }

    // MARK: What is written

    /// The group as it is now, for the log; with these assignments, or those that members have.
    func metadata(assigning assignments: [String: [UInt8]]? = nil) -> GroupMetadata {
        GroupMetadata(
            protocolType: protocolType ?? "", generation: generation, protocolName: protocolName,
            leader: leader, stateSince: stateSince,
            members: members.inOrder.map { member in
                GroupMetadata.Member(
                    id: member.id, instanceID: member.instanceID, clientID: member.clientID,
                    clientHost: member.clientHost, rebalanceTimeout: member.rebalanceTimeout,
                    sessionTimeout: member.sessionTimeout,
                    subscription: member.metadata(for: protocolName),
                    assignment: assignments.map { $0[member.id] ?? [] } ?? member.assignment)
            })
    }

    /// Takes a record of the group's metadata into account.
    package mutating func replay(_ metadata: GroupMetadata, at time: GroupTime) {
        guard isLive else { return restore(metadata, at: time) }
        guard generationBeingWritten == metadata.generation else { return }
        generationBeingWritten = nil
        // A member may have joined while the record was written; then the next generation is on its
        // way, and the assignments reach nobody.
        guard state == .completingRebalance, generation == metadata.generation else { return }
        for assigned in metadata.members {
            members.update(assigned.id) { $0.assignment = assigned.assignment }
        }
        transition(to: .stable, at: time)
    }

    private mutating func restore(_ metadata: GroupMetadata, at time: GroupTime) {
        generation = metadata.generation
        protocolType = metadata.protocolType.isEmpty ? nil : metadata.protocolType
        protocolName = metadata.protocolName
        leader = metadata.leader
        members = GroupMembers()
        for member in metadata.members {
            members.insert(
                GroupMember(
                    id: member.id, instanceID: member.instanceID, clientID: member.clientID,
                    clientHost: member.clientHost, sessionTimeout: member.sessionTimeout,
                    rebalanceTimeout: min(
                        member.rebalanceTimeout ?? member.sessionTimeout,
                        options.rebalanceTimeoutMax),
                    protocols: [
                        MemberProtocol(
                            name: metadata.protocolName ?? "", metadata: member.subscription)
                    ],
                    assignment: member.assignment,
                    sessionDeadline: time.now.advanced(by: member.sessionTimeout)))
        }
        state = members.isEmpty ? .empty : .stable
        stateSince = metadata.stateSince
    }

    /// All records are replayed: its members get as long as they always do to be heard of.
    mutating func becomeLive(at time: GroupTime) {
        isLive = true
        for member in members.inOrder { heard(from: member.id, at: time) }
    }

    /// A sign of life, which puts off the end of the member's session.
    mutating func heard(from memberID: String, at time: GroupTime) {
        guard let member = members[memberID] else { return }
        members.setSessionDeadline(time.now.advanced(by: member.sessionTimeout), of: memberID)
    }

    // MARK: Who may speak

    /// Checks that the member is one, and under its instance id the one.
    func check(member memberID: String, instance: String?) throws(CoordinationError) {
        if let instance {
            guard let current = members.id(ofInstance: instance) else {
                throw .unknownMemberID(group: id, member: memberID)
            }
            guard current == memberID else { throw .fencedInstanceID(group: id, instance: instance) }
        } else if !members.contains(memberID) {
            throw .unknownMemberID(group: id, member: memberID)
        }
    }

    func check(generation given: Int32) throws(CoordinationError) {
        guard given == generation else {
            throw .illegalGeneration(group: id, given: given, current: generation)
        }
    }

    func checkNotDead() throws(CoordinationError) {
        guard state != .dead else {
            throw .coordinatorNotAvailable("group '\(id)' is being deleted")
        }
    }
}
