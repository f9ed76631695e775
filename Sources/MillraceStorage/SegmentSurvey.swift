internal import MillraceBytes
internal import MillraceModel
internal import MillraceRecords
internal import MillraceShard
internal import SystemPackage

/// Walks all of a log file, past whatever is damaged in it: verification and dumps read a log this
/// way.
///
/// After damage it goes on where the next whole batch stands: where the damaged one says it ends,
/// if a batch begins there, and else at the first place behind it that has a batch with the right
/// CRC-32C. Offsets are not under the CRC-32C; a batch whose offset cannot stand between its
/// neighbours' is damaged too.
final class SegmentSurvey {
    /// Bytes that hold no batch that can be read.
    struct Damage {
        let position: UInt64
        let end: UInt64
        let reason: String
        /// What the bytes say of themselves, where they look like one batch.
        let header: RecordBatchHeader?
    }

    enum Step {
        case batch(SegmentScanner.Batch)
        case damage(Damage)
        case end
    }

    private let file: File
    private let limit: UInt64
    private let end: Offset
    private let scanner: SegmentScanner
    private let probe: SegmentScanner
    /// One past the last offset of the batches so far.
    private(set) var nextOffset: Offset

    private static let windowBytes = 256 << 10

    /// - Parameter end: no batch reaches beyond it.
    init(
        _ file: File, baseOffset: Offset, from position: UInt64 = 0, limit: UInt64,
        before end: Offset = Offset(.max)
    ) {
        self.end = end
        self.file = file
        self.limit = limit
        scanner = SegmentScanner(file, from: position, limit: limit, depth: .verified)
        probe = SegmentScanner(file, from: 0, limit: limit, depth: .verified)
        nextOffset = baseOffset
    }

    func next() async throws(StorageError) -> Step {
        switch try await scanner.next() {
        case .end: return .end
        case .batch(let batch):
            guard try await fits(batch) else {
                return .damage(
                    Damage(
                        position: batch.position, end: batch.end,
                        reason: """
                            a batch of offsets \(batch.header.baseOffset) to \
                            \(batch.header.lastOffset) cannot stand after \(nextOffset.value - 1)
                            """, header: batch.header))
            }
            nextOffset = batch.header.nextOffset
            return .batch(batch)
        case .damage(let damage):
            let (end, header) = try await resume(after: damage.position)
            scanner.move(to: end)
            return .damage(
                Damage(
                    position: damage.position, end: end, reason: damage.reason, header: header))
        }
    }

    private func fits(_ batch: SegmentScanner.Batch) async throws(StorageError) -> Bool {
        let header = batch.header
        guard header.baseOffset >= nextOffset, header.nextOffset <= end else { return false }
        if header.baseOffset == nextOffset { return true }
        // A gap is what compaction leaves, or a changed bit; the next batch says which.
        probe.move(to: batch.end)
        guard case .batch(let following) = try await probe.next() else { return true }
        return following.header.baseOffset >= header.nextOffset
    }

    /// Where the walk goes on, and the header of what is passed over if that is one batch.
    private func resume(
        after position: UInt64
    ) async throws(StorageError) -> (UInt64, RecordBatchHeader?) {
        let window = AlignedBuffer(count: Self.windowBytes)
        if let header = plausible(try await read(position, RecordBatchHeader.size, window), position) {
            let end = position &+ UInt64(header.sizeInBytes)
            if end == limit { return (end, header) }
            if try await isBatch(at: end) { return (end, header) }
        }
        var start = position &+ 1
        while start < limit {
            let bytes = try await read(start, Self.windowBytes, window)
            guard bytes.count >= RecordBatchHeader.size else { break }
            for index in 0...(bytes.count - RecordBatchHeader.size)
            where bytes[index + RecordBatchHeader.magicPosition] == UInt8(RecordBatchHeader.magic) {
                let place = start &+ UInt64(index)
                let header = UnsafeRawBufferPointer(
                    rebasing: bytes[index..<(index + RecordBatchHeader.size)])
                if plausible(header, place) != nil, try await isBatch(at: place) {
                    return (place, nil)
                }
            }
            start &+= UInt64(bytes.count - RecordBatchHeader.size + 1)
        }
        return (limit, nil)
    }

    private func read(
        _ position: UInt64, _ count: Int, _ window: AlignedBuffer
    ) async throws(StorageError) -> UnsafeRawBufferPointer {
        let wanted = Int(min(UInt64(count), limit &- position))
        let target = UnsafeMutableRawBufferPointer(start: window.pointer, count: wanted)
        let read = try await io("reading", file.path) { () throws(Errno) in
            try await file.read(into: target, at: position)
        }
        return UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(target)[..<read])
    }

    /// The header in the bytes, if a batch of this log could begin with it.
    private func plausible(
        _ bytes: UnsafeRawBufferPointer, _ position: UInt64
    ) -> RecordBatchHeader? {
        guard let header = try? RecordBatchHeader(parsing: bytes), header.codec != nil,
            header.baseOffset >= nextOffset, header.lastOffsetDelta >= 0,
            header.recordCount >= 0, header.recordCount <= Int64(header.lastOffsetDelta) + 1,
            UInt64(header.sizeInBytes) <= limit &- position
        else { return nil }
        return header
    }

    private func isBatch(at position: UInt64) async throws(StorageError) -> Bool {
        probe.move(to: position)
        guard case .batch(let batch) = try await probe.next() else { return false }
        return batch.header.baseOffset >= nextOffset && batch.header.nextOffset <= end
    }
}
