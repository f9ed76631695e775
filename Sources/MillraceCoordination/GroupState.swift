package import MillraceModel
package import MillraceShard

/// Where a group of the classic protocol is.
///
///     empty -> preparingRebalance -> completingRebalance -> stable
///       ^              |  ^                    |              |
///       +--------------+  +--------------------+--------------+
package enum GroupState: String, Hashable, Sendable, CaseIterable {
    /// It has no members; there may be offsets.
    case empty = "Empty"
    /// Members are awaited to join the next generation.
    case preparingRebalance = "PreparingRebalance"
    /// The generation has begun and awaits its leader's assignment.
    case completingRebalance = "CompletingRebalance"
    /// Every member has its assignment.
    case stable = "Stable"
    /// It is being deleted, or was never there.
    case dead = "Dead"
}

/// The time at which a group is asked something: one that only goes on, for timeouts, and the time
/// of day, for what is written down.
package struct GroupTime: Hashable, Sendable {
    package var now: Instant
    package var wallClock: Timestamp

    package init(now: Instant, wallClock: Timestamp) {
        self.now = now
        self.wallClock = wallClock
    }
}
