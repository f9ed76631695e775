package import MillraceBytes
package import MillraceModel
internal import MillraceRecords
package import MillraceShard
internal import SystemPackage

/// Where a reader stands in the files of a partition: always at the beginning of a batch.
///
/// A place in the files holds until compaction has replaced segments; then the reader goes on by its offset.
package struct ReadCursor: Hashable, Sendable {
    var segment: Offset
    var position: UInt64
    /// The batch that begins there is the first whose last offset is not below this one. It may be any of that
    /// batch's, and where it was gone already one below.
    package var offset: Offset
    /// `PartitionLog.revision` as of which the place holds.
    var revision: UInt64
}

/// A range of whole batches in a segment file, to be sent as it lies or read.
package struct FileRange: Sendable {
    package let file: File
    package let position: UInt64
    package let count: Int
    /// Where to go on.
    package let next: ReadCursor
    let segment: Segment
}

/// What a partition can say of itself.
package struct PartitionState: Sendable {
    package let partition: TopicPartition
    package let logStartOffset: Offset
    package let highWatermark: Offset
    package let logEndOffset: Offset
    package let sizeInBytes: UInt64
    package let segmentCount: Int
    /// The base offset of the segment that is written to.
    package let activeBaseOffset: Offset
    /// From here on the log has not been compacted.
    package let firstDirtyOffset: Offset
    package let damage: [DamagedRange]
    /// Why it takes no writes, if it does not.
    package let refusal: String?
}

extension StorageShard {
    package func state(of log: PartitionLog) -> PartitionState {
        PartitionState(
            partition: log.partition, logStartOffset: log.logStartOffset,
            highWatermark: log.highWatermark, logEndOffset: log.logEndOffset,
            sizeInBytes: log.sizeInBytes, segmentCount: log.segments.count,
            activeBaseOffset: log.active.baseOffset,
            firstDirtyOffset: log.cleaning.firstDirtyOffset, damage: log.damage, refusal: log.refusal?.reason)
    }

    /// The offsets between which records can be read.
    package func bounds(of log: PartitionLog) -> (logStartOffset: Offset, highWatermark: Offset) {
        (log.logStartOffset, log.highWatermark)
    }

    /// Finds the batch that holds the offset. The high watermark itself is where the next record
    /// will be.
    package func cursor(
        at offset: Offset, of log: PartitionLog
    ) async throws(StorageError) -> ReadCursor {
        guard !log.isClosed else { throw .unknownPartition(log.partition) }
        guard offset >= log.logStartOffset, offset <= log.highWatermark,
            let index = log.segmentIndex(for: offset)
        else {
            throw .offsetOutOfRange(
                log.partition, offset, first: log.logStartOffset, next: log.highWatermark)
        }
        try log.checkIntact(offset)
        let segment = log.segments[index]
        let limit = log.visibleSize(of: segment)
        var cursor = ReadCursor(
            segment: segment.baseOffset, position: limit, offset: offset, revision: log.revision)
        guard offset != log.highWatermark else { return cursor }
        let start = segment.index.position(
            for: UInt32(truncatingIfNeeded: offset.value &- segment.baseOffset.value))
        cursor.position = try await find(offset, log, segment, from: start, limit)
        return cursor
    }

    /// The same place in the files as they are now.
    private func current(
        _ cursor: ReadCursor, of log: PartitionLog
    ) async throws(StorageError) -> ReadCursor {
        var cursor = cursor
        while cursor.revision != log.revision {
            cursor = try await self.cursor(at: cursor.offset, of: log)
        }
        return cursor
    }

    /// The whole batches from the cursor on, up to about `bytesMax` but at least one, and not
    /// beyond the place `end`; nil there and at the high watermark.
    package func range(
        from cursor: ReadCursor, of log: PartitionLog, bytesMax: Int, notBeyond end: ReadCursor? = nil
    ) async throws(StorageError) -> FileRange? {
        var (cursor, end) = (cursor, end)
        while true {
            guard !log.isClosed else { throw .unknownPartition(log.partition) }
            if cursor.revision != log.revision || end.map({ $0.revision != log.revision }) == true {
                cursor = try await current(cursor, of: log)
                if let place = end { end = try await current(place, of: log) }
                continue
            }
            guard let index = log.segments.firstIndex(where: { $0.baseOffset == cursor.segment })
            else {
                throw .offsetOutOfRange(
                    log.partition, cursor.segment, first: log.logStartOffset,
                    next: log.highWatermark)
            }
            let segment = log.segments[index]
            let limit = limit(of: segment, log, from: cursor, notBeyond: end)
            if let range = limit.damage, range.position == cursor.position { throw .damaged(range) }
            if cursor.position < limit.position {
                let position = cursor.position
                cursor.position = limit.position
                cursor.offset = limit.offset
                try await cutShort(&cursor, segment, log, from: position, bytesMax)
                return FileRange(
                    file: segment.file, position: position,
                    count: Int(cursor.position - position), next: cursor, segment: segment)
            }
            guard index + 1 < log.segments.count, cursor.segment != end?.segment else { return nil }
            let following = log.segments[index + 1]
            guard
                following.baseOffset < log.highWatermark
                    || segment.nextOffset < following.baseOffset
            else { return nil }
            try log.checkIntact(segment.nextOffset)
            cursor = ReadCursor(
                segment: following.baseOffset, position: 0, offset: following.baseOffset,
                revision: log.revision)
        }
    }

