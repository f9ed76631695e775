/// What the sending side of a stream may still send, in bytes of attachments.
///
/// A message may be sent while the credit is above zero, whatever its size, and takes its size off,
/// so that the credit may fall below zero by less than one message: a batch larger than the
/// receiver's window still travels, and the receiver's memory is bounded by its window and one
/// frame.
package struct SendCredit: Hashable, Sendable {
    package private(set) var available: Int64

    /// More than a receiver can ask for in one grant is cut to that.
    package init(initial: UInt64) { available = Int64(min(initial, UInt64(Self.most))) }

    /// A receiver that grants more than this has lost count.
    static let most: Int64 = 1 << 40

    /// What a client may send in a call before the broker has granted anything.
    package static let ofCall = SendCredit(initial: UInt64(ReceiveCredit.callWindow))
    /// What a client may send in all its calls before the broker has granted anything.
    package static let ofConnection = SendCredit(initial: UInt64(ReceiveCredit.connectionWindow))

    package var maySend: Bool { available > 0 }

    package mutating func grant(_ bytes: UInt32) throws(FrameError) {
        guard available <= Self.most - Int64(bytes) else {
            throw .creditOverflow(granted: bytes, available: available)
        }
        available += Int64(bytes)
    }

    package mutating func spend(_ bytes: Int) {
        precondition(maySend || bytes == 0, "\(bytes) bytes sent with a credit of \(available)")
        available -= Int64(bytes)
    }
}

/// What the receiving side of a stream has granted, and when to grant more: when half of the window
/// has been consumed, so that the sender does not run dry and grants stay few.
package struct ReceiveCredit: Hashable, Sendable {
    package let window: Int

    /// What a broker takes in one call ahead of its acknowledgements.
    package static let callWindow = 4 << 20
    /// What a broker takes in all calls of a connection ahead of its acknowledgements.
    package static let connectionWindow = 16 << 20

    /// What the sender may still send, as far as the receiver has granted.
    package private(set) var available: Int64
    private var consumedSinceGrant = 0

    package init(window: Int) {
        precondition(window > 0 && window <= Int(UInt32.max / 2), "a window of \(window) bytes")
        self.window = window
        available = Int64(window)
    }

    package mutating func received(_ bytes: Int) throws(FrameError) {
        guard bytes == 0 || available > 0 else {
            throw .creditExceeded(bytes: bytes, available: available)
        }
        available -= Int64(bytes)
    }

    /// Counts bytes that need no more memory; returns what to grant now, if anything.
    package mutating func consumed(_ bytes: Int) -> UInt32? {
        consumedSinceGrant += bytes
        guard consumedSinceGrant >= (window + 1) / 2 else { return nil }
        let grant = UInt32(clamping: consumedSinceGrant)
        consumedSinceGrant -= Int(grant)
        available += Int64(grant)
        return grant
    }
}
