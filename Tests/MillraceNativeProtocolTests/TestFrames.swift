import MillraceBytes
import MillraceNativeProtocol
import SwiftProtobuf

func bytes(_ write: (inout ByteWriter) -> Void) -> [UInt8] {
    var writer = ByteWriter()
    write(&writer)
    return writer.take()
}

/// One frame of each kind, one with an attachment.
func framesOfAllKinds() -> [UInt8] {
    bytes { writer in
        var open = WireProduceOpen()
        open.topic = "orders"
        writer.writeCall(.produce, stream: StreamID(1), request: open)
        var batch = WireProduceBatch()
        batch.partition = 3
        batch.sequenceTag = 77
        writer.writeMessage(stream: StreamID(1), body: batch, attachmentCount: 5)
        writer.writeBytes([1, 2, 3, 4, 5])
        writer.writeCredit(stream: StreamID(3), bytes: 65_536)
        writer.writeHalfClose(stream: StreamID(1))
        writer.writeEnd(
            stream: StreamID(1),
            status: Status(.notFound, "no such topic", details: ["topic": "orders"]))
        writer.writeCancel(stream: StreamID(3))
        writer.writePing(0x0102_0304_0506_0708, answering: true)
        writer.writeGoAway(Status(.unavailable, "the broker stops"))
    }
}

/// Every frame of `bytes`, received `step` bytes at a time.
func assemble(
    _ bytes: [UInt8], step: Int, limits: FrameLimits = FrameLimits(), bufferBytes: Int = 64
) throws(FrameError) -> [Frame] {
    var assembler = FrameAssembler(limits: limits, bufferBytes: bufferBytes)
    var frames: [Frame] = []
    var position = 0
    while position < bytes.count {
        let count = min(step, bytes.count - position)
        bytes.withUnsafeBytes {
            assembler.append(UnsafeRawBufferPointer(rebasing: $0[position..<(position + count)]))
        }
        position += count
        while let frame = try assembler.next() { frames.append(frame) }
    }
    return frames
}

extension ByteSlice {
    var array: [UInt8] { withBytes { [UInt8]($0) } }
}
