/// The position of a record in its partition: 0 for the first, then one more for each.
public struct Offset: Hashable, Comparable, Sendable, CustomStringConvertible {
    public var value: Int64

    public init(_ value: Int64) { self.value = value }

    public static let zero = Offset(0)

    public static func < (left: Offset, right: Offset) -> Bool { left.value < right.value }

    /// The offset `count` records later. Wraps instead of trapping: a hostile count must not kill
    /// the process, and every range that comes from outside is checked before it is used.
    public func advanced(by count: Int64) -> Offset { Offset(value &+ count) }

    public var description: String { String(value) }
}

/// Milliseconds since 1970-01-01T00:00:00Z, as Kafka's record format keeps time. -1 means "none".
public struct Timestamp: Hashable, Comparable, Sendable, CustomStringConvertible {
    public var milliseconds: Int64

    public init(milliseconds: Int64) { self.milliseconds = milliseconds }

    public static let none = Timestamp(milliseconds: -1)

    public static func < (left: Timestamp, right: Timestamp) -> Bool {
        left.milliseconds < right.milliseconds
    }

    public var description: String { String(milliseconds) }
}

/// Which leadership of the partition wrote a batch. It starts at 0 and grows by one at each
/// election.
public struct LeaderEpoch: Hashable, Comparable, Sendable {
    public var value: Int32

    public init(_ value: Int32) { self.value = value }

    public static let zero = LeaderEpoch(0)

    public static func < (left: LeaderEpoch, right: LeaderEpoch) -> Bool { left.value < right.value }
}

/// The number the broker gave a producer; -1 for a producer that is not idempotent.
public struct ProducerID: Hashable, Sendable {
    public var value: Int64

    public init(_ value: Int64) { self.value = value }

    public static let none = ProducerID(-1)
}

/// The incarnation of a producer id; an older one is fenced. -1 for none.
public struct ProducerEpoch: Hashable, Comparable, Sendable {
    public var value: Int16

    public init(_ value: Int16) { self.value = value }

    public static let none = ProducerEpoch(-1)

    public static func < (left: ProducerEpoch, right: ProducerEpoch) -> Bool { left.value < right.value }
}