    /// How far a segment may be read.
    private struct ReadLimit {
        var position: UInt64
        /// Of what stands behind it.
        var offset: Offset
        var damage: DamagedRange?
    }

    private func limit(
        of segment: Segment, _ log: PartitionLog, from cursor: ReadCursor, notBeyond end: ReadCursor?
    ) -> ReadLimit {
        let size = log.visibleSize(of: segment)
        var limit = ReadLimit(
            position: size, offset: min(segment.nextOffset, log.highWatermark))
        if let end, end.segment == segment.baseOffset, end.position <= size {
            limit.position = end.position
            limit.offset = end.offset
        }
        if let range = log.damage.first(where: {
            $0.file == segment.file.path && $0.position >= cursor.position
        }) {
            limit.damage = range
            if range.position < limit.position {
                limit.position = range.position
                limit.offset = range.first
            }
        }
        return limit
    }

    /// Moves the end of a range that is longer than about `bytesMax` to where one batch ends and
    /// the next begins: by the index, which knows such places, and for a batch that is larger by
    /// its header.
    private func cutShort(
        _ end: inout ReadCursor, _ segment: Segment, _ log: PartitionLog, from position: UInt64,
        _ bytesMax: Int
    ) async throws(StorageError) {
        let limit = end.position
        if limit - position <= UInt64(max(0, bytesMax)) { return }
        let wanted = min(limit, position &+ UInt64(max(0, bytesMax)))
        if let known = segment.index.boundary(after: position, upTo: wanted) {
            if let proven = try await segment.prove(known) {
                end.position = UInt64(proven.position)
                end.offset = segment.baseOffset.advanced(by: Int64(proven.relativeOffset))
                return
            }
            await segment.distrustIndex(on: shard)
        }
        let scanner = SegmentScanner(segment.file, from: position, limit: limit, depth: .headers)
        end.position = position
        while case .batch(let batch) = try await scanner.next() {
            if end.position > position, batch.end > wanted { return }
            end.position = batch.end
            end.offset = batch.header.nextOffset
            if end.position >= wanted { return }
        }
        guard end.position > position else {
            throw .damaged(try await damagedRange(log, segment, at: position))
        }
    }

    /// Reads the whole batches from the cursor on into memory; nil at the high watermark. Each
    /// batch's CRC-32C is checked: what is damaged is refused, and what stands before it comes
    /// first.
    package func read(
        from cursor: ReadCursor, of log: PartitionLog, bytesMax: Int
    ) async throws(StorageError) -> (ByteSlice, next: ReadCursor)? {
        guard let range = try await range(from: cursor, of: log, bytesMax: bytesMax) else {
            return nil
        }
        let buffer = AlignedBuffer(count: range.count)
        let count = try await io("reading", range.file.path) { () throws(Errno) in
            try await range.file.read(into: buffer.mutableBytes, at: range.position)
        }
        let (whole, end) = Self.wholeBytes(
            UnsafeRawBufferPointer(rebasing: buffer.bytes[..<count]),
            before: log.end(of: range.segment))
        if whole == range.count { return (ByteSlice(buffer), range.next) }
        guard whole == 0 else {
            var next = range.next
            next.position = range.position &+ UInt64(whole)
            next.offset = end
            return (ByteSlice(buffer, offset: 0, count: whole), next)
        }
        throw .damaged(try await damagedRange(log, range.segment, at: range.position))
    }

    /// How many of the bytes are batches as they were written, none of which reaches beyond the
    /// end, and one past their last offset.
    private static func wholeBytes(
        _ bytes: UnsafeRawBufferPointer, before end: Offset
    ) -> (count: Int, next: Offset) {
        var sequence = BatchSequence(bytes, limit: bytes.count, verifiesChecksums: true)
        var next = Offset.zero
        var previous = (count: 0, next: Offset.zero)
        while true {
            let start = sequence.position
            guard let batch = try? sequence.next(), batch.header.nextOffset <= end else {
                return (start, next)
            }
            // One of the two has a changed offset; whoever looks from the first on finds out which.
            guard batch.header.baseOffset >= next else { return previous }
            previous = (start, next)
            next = batch.header.nextOffset
        }
    }

    /// Waits until there is something at or beyond the offset to read; false where the time was
    /// over first, or the task was cancelled.
    package func waitForRecords(
        beyond offset: Offset, of log: PartitionLog, until deadline: Instant?
    ) async throws(StorageError) -> Bool {
        let result = await withTaskCancellationHandler { () async -> Result<Bool, StorageError> in
            do throws(StorageError) {
                return .success(try await wait(beyond: offset, of: log, until: deadline))
            } catch {
                return .failure(error)
            }
        } onCancel: {
            // Whoever waits looks again, and finds out which of them it was.
            shard.spawn { await self.wakeReaders(of: log) }
        }
        return try result.get()
    }

    private func wakeReaders(of log: PartitionLog) { log.advanced.notifyAll() }

    private func wait(
        beyond offset: Offset, of log: PartitionLog, until deadline: Instant?
    ) async throws(StorageError) -> Bool {
        while log.highWatermark <= offset {
            guard !log.isClosed else { throw .unknownPartition(log.partition) }
            guard !isClosing else { throw .closed }
            guard !Task.isCancelled else { return false }
            do throws(Errno) {
                if let deadline {
                    let seen = log.advanced.notices
                    guard try await log.advanced.wait(until: deadline, after: seen) else {
                        return false
                    }
                } else {
                    try await log.advanced.wait(after: log.advanced.notices)
                }
            } catch {
                throw .closed
            }
        }
        return true
    }
}
