/// What one connection has received and not yet taken.
///
/// A transport that can receive into memory of ours asks for `writableBytes`, and says with `didWrite` how many it
/// wrote; one that brings its own memory calls `append`, which copies.
///
/// Bytes are written once and never moved while a slice points to them, so what is taken is handed on without a copy.
/// When nobody holds slices of the memory any more, it is used again; otherwise fresh memory takes its place and only
/// what was not taken yet is copied over.
package struct ReceiveBuffer: ~Copyable {
    private let capacity: Int
    private var buffer: AlignedBuffer
    /// What has been received and not yet taken is `start..<end`.
    private var start = 0
    private var end = 0

    /// A buffer that has grown is kept up to so many times the usual capacity.
    private static let keptCapacities = 16

    /// At once for a message that announces more: what it announces may never come.
    private static let reservedBytesMax = 4 << 20

    /// Where messages are large some of them fit: a buffer for each would be filled by two receives and a copy.
    private static let messagesKept = 4
    private static let messagesBytesMax = 256 << 10

    package init(capacity: Int) {
        self.capacity = capacity
        buffer = AlignedBuffer(count: capacity)
    }

    package var pendingCount: Int { end - start }

    /// Valid until the next call on this buffer.
    package var pending: UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(rebasing: buffer.bytes[start..<end])
    }

    /// Where to receive to: room for at least one byte, valid until the next call on this buffer.
    /// - Parameter announced: how many bytes, the pending ones among them, the unfinished message says it has.
    package mutating func writableBytes(announced: Int) -> UnsafeMutableRawBufferPointer {
        makeRoom(for: 1, announced: announced)
        return UnsafeMutableRawBufferPointer(rebasing: buffer.mutableBytes[end...])
    }

    package mutating func didWrite(_ count: Int) {
        precondition(
            count >= 0 && count <= buffer.count - end,
            "\(count) bytes written where \(buffer.count - end) fit")
        end += count
    }

    package mutating func append(_ bytes: UnsafeRawBufferPointer, announced: Int) {
        guard !bytes.isEmpty else { return }
        makeRoom(for: bytes.count, announced: announced)
        UnsafeMutableRawBufferPointer(rebasing: buffer.mutableBytes[end...]).copyMemory(from: bytes)
        end += bytes.count
    }

    /// Takes the first of the pending bytes.
    package mutating func take(_ count: Int) -> ByteSlice {
        precondition(count >= 0 && count <= pendingCount, "\(count) of \(pendingCount) bytes")
        defer { start += count }
        return ByteSlice(buffer, offset: start, count: count)
    }

    private mutating func makeRoom(for count: Int, announced: Int) {
        if start == end, isKnownUniquelyReferenced(&buffer) {
            start = 0
            end = 0
            // One large message must not cost its memory for as long as the connection lives.
            if buffer.count > Self.keptCapacities * capacity { buffer = AlignedBuffer(count: capacity) }
        }
        let likely = min(announced, max(Self.reservedBytesMax, 2 * pendingCount))
        let needed = max(pendingCount + count, likely)
        guard buffer.count - end < count || buffer.count - start < needed else { return }
        let several = min(Self.messagesKept * min(announced, Self.messagesBytesMax), Self.messagesBytesMax)
        let fresh = AlignedBuffer(count: max(capacity, needed, several))
        fresh.mutableBytes.copyMemory(from: pending)
        end -= start
        start = 0
        buffer = fresh
    }
}
