internal import MillraceBytes
internal import MillraceModel
internal import MillraceRecords
internal import MillraceShard
internal import SystemPackage

/// Walks the batches of a log file, in order, through a window of it.
///
/// Recovery, look-ups, verification and dumps all read a log this way. What it meets is never
/// trusted: a length that leaves the file or goes backwards ends the walk with the position and the
/// reason.
final class SegmentScanner {
    /// One batch of the log; `bytes` are valid until the next call, and only where whole batches
    /// were asked for.
    struct Batch {
        let header: RecordBatchHeader
        let position: UInt64
        let bytes: UnsafeRawBufferPointer

        var end: UInt64 { position &+ UInt64(header.sizeInBytes) }
    }

    enum Depth {
        /// Headers only; the records of large batches are not even read.
        case headers
        /// Whole batches, their CRC-32C checked.
        case verified
    }

    private let file: File
    private let limit: UInt64
    private let depth: Depth
    private var position: UInt64
    private var window: AlignedBuffer
    private var windowStart: UInt64 = 0
    private var windowCount = 0

    private static let windowBytes = 256 << 10

    /// - Parameter limit: where the walk ends: the file's size, or less.
    init(_ file: File, from position: UInt64, limit: UInt64, depth: Depth) {
        self.file = file
        self.limit = limit
        self.depth = depth
        self.position = position
        window = AlignedBuffer(count: Int(min(UInt64(Self.windowBytes), max(4096, limit))))
    }

    /// Why a walk ended before its limit.
    struct Damage: Error {
        let position: UInt64
        let reason: String
    }

    enum Step {
        case batch(Batch)
        case end
        case damage(Damage)
    }

    /// Goes on at another place.
    func move(to position: UInt64) { self.position = position }

    func next() async throws(StorageError) -> Step {
        guard position < limit else { return .end }
        guard limit - position >= UInt64(RecordBatchHeader.size) else {
            return damage("\(limit - position) bytes are too few for a batch header")
        }
        guard try await fill(RecordBatchHeader.size) else {
            return damage("the file ends before its size says")
        }
        let header: RecordBatchHeader
        do throws(RecordsError) {
            header = try RecordBatchHeader(parsing: bytes(RecordBatchHeader.size))
        } catch {
            return damage("\(error)")
        }
        guard header.baseOffset >= .zero, header.lastOffsetDelta >= 0,
            header.nextOffset > header.baseOffset
        else {
            return damage(
                "offset \(header.baseOffset) with a last offset delta of \(header.lastOffsetDelta)")
        }
        guard UInt64(header.sizeInBytes) <= limit - position else {
            return damage(
                "a batch of \(header.sizeInBytes) bytes does not fit the \(limit - position) left")
        }
        guard depth == .verified else {
            defer { position &+= UInt64(header.sizeInBytes) }
            return .batch(
                Batch(header: header, position: position, bytes: bytes(RecordBatchHeader.size)))
        }
        guard try await fill(header.sizeInBytes) else {
            return damage("the file ends before its size says")
        }
        let whole = bytes(header.sizeInBytes)
        guard RecordBatch.checksum(whole) == header.checksum else {
            return damage("the CRC-32C does not match")
        }
        defer { position &+= UInt64(header.sizeInBytes) }
        return .batch(Batch(header: header, position: position, bytes: whole))
    }

    private func damage(_ reason: String) -> Step {
        .damage(Damage(position: position, reason: reason))
    }

    private func bytes(_ count: Int) -> UnsafeRawBufferPointer {
        let start = Int(position - windowStart)
        return UnsafeRawBufferPointer(start: window.pointer + start, count: count)
    }

    /// Has at least `count` bytes from the position in the window; false where the file has fewer.
    private func fill(_ count: Int) async throws(StorageError) -> Bool {
        let isInside =
            position >= windowStart
            && position - windowStart &+ UInt64(count) <= UInt64(windowCount)
        if isInside { return true }
        if count > window.count {
            window = AlignedBuffer(count: (count + 4095) & ~4095)
        }
        windowStart = position
        let wanted = Int(min(UInt64(window.count), limit - position))
        let target = UnsafeMutableRawBufferPointer(start: window.pointer, count: wanted)
        let (file, position) = (file, position)
        windowCount = try await io("reading", file.path) { () throws(Errno) in
            try await file.read(into: target, at: position)
        }
        return windowCount >= count
    }
}
