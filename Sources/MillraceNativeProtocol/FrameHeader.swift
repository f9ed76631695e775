/// The 16 bytes that every frame begins with, little-endian:
///
///      0         4         8    9    10        12        16
///     +---------+---------+----+----+---------+---------+--------------------+---------------+
///     | length  | stream  |kind|flag| method  | attach- | body               | attachment    |
///     |         | id      |    |    |         | ment    | length - attachment| as many bytes |
///     |         |         |    |    |         | length  |                    | as announced  |
///     | u32     | u32     | u8 | u8 | u16     | u32     |                    |               |
///     +---------+---------+----+----+---------+---------+--------------------+---------------+
///
/// The length counts what comes after the header: body and attachment together.
package struct FrameHeader: Hashable, Sendable {
    package var length: UInt32
    package var stream: StreamID
    package var kind: FrameKind
    package var flags: FrameFlags
    /// Which method a CALL calls, as a number, since it may be one we do not know; 0 in other
    /// frames.
    package var method: UInt16
    /// How many of the frame's last bytes are the attachment.
    package var attachmentLength: UInt32

    package static let size = 16

    package init(
        kind: FrameKind, stream: StreamID, flags: FrameFlags = [], method: UInt16 = 0,
        bodyCount: Int, attachmentCount: Int = 0
    ) {
        precondition(
            bodyCount >= 0 && attachmentCount >= 0
                && bodyCount <= Int(UInt32.max) - attachmentCount,
            "a frame with a body of \(bodyCount) and an attachment of \(attachmentCount) bytes")
        self.length = UInt32(bodyCount + attachmentCount)
        self.stream = stream
        self.kind = kind
        self.flags = flags
        self.method = method
        self.attachmentLength = UInt32(attachmentCount)
    }

    package var bodyCount: Int { Int(length) &- Int(attachmentLength) }
    package var attachmentCount: Int { Int(attachmentLength) }
    /// The whole frame, header included.
    package var frameCount: Int { Self.size &+ Int(length) }
}

// MARK: - Parsing

extension FrameHeader {
    /// Reads the header at the front of `bytes` and checks all that can be checked without knowing
    /// the connection; nil when there are fewer bytes than a header has.
    package init?(
        parsing bytes: UnsafeRawBufferPointer, limits: FrameLimits
    ) throws(FrameError) {
        guard bytes.count >= Self.size else { return nil }
        length = bytes.loadUnaligned(fromByteOffset: 0, as: UInt32.self).littleEndian
        stream = StreamID(bytes.loadUnaligned(fromByteOffset: 4, as: UInt32.self).littleEndian)
        guard let kind = FrameKind(rawValue: bytes[8]) else { throw .unknownKind(bytes[8]) }
        self.kind = kind
        flags = FrameFlags(rawValue: bytes[9])
        method = bytes.loadUnaligned(fromByteOffset: 10, as: UInt16.self).littleEndian
        attachmentLength = bytes.loadUnaligned(fromByteOffset: 12, as: UInt32.self).littleEndian

        guard Int(length) <= limits.frameBytesMax else {
            throw .frameTooLarge(bytes: Int(length), limit: limits.frameBytesMax)
        }
        guard attachmentLength <= length else {
            throw .attachmentTooLong(attachmentLength, length: length)
        }
        guard bodyCount <= limits.bodyBytesMax else {
            throw .bodyTooLarge(bytes: bodyCount, limit: limits.bodyBytesMax)
        }
        try checkKind()
    }

