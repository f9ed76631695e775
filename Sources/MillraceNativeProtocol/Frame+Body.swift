package import MillraceBytes
package import SwiftProtobuf

// What bodies say. Each throws `FrameError.malformedBody` for bytes that are not what they should
// be.
extension Frame {
    package func decode<Body: SwiftProtobuf.Message>(
        _ type: Body.Type
    ) throws(FrameError) -> Body {
        try body.decode(type)
    }

    /// Of an END or a GOAWAY from the broker.
    package func status() throws(FrameError) -> Status {
        Status(try decode(WireStatus.self))
    }

    /// Of a CREDIT, whose header has been checked to announce 4 bytes.
    package func creditBytes() -> UInt32 {
        body.withBytes { $0.loadUnaligned(as: UInt32.self).littleEndian }
    }

    /// Of a PING, whose header has been checked to announce 8 bytes.
    package func pingPayload() -> UInt64 {
        body.withBytes { $0.loadUnaligned(as: UInt64.self).littleEndian }
    }
}

extension ByteSlice {
    package func decode<Body: SwiftProtobuf.Message>(
        _ type: Body.Type
    ) throws(FrameError) -> Body {
        do {
            return try withBytes { try Body(serializedBytes: $0.bytes) }
        } catch {
            throw .malformedBody(message: type.protoMessageName)
        }
    }
}
