package import MillraceBytes

/// A whole frame. Body and attachment lie where they were received and keep that memory alive.
package struct Frame: Sendable {
    package let header: FrameHeader
    package let body: ByteSlice
    package let attachment: ByteSlice
}

/// The receive buffer of one connection, which takes bytes as they come and gives whole frames.
///
/// A transport that can receive into memory of ours asks for `writableBytes`, and says with
/// `didWrite` how many it wrote; one that brings its own memory calls `append`, which copies.
/// Either way `next` is then called until it returns nil.
///
/// Bytes are written once and never moved while a frame points to them, so attachments are handed
/// on without a copy. When nobody holds frames of the buffer any more, it is used again; otherwise
/// a fresh one takes its place and only the beginning of an unfinished frame is copied over.
package struct FrameAssembler: ~Copyable {
    private let limits: FrameLimits
    private let bufferBytes: Int
    private var buffer: AlignedBuffer
    /// What has been received and not yet given out is `start..<end`.
    private var start = 0
    private var end = 0

    /// At once for a frame that announces more: what it announces may never come.
    private static let reservedBytesMax = 4 << 20

    package init(limits: FrameLimits = FrameLimits(), bufferBytes: Int = 256 << 10) {
        self.limits = limits
        self.bufferBytes = max(bufferBytes, FrameHeader.size)
        buffer = AlignedBuffer(count: self.bufferBytes)
    }

    /// The bytes of an unfinished frame.
    package var pendingCount: Int { end - start }

    private var pending: UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(rebasing: buffer.bytes[start..<end])
    }
}

// MARK: - In

extension FrameAssembler {
    /// Where to receive to: room for at least one byte, valid until the next call on this
    /// assembler. For use after `next` has returned nil.
    package mutating func writableBytes() -> UnsafeMutableRawBufferPointer {
        makeRoom(for: 1)
        return UnsafeMutableRawBufferPointer(rebasing: buffer.mutableBytes[end...])
    }

    package mutating func didWrite(_ count: Int) {
        precondition(
            count >= 0 && count <= buffer.count - end,
            "\(count) bytes written where \(buffer.count - end) fit")
        end += count
    }

    package mutating func append(_ bytes: UnsafeRawBufferPointer) {
        guard !bytes.isEmpty else { return }
        makeRoom(for: bytes.count)
        UnsafeMutableRawBufferPointer(rebasing: buffer.mutableBytes[end...]).copyMemory(from: bytes)
        end += bytes.count
    }

    private mutating func makeRoom(for count: Int) {
        if start == end, isKnownUniquelyReferenced(&buffer) {
            start = 0
            end = 0
        }
        let needed = max(pendingCount + count, announcedCount)
        guard buffer.count - end < count || buffer.count - start < needed else { return }
        let fresh = AlignedBuffer(count: max(bufferBytes, needed))
        fresh.mutableBytes.copyMemory(from: pending)
        end -= start
        start = 0
        buffer = fresh
    }

    /// What the unfinished frame will take, as far as that may be reserved before it has come. A
    /// header that is not one is left for `next` to refuse.
    private var announcedCount: Int {
        let header: FrameHeader?
        do throws(FrameError) {
            header = try FrameHeader(parsing: pending, limits: limits)
        } catch {
            return 0
        }
        guard let header else { return 0 }
        return min(header.frameCount, max(Self.reservedBytesMax, 2 * pendingCount))
    }
}

// MARK: - Out

extension FrameAssembler {
    /// The preface, once it is there. It is called before the first `next`.
    package mutating func nextPreface() throws(FrameError) -> Preface? {
        guard pendingCount >= Preface.size else {
            // What can already be told apart is: a stranger may never send all 8 bytes.
            try Preface.requirePrefix(pending)
            return nil
        }
        let preface = try Preface(parsing: pending)
        start += Preface.size
        return preface
    }

    /// The next whole frame, or nil when there is none yet. After an error the connection is to be
    /// closed.
    package mutating func next() throws(FrameError) -> Frame? {
        guard let header = try FrameHeader(parsing: pending, limits: limits),
            pendingCount >= header.frameCount
        else { return nil }
        let body = start + FrameHeader.size
        let frame = Frame(
            header: header,
            body: ByteSlice(buffer, offset: body, count: header.bodyCount),
            attachment: ByteSlice(
                buffer, offset: body + header.bodyCount, count: header.attachmentCount))
        start += header.frameCount
        return frame
    }
}
