package import MillraceBytes
package import SwiftProtobuf

// Writing frames. The attachment is not written here: it follows from where it lies.
extension ByteWriter {
    package mutating func writeFrameHeader(_ header: FrameHeader) {
        writeUInt32LittleEndian(header.length)
        writeUInt32LittleEndian(header.stream.value)
        writeUInt8(header.kind.rawValue)
        writeUInt8(header.flags.rawValue)
        writeUInt16LittleEndian(header.method)
        writeUInt32LittleEndian(header.attachmentLength)
    }

    package mutating func writeCall(
        _ method: Method, stream: StreamID, request: some SwiftProtobuf.Message, options: WireCallOptions? = nil
    ) {
        let attachment = options.map(Self.encode) ?? []
        writeFrame(
            .call, stream: stream, method: method.rawValue, body: request, attachmentCount: attachment.count)
        writeBytes(attachment)
    }

    /// The frame but for its attachment: `attachmentCount` bytes are to follow.
    package mutating func writeMessage(
        stream: StreamID, body: some SwiftProtobuf.Message, attachmentCount: Int = 0
    ) {
        writeFrame(.message, stream: stream, body: body, attachmentCount: attachmentCount)
    }

    package mutating func writeCredit(stream: StreamID, bytes: UInt32) {
        writeFrameHeader(FrameHeader(kind: .credit, stream: stream, bodyCount: 4))
        writeUInt32LittleEndian(bytes)
    }

    /// The broker's END.
    package mutating func writeEnd(stream: StreamID, status: Status) {
        writeFrame(.end, stream: stream, body: status.wire)
    }

    /// The client's END: no more messages from this side.
    package mutating func writeHalfClose(stream: StreamID) {
        writeFrameHeader(FrameHeader(kind: .end, stream: stream, bodyCount: 0))
    }

    package mutating func writeCancel(stream: StreamID) {
        writeFrameHeader(FrameHeader(kind: .cancel, stream: stream, bodyCount: 0))
    }

    /// A PING, or with `answering` the answer to one; `payload` has 8 bytes.
    package mutating func writePing(_ payload: UInt64, answering: Bool = false) {
        writeFrameHeader(
            FrameHeader(
                kind: .ping, stream: .connection, flags: answering ? .answer : [], bodyCount: 8))
        writeUInt64LittleEndian(payload)
    }

    package mutating func writeGoAway(_ status: Status) {
        writeFrame(.goAway, stream: .connection, body: status.wire)
    }

    private mutating func writeFrame(
        _ kind: FrameKind, stream: StreamID, method: UInt16 = 0, body: some SwiftProtobuf.Message,
        attachmentCount: Int = 0
    ) {
        let bytes = Self.encode(body)
        writeFrameHeader(
            FrameHeader(
                kind: kind, stream: stream, method: method, bodyCount: bytes.count,
                attachmentCount: attachmentCount))
        writeBytes(bytes)
    }

    private static func encode(_ message: some SwiftProtobuf.Message) -> [UInt8] {
        do {
            return try message.serializedBytes()
        } catch {
            // Proto3 messages without Any have no required field to miss and no bad content to
            // refuse.
            preconditionFailure("\(type(of: message).protoMessageName) was not encoded: \(error)")
        }
    }
}
