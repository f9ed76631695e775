/// Why bytes from the other side are not the native protocol. The connection cannot go on after
/// one: where the next frame begins is no longer known.
package enum FrameError: Error, Hashable, Sendable {
    case notMillrace(firstBytes: [UInt8])
    case unsupportedVersion(UInt16, supported: UInt16)
    case unknownKind(UInt8)
    case unknownFlags(UInt8, kind: FrameKind)
    case frameTooLarge(bytes: Int, limit: Int)
    case bodyTooLarge(bytes: Int, limit: Int)
    case attachmentTooLong(UInt32, length: UInt32)
    case unexpectedAttachment(UInt32, kind: FrameKind)
    case unexpectedMethod(UInt16, kind: FrameKind)
    case wrongStream(StreamID, kind: FrameKind)
    case wrongBodyLength(Int, expected: Int, kind: FrameKind)
    /// The body is not the protobuf message that it should be.
    case malformedBody(message: String)
    case creditOverflow(granted: UInt32, available: Int64)
    case creditExceeded(bytes: Int, available: Int64)
    /// The frame is a good one, and not one that may come now.
    case unexpectedFrame(kind: FrameKind, stream: StreamID)
}

extension FrameError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .notMillrace(let bytes):
            """
            the other side does not speak Millrace's native protocol: it began with \
            \(Self.hex(bytes))
            """
        case .unsupportedVersion(let version, let supported):
            """
            the other side speaks version \(version) of the native protocol, this side \
            \(supported)
            """
        case .unknownKind(let kind):
            "a frame has the unknown kind \(kind); known are 1 to \(FrameKind.allCases.count)"
        case .unknownFlags(let flags, let kind):
            "a \(kind) frame has the unknown flags \(flags)"
        case .frameTooLarge(let bytes, let limit):
            "a frame of \(bytes) bytes is over the limit of \(limit); send smaller batches"
        case .bodyTooLarge(let bytes, let limit):
            "a frame has a body of \(bytes) bytes and the limit is \(limit)"
        case .attachmentTooLong(let attachment, let length):
            "a frame of \(length) bytes says that \(attachment) of them are its attachment"
        case .unexpectedAttachment(let count, let kind):
            "a \(kind) frame has an attachment of \(count) bytes, and may have \(kind.attachmentBytesMax)"
        case .unexpectedMethod(let method, let kind):
            "a \(kind) frame names method \(method); only CALL may name one"
        default:
            descriptionOfUse
        }
    }

    private var descriptionOfUse: String {
        switch self {
        case .wrongStream(let stream, let kind):
            """
            a \(kind) frame is on stream \(stream); PING and GOAWAY belong on stream 0, the others \
            but CREDIT on that of a call
            """
        case .wrongBodyLength(let count, let expected, let kind):
            "a \(kind) frame has a body of \(count) bytes and should have \(expected)"
        case .malformedBody(let message):
            "a body is not the \(message) message that it should be"
        case .creditOverflow(let granted, let available):
            "\(granted) bytes of credit on top of \(available) are more than a stream may have"
        case .creditExceeded(let bytes, let available):
            "\(bytes) bytes came when the credit was \(available)"
        case .unexpectedFrame(let kind, let stream):
            "a frame \(kind) came on stream \(stream), where none may come now"
        default:
            ""
        }
    }

    private static func hex(_ bytes: [UInt8]) -> String {
        guard !bytes.isEmpty else { return "nothing" }
        return bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined(separator: " ")
    }
}
