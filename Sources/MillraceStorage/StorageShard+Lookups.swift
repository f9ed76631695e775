internal import MillraceBytes
package import MillraceModel
internal import MillraceRecords
internal import MillraceShard
internal import SystemPackage

/// Where a record stands and what time it has.
package typealias RecordTime = (offset: Offset, timestamp: Timestamp)

// Offsets by time and by leader epoch.

extension StorageShard {
    /// The first offset whose record is not older than the time; nil where all are older.
    package func offset(
        atOrAfter time: Timestamp, of log: PartitionLog
    ) async throws(StorageError) -> Offset? {
        try await record(atOrAfter: time, of: log)?.offset
    }

    /// The first record that is not older than the time: looked for inside batches, as Kafka does;
    /// nil where all are older.
    package func record(
        atOrAfter time: Timestamp, of log: PartitionLog
    ) async throws(StorageError) -> RecordTime? {
        for segment in log.segments where segment.maxTimestamp >= time {
            let scanner = try await scanner(
                segment, from: segment.index.relativeOffset(for: time), log)
            while let batch = try await nextWhole(scanner, segment, log) {
                guard batch.header.maxTimestamp >= time,
                    batch.header.nextOffset > log.logStartOffset
                else { continue }
                if let found = try first(in: batch, atOrAfter: time, log) { return found }
            }
        }
        return nil
    }

    /// The record with the latest time, the first of several (KIP-734); nil for an empty log.
    package func latestRecord(
        of log: PartitionLog
    ) async throws(StorageError) -> RecordTime? {
        var latest: RecordTime?
        // The segments' own latest times say where to look, the latest first. They count batches
        // that are not visible yet, so another segment may have what this one only promises.
        let candidates = log.segments.enumerated().sorted {
            ($1.element.maxTimestamp, $0.offset) < ($0.element.maxTimestamp, $1.offset)
        }
        for (_, segment) in candidates {
            if let latest, segment.maxTimestamp <= latest.timestamp { break }
            guard let found = try await latestRecord(in: segment, of: log) else { continue }
            if found.timestamp > latest?.timestamp ?? .none { latest = found }
        }
        return latest
    }

    private func latestRecord(
        in segment: Segment, of log: PartitionLog
    ) async throws(StorageError) -> RecordTime? {
        // Nothing before the last time entry is later than its time.
        let end = log.end(of: segment)
        let known = segment.index.times.last {
            segment.baseOffset.advanced(by: Int64($0.relativeOffset)) < end
        }
        let scanner = try await scanner(segment, from: known?.relativeOffset ?? 0, log)
        var latest: RecordTime?
        while let batch = try await nextWhole(scanner, segment, log) {
            let time = batch.header.maxTimestamp
            guard time > latest?.timestamp ?? .none, batch.header.nextOffset > log.logStartOffset
            else { continue }
            // Compaction may have left the batch without the record that has its time.
            guard let found = try latestRecord(in: batch, log) else { continue }
            if found.timestamp > latest?.timestamp ?? .none { latest = found }
            if found.timestamp == segment.maxTimestamp { break }
        }
        return latest
    }

    /// Walks what is visible of the segment from the batch on that the index gives for the offset,
    /// if there is one.
    private func scanner(
        _ segment: Segment, from relativeOffset: UInt32, _ log: PartitionLog
    ) async throws(StorageError) -> SegmentScanner {
        var start: UInt64 = 0
        if let entry = segment.index.entry(for: relativeOffset) {
            if try await segment.proves(entry) {
                start = UInt64(entry.position)
            } else {
                await segment.distrustIndex(on: shard)
            }
        }
        return SegmentScanner(
            segment.file, from: start, limit: log.visibleSize(of: segment), depth: .verified)
    }

    /// The next batch of a walk; damage ends it with an error.
    private func nextWhole(
        _ scanner: SegmentScanner, _ segment: Segment, _ log: PartitionLog
    ) async throws(StorageError) -> SegmentScanner.Batch? {
        switch try await scanner.next() {
        case .end: return nil
        case .batch(let batch): return batch
        case .damage(let damage):
            throw .damaged(try await damagedRange(log, segment, at: damage.position))
        }
    }

    private func first(
        in batch: SegmentScanner.Batch, atOrAfter time: Timestamp, _ log: PartitionLog
    ) throws(StorageError) -> RecordTime? {
        do throws(RecordsError) {
            var records = try RecordBatchView(borrowing: batch.bytes).makeRecordIterator()
            while let record = try records.next() {
                if record.timestamp >= time, record.offset >= log.logStartOffset {
                    return (record.offset, record.timestamp)
                }
            }
            return nil
        } catch {
            throw .invalidBatch(log.partition, error)
        }
    }

    private func latestRecord(
        in batch: SegmentScanner.Batch, _ log: PartitionLog
    ) throws(StorageError) -> RecordTime? {
        do throws(RecordsError) {
            var records = try RecordBatchView(borrowing: batch.bytes).makeRecordIterator()
            var latest: RecordTime?
            while let record = try records.next() {
                if record.offset >= log.logStartOffset,
                    record.timestamp > latest?.timestamp ?? .none
                {
                    latest = (record.offset, record.timestamp)
                }
            }
            return latest
        } catch {
            throw .invalidBatch(log.partition, error)
        }
    }

    /// The end of what a leader epoch wrote: of the one leadership that there is, the end that
    /// readers see; nil for every other epoch.
    package func endOffset(forEpoch epoch: LeaderEpoch, of log: PartitionLog) -> Offset? {
        epoch == .zero ? log.highWatermark : nil
    }
}
