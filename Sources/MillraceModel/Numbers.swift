/// The position of a record in its partition: 0 for the first, then one more for each.
public struct Offset: Hashable, Comparable, Sendable, CustomStringConvertible {
    /// The number itself; Kafka calls it the record's offset, too.
    public var value: Int64

    /// The offset of a number, which is not checked: logs refuse what lies outside of them.
    public init(_ value: Int64) { self.value = value }

    /// The first record that a partition ever had.
    public static let zero = Offset(0)

    public static func < (left: Offset, right: Offset) -> Bool { left.value < right.value }

    /// The offset `count` records later. Wraps instead of trapping: a hostile count must not kill
    /// the process, and every range that comes from outside is checked before it is used.
    public func advanced(by count: Int64) -> Offset { Offset(value &+ count) }

    public var description: String { String(value) }
}

/// Milliseconds since 1970-01-01T00:00:00Z, as Kafka's record format keeps time. -1 means "none".
public struct Timestamp: Hashable, Comparable, Sendable, CustomStringConvertible {
    /// Milliseconds since 1970-01-01T00:00:00Z; negative before it.
    public var milliseconds: Int64

    /// The time so many milliseconds after 1970-01-01T00:00:00Z.
    public init(milliseconds: Int64) { self.milliseconds = milliseconds }

    /// What stands for no time in the record format.
    public static let none = Timestamp(milliseconds: -1)

    public static func < (left: Timestamp, right: Timestamp) -> Bool {
        left.milliseconds < right.milliseconds
    }

    public var description: String { String(milliseconds) }
}

/// Which leadership of the partition wrote a batch. It starts at 0 and grows by one at each
/// election.
public struct LeaderEpoch: Hashable, Comparable, Sendable {
    /// The number itself.
    public var value: Int32

    /// The epoch of a number, which is not checked.
    public init(_ value: Int32) { self.value = value }

    /// The first leadership of a partition.
    public static let zero = LeaderEpoch(0)

    public static func < (left: LeaderEpoch, right: LeaderEpoch) -> Bool { left.value < right.value }
}

/// The number the broker gave a producer; -1 for a producer that is not idempotent.
public struct ProducerID: Hashable, Sendable {
    /// The number itself.
    public var value: Int64

    /// The producer id of a number, which is not checked.
    public init(_ value: Int64) { self.value = value }

    /// What stands for no producer id: the producer is not idempotent.
    public static let none = ProducerID(-1)
}

/// The incarnation of a producer id; an older one is fenced. -1 for none.
public struct ProducerEpoch: Hashable, Comparable, Sendable {
    /// The number itself.
    public var value: Int16

    /// The epoch of a number, which is not checked.
    public init(_ value: Int16) { self.value = value }

    /// What stands for no epoch: the producer is not idempotent.
    public static let none = ProducerEpoch(-1)

    public static func < (left: ProducerEpoch, right: ProducerEpoch) -> Bool { left.value < right.value }
}
