internal import MillraceShard

/// The ids that a group has given out (KIP-394) and that have not come back with a JoinGroup, and
/// until when they may.
struct PendingMembers: Sendable {
    private var deadlines = DeadlineQueue()

    var isEmpty: Bool { deadlines.isEmpty }
    var count: Int { deadlines.count }

    func contains(_ id: String) -> Bool { deadlines.contains(id) }

    mutating func insert(_ id: String, until deadline: Instant) {
        deadlines.schedule(id, deadline)
    }

    mutating func remove(_ id: String) { deadlines.schedule(id, nil) }

    /// None expires before this.
    var nextExpiry: Instant? { deadlines.next }

    mutating func removeExpired(by now: Instant) { while deadlines.popDue(now) != nil {} }
}
