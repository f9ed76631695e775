/// Where reading a partition begins.
public enum StartPosition: Hashable, Sendable {
    /// The first record that is still there.
    case beginning
    /// The records that come after the call.
    case end
    /// The record with this offset. Out of range when the log has no such.
    case offset(Offset)
    /// The first record with this time or a later one.
    case timestamp(Timestamp)
}
