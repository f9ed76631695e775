package import MillraceBytes

/// A whole frame. Body and attachment lie where they were received and keep that memory alive.
package struct Frame: Sendable {
    package let header: FrameHeader
    package let body: ByteSlice
    package let attachment: ByteSlice
}

/// The receive buffer of one connection, which takes bytes as they come (see `ReceiveBuffer`) and gives whole frames,
/// whose bodies and attachments are handed on without a copy. `next` is called until it returns nil.
package struct FrameAssembler: ~Copyable {
    private let limits: FrameLimits
    private var buffer: ReceiveBuffer

    package init(limits: FrameLimits = FrameLimits(), bufferBytes: Int = 256 << 10) {
        self.limits = limits
        buffer = ReceiveBuffer(capacity: max(bufferBytes, FrameHeader.size))
    }

    /// The bytes of an unfinished frame.
    package var pendingCount: Int { buffer.pendingCount }
}

// MARK: - In

extension FrameAssembler {
    /// Where to receive to: room for at least one byte, valid until the next call on this
    /// assembler. For use after `next` has returned nil.
    package mutating func writableBytes() -> UnsafeMutableRawBufferPointer {
        let announced = announcedCount
        return buffer.writableBytes(announced: announced)
    }

    package mutating func didWrite(_ count: Int) { buffer.didWrite(count) }

    package mutating func append(_ bytes: UnsafeRawBufferPointer) {
        let announced = announcedCount
        buffer.append(bytes, announced: announced)
    }

    /// What the unfinished frame will take. A header that is not one is left for `next` to refuse.
    private var announcedCount: Int {
        do throws(FrameError) {
            return try FrameHeader(parsing: buffer.pending, limits: limits)?.frameCount ?? 0
        } catch {
            return 0
        }
    }
}

// MARK: - Out

extension FrameAssembler {
    /// The preface, once it is there. It is called before the first `next`.
    package mutating func nextPreface() throws(FrameError) -> Preface? {
        guard pendingCount >= Preface.size else {
            // What can already be told apart is: a stranger may never send all 8 bytes.
            try Preface.requirePrefix(buffer.pending)
            return nil
        }
        let preface = try Preface(parsing: buffer.pending)
        _ = buffer.take(Preface.size)
        return preface
    }

    /// The next whole frame, or nil when there is none yet. After an error the connection is to be
    /// closed.
    package mutating func next() throws(FrameError) -> Frame? {
        guard let header = try FrameHeader(parsing: buffer.pending, limits: limits),
            pendingCount >= header.frameCount
        else { return nil }
        _ = buffer.take(FrameHeader.size)
        let body = buffer.take(header.bodyCount)
        return Frame(header: header, body: body, attachment: buffer.take(header.attachmentCount))
    }
}
