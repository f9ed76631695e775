internal import MillraceShard

/// Names one JoinGroup or SyncGroup that waits for its answer.
package struct AnswerTicket: Hashable, Sendable {
    package var value: UInt64

    package init(value: UInt64) { self.value = value }
}

/// A member of a group of the classic protocol.
struct GroupMember: Sendable {
    var id: String
    var instanceID: String?
    var clientID: String
    var clientHost: String
    var sessionTimeout: Duration
    var rebalanceTimeout: Duration
    var protocols: [MemberProtocol]
    var assignment: [UInt8] = []

    /// Members are asked in the order in which they came.
    var arrival: UInt64 = 0
    /// It has not got its id yet, so no heartbeat can be expected of it.
    var isNew = false
    var awaitingJoin: AnswerTicket?
    var awaitingSync: AnswerTicket?
    /// It has joined the generation and not asked for its assignment yet.
    var owesSync = false
    var sessionDeadline: Instant

    /// When the member is given up unless it is heard of; none while it waits for the coordinator
    /// itself. A new member is not waited for without end: its connection may be gone.
    var expiry: Instant? {
        isNew || (awaitingJoin == nil && awaitingSync == nil) ? sessionDeadline : nil
    }

    func metadata(for name: String?) -> [UInt8] {
        protocols.first { $0.name == name }?.metadata ?? []
    }

    func supports(_ name: String) -> Bool { protocols.contains { $0.name == name } }
}

/// The members of a group, and what has to be counted about them.
struct GroupMembers: Sendable {
    private(set) var byID: [String: GroupMember] = [:]
    private var idsByInstance: [String: String] = [:]
    /// How many members know each protocol.
    private var supporterCounts: [String: Int] = [:]
    private(set) var awaitingJoinCount = 0
    private(set) var owingSyncCount = 0
    private var arrivalCount: UInt64 = 0
    /// No member expires before this. It may be earlier than it has to be: a sign of life does not
    /// change it, and `expired` puts it right.
    private(set) var nextExpiry: Instant?

    var count: Int { byID.count }
    var isEmpty: Bool { byID.isEmpty }

    subscript(id: String) -> GroupMember? { byID[id] }

    func contains(_ id: String) -> Bool { byID[id] != nil }

    func id(ofInstance instance: String) -> String? { idsByInstance[instance] }

    /// By arrival: nothing may depend on how a dictionary lies.
    var inOrder: [GroupMember] { byID.values.sorted { $0.arrival < $1.arrival } }

    /// Whether all members have joined the next generation.
    var allAwaitJoin: Bool { awaitingJoinCount == byID.count }

    func isSupportedByAll(_ name: String) -> Bool { supporterCounts[name] == byID.count }

    mutating func insert(_ member: GroupMember) {
        remove(member.id)
        arrivalCount += 1
        var member = member
        member.arrival = arrivalCount
        put(member)
    }

    @discardableResult
    mutating func remove(_ id: String) -> GroupMember? {
        guard let member = byID.removeValue(forKey: id) else { return nil }
        if byID.isEmpty { nextExpiry = nil }
        count(member, -1)
        if let instance = member.instanceID, idsByInstance[instance] == id {
            idsByInstance[instance] = nil
        }
        return member
    }

    /// Changes a member, whose id may change as well; it keeps its place.
    mutating func update(_ id: String, _ body: (inout GroupMember) -> Void) {
        guard var member = remove(id) else { return }
        body(&member)
        put(member)
    }

    mutating func setSessionDeadline(_ deadline: Instant, of id: String) {
        byID[id]?.sessionDeadline = deadline
        noteExpiry(of: byID[id])
    }

    private mutating func noteExpiry(of member: GroupMember?) {
        guard let expiry = member?.expiry else { return }
        nextExpiry = min(nextExpiry ?? expiry, expiry)
    }

    /// The members that were not heard of in time, by arrival.
    mutating func expired(by now: Instant) -> [GroupMember] {
        guard let next = nextExpiry, next <= now else { return [] }
        let expiries = byID.values.compactMap(\.expiry)
        nextExpiry = expiries.filter { $0 > now }.min()
        guard expiries.contains(where: { $0 <= now }) else { return [] }
        return inOrder.filter { $0.expiry.map { $0 <= now } ?? false }
    }

    private mutating func put(_ member: GroupMember) {
        byID[member.id] = member
        noteExpiry(of: member)
        count(member, 1)
        if let instance = member.instanceID { idsByInstance[instance] = member.id }
    }

    private mutating func count(_ member: GroupMember, _ step: Int) {
        if member.awaitingJoin != nil { awaitingJoinCount += step }
        if member.owesSync { owingSyncCount += step }
        for name in Set(member.protocols.map(\.name)) {
            let supporterCount = supporterCounts[name, default: 0] + step
            supporterCounts[name] = supporterCount == 0 ? nil : supporterCount
        }
    }

    /// The protocol that most members prefer among those that all know; the first in the oldest
    /// member's order of those with equal votes.
    var preferredProtocol: String? {
        let members = inOrder
        guard let first = members.first else { return nil }
        var votes: [String: Int] = [:]
        for member in members {
            if let vote = member.protocols.first(where: { isSupportedByAll($0.name) }) {
                votes[vote.name, default: 0] += 1
            }
        }
        var best: (name: String, count: Int)?
        for name in first.protocols.map(\.name) {
            if let count = votes[name], count > best?.count ?? 0 { best = (name, count) }
        }
        return best?.name
    }
}