    /// What each kind may carry. Whatever has no meaning yet must be zero, so that it can be given
    /// one.
    private func checkKind() throws(FrameError) {
        guard kind == .credit || kind.isOfConnection == (stream == .connection) else {
            throw .wrongStream(stream, kind: kind)
        }
        guard flags.isSubset(of: kind == .ping ? .answer : []) else {
            throw .unknownFlags(flags.rawValue, kind: kind)
        }
        guard kind == .call || method == 0 else { throw .unexpectedMethod(method, kind: kind) }
        guard attachmentLength <= kind.attachmentBytesMax else {
            throw .unexpectedAttachment(attachmentLength, kind: kind)
        }
        if let bodyCount = kind.fixedBodyCount, bodyCount != Int(length) {
            throw .wrongBodyLength(Int(length), expected: bodyCount, kind: kind)
        }
    }
}

/// What a frame is for.
package enum FrameKind: UInt8, Hashable, Sendable, CaseIterable, CustomStringConvertible {
    /// Opens a stream. Body: the method's request. Attachment: none, or `CallOptions`.
    case call = 1
    /// One message on an open stream. Body: the method's message. Attachment: record batches, where the method says so.
    case message = 2
    /// Lets the other side send more bytes of attachments, on a stream or, on stream 0, on the connection. Body: how
    /// many, u32.
    case credit = 3
    /// From the broker: the call has ended. Body: `Status`. From the client: it sends no more
    /// messages on this stream. Body: empty.
    case end = 4
    /// From the client: stop. The broker answers with END, code 1.
    case cancel = 5
    /// Body: 8 bytes, sent back in a PING with the flag `answer`.
    case ping = 6
    /// From the broker, before it closes. Body: `Status`.
    case goAway = 7

    /// Whether frames of this kind belong to the connection, stream 0, and not to a call.
    var isOfConnection: Bool { self == .ping || self == .goAway }

    /// A frame that may have a larger one is bounded by `FrameLimits` alone.
    var attachmentBytesMax: UInt32 {
        switch self {
        case .message: .max
        case .call: 64 << 10
        case .credit, .end, .cancel, .ping, .goAway: 0
        }
    }

    var fixedBodyCount: Int? {
        switch self {
        case .call, .message, .end, .goAway: nil
        case .credit: 4
        case .cancel: 0
        case .ping: 8
        }
    }

    package var description: String {
        switch self {
        case .call: "CALL"
        case .message: "MESSAGE"
        case .credit: "CREDIT"
        case .end: "END"
        case .cancel: "CANCEL"
        case .ping: "PING"
        case .goAway: "GOAWAY"
        }
    }
}

package struct FrameFlags: OptionSet, Hashable, Sendable {
    package let rawValue: UInt8

    package init(rawValue: UInt8) { self.rawValue = rawValue }

    /// This PING answers one.
    package static let answer = FrameFlags(rawValue: 1)
}

/// Which call of a connection a frame belongs to. The client numbers its calls 1, 3, 5 and so on
/// and never uses a number twice; even numbers are kept for the broker. 0 is the connection itself.
package struct StreamID: Hashable, Comparable, Sendable, CustomStringConvertible {
    package var value: UInt32

    package init(_ value: UInt32) { self.value = value }

    package static let connection = StreamID(0)

    package var isFromClient: Bool { value & 1 == 1 }

    package static func < (left: StreamID, right: StreamID) -> Bool { left.value < right.value }

    package var description: String { String(value) }
}

/// How large a frame one side takes from the other. Nothing is allocated for a frame over it.
package struct FrameLimits: Hashable, Sendable {
    /// Body and attachment together.
    package var frameBytesMax: Int
    /// The body alone: bodies are decoded into objects, which take several times as much.
    package var bodyBytesMax: Int

    package init(
        frameBytesMax: Int = Self.standardFrameBytesMax,
        bodyBytesMax: Int = Self.standardBodyBytesMax
    ) {
        self.frameBytesMax = frameBytesMax
        self.bodyBytesMax = bodyBytesMax
    }

    /// The largest `max.message.bytes`, and room for the body beside it.
    package static let standardFrameBytesMax = (64 << 20) + standardBodyRoom
    package static let standardBodyBytesMax = 8 << 20
    private static let standardBodyRoom = 64 << 10
}
