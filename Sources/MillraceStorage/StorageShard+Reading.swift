package import MillraceBytes
package import MillraceModel
internal import MillraceRecords
package import MillraceShard
internal import SystemPackage

/// Where a reader stands in the files of a partition: always at the beginning of a batch.
package struct ReadCursor: Hashable, Sendable {
    var segment: Offset
    var position: UInt64
}

/// A range of whole batches in a segment file, to be sent as it lies or read.
package struct FileRange: Sendable {
    package let file: File
    package let position: UInt64
    package let count: Int
    /// Where to go on.
    package let next: ReadCursor
}

/// What a partition can say of itself.
package struct PartitionState: Sendable {
    package let partition: TopicPartition
    package let logStartOffset: Offset
    package let highWatermark: Offset
    package let logEndOffset: Offset
    package let sizeInBytes: UInt64
    package let segmentCount: Int
    package let damage: [DamagedRange]
    /// Why it takes no writes, if it does not.
    package let refusal: String?
}

extension StorageShard {
    package func state(of log: PartitionLog) -> PartitionState {
        PartitionState(
            partition: log.partition, logStartOffset: log.logStartOffset,
            highWatermark: log.highWatermark, logEndOffset: log.logEndOffset,
            sizeInBytes: log.sizeInBytes, segmentCount: log.segments.count, damage: log.damage,
            refusal: log.refusal?.reason)
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
        if offset == log.highWatermark {
            return ReadCursor(segment: segment.baseOffset, position: limit)
        }
        let start = segment.index.position(
            for: UInt32(truncatingIfNeeded: offset.value &- segment.baseOffset.value))
        let position = try await find(offset, log, segment, from: start, limit)
        return ReadCursor(segment: segment.baseOffset, position: position)
    }

    /// The whole batches from the cursor on, up to about `bytesMax` but at least one, and not
    /// beyond the place `end`; nil there and at the high watermark.
    package func range(
        from cursor: ReadCursor, of log: PartitionLog, bytesMax: Int, notBeyond end: ReadCursor? = nil
    ) async throws(StorageError) -> FileRange? {
        var cursor = cursor
        while true {
            guard !log.isClosed else { throw .unknownPartition(log.partition) }
            guard let index = log.segments.firstIndex(where: { $0.baseOffset == cursor.segment })
            else {
                throw .offsetOutOfRange(
                    log.partition, cursor.segment, first: log.logStartOffset,
                    next: log.highWatermark)
            }
            let segment = log.segments[index]
            var limit = log.visibleSize(of: segment)
            if let end, end.segment == cursor.segment { limit = min(limit, end.position) }
            if let range = log.damage.first(where: {
                $0.file == segment.file.path && $0.position >= cursor.position
            }) {
                if range.position == cursor.position { throw .damaged(range) }
                limit = min(limit, range.position)
            }
            if cursor.position < limit {
                let end = try await boundary(log, segment, cursor.position, bytesMax, limit)
                return FileRange(
                    file: segment.file, position: cursor.position,
                    count: Int(end - cursor.position),
                    next: ReadCursor(segment: segment.baseOffset, position: end))
            }
            guard index + 1 < log.segments.count, cursor.segment != end?.segment else { return nil }
            let following = log.segments[index + 1]
            guard
                following.baseOffset < log.highWatermark
                    || segment.nextOffset < following.baseOffset
            else { return nil }
            try log.checkIntact(segment.nextOffset)
            cursor = ReadCursor(segment: following.baseOffset, position: 0)
        }
    }

    /// Where a range of about `bytesMax` ends between two batches: by the index, which knows such
    /// places, and for a batch that is larger by its header.
    private func boundary(
        _ log: PartitionLog, _ segment: Segment, _ position: UInt64, _ bytesMax: Int, _ limit: UInt64
    ) async throws(StorageError) -> UInt64 {
        if limit - position <= UInt64(max(0, bytesMax)) { return limit }
        let wanted = min(limit, position &+ UInt64(max(0, bytesMax)))
        if let known = segment.index.boundary(after: position, upTo: wanted) {
            if try await segment.proves(known) { return UInt64(known.position) }
            await segment.distrustIndex(on: shard)
        }
        let scanner = SegmentScanner(segment.file, from: position, limit: limit, depth: .headers)
        var end = position
        while case .batch(let batch) = try await scanner.next() {
            if end > position, batch.end > wanted { return end }
            end = batch.end
            if end >= wanted { return end }
        }
        guard end > position else {
            throw .damaged(try await damagedRange(log, segment, at: position))
        }
        return end
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
        guard let segment = log.segments.first(where: { $0.baseOffset == range.next.segment })
        else {
            throw .offsetOutOfRange(
                log.partition, cursor.segment, first: log.logStartOffset, next: log.highWatermark)
        }
        let whole = Self.wholeBytes(
            UnsafeRawBufferPointer(rebasing: buffer.bytes[..<count]), before: log.end(of: segment))
        if whole == range.count { return (ByteSlice(buffer), range.next) }
        guard whole == 0 else {
            return (
                ByteSlice(buffer, offset: 0, count: whole),
                ReadCursor(
                    segment: range.next.segment, position: range.position &+ UInt64(whole))
            )
        }
        throw .damaged(try await damagedRange(log, segment, at: range.position))
    }

    /// How many of the bytes are batches as they were written, none of which reaches beyond the
    /// end.
    private static func wholeBytes(_ bytes: UnsafeRawBufferPointer, before end: Offset) -> Int {
        var sequence = BatchSequence(bytes, limit: bytes.count, verifiesChecksums: true)
        var next = Offset.zero
        var previous = 0
        while true {
            let start = sequence.position
            guard let batch = try? sequence.next(), batch.header.nextOffset <= end else {
                return start
            }
            // One of the two has a changed offset; whoever looks from the first on finds out which.
            guard batch.header.baseOffset >= next else { return previous }
            next = batch.header.nextOffset
            previous = start
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
