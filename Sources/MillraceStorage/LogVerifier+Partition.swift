internal import MillraceBytes
internal import MillraceModel
internal import MillraceRecords
internal import MillraceShard
internal import SystemPackage

// One partition: its segments one after another, and what must lie between them.

extension LogVerifier {
    /// - Parameters:
    ///   - state: what is promised of it; nil for a partition that no checkpoint knows.
    ///   - isCompacted: whether its topic is compacted now.
    func verify(
        _ partition: TopicPartition, _ state: RecoveryState?, isCompacted: Bool
    ) async {
        report.partitionCount += 1
        let directory = LogFiles.directory(partition, in: data)
        let names: [String]
        do throws(Errno) {
            names = try shard.device.list(directory)
        } catch {
            names = []
        }
        let files = await segmentFiles(directory, names)
        let bases = files.map(\.base)
        let walk = PartitionWalk(partition, directory, state)
        walk.isCompacted = isCompacted || names.contains(LogFiles.cleanerCheckpoint)
        walk.expected = state?.logStart ?? bases.first ?? .zero
        for (index, (base, path)) in files.enumerated() {
            if base > walk.expected {
                walk.lose(
                    from: walk.expected, before: base, path, 0,
                    "the segment before this one is gone or cut short")
            } else if index > 0, base < walk.expected {
                walk.lose(
                    from: base, before: walk.expected, path, 0,
                    "the segment before this one reaches to offset \(walk.expected)")
            }
            let next = index + 1 < bases.count ? bases[index + 1] : nil
            walk.expected = max(walk.expected, base)
            await recording(path) { () throws(StorageError) in
                try await verify(segment: base, path, next, names, walk)
            }
        }
        if let state, walk.expected < state.recoveryPoint {
            let last = bases.last ?? walk.expected
            walk.lose(
                from: walk.expected, before: state.recoveryPoint,
                Segment.path(directory, last, LogFiles.log), nil, "the log ends before")
        }
        walk.finish(into: &report)
        await verifySnapshots(names, walk)
    }

    /// The logs of the segments in order. A compaction that was cut off is finished at the next start:
    /// the segment that it made stands for those it was made from, which may be there yet.
    private func segmentFiles(
        _ directory: FilePath, _ names: [String]
    ) async -> [(base: Offset, path: FilePath)] {
        var files = names.compactMap { LogFiles.baseOffset($0, LogFiles.log) }
            .map { (base: $0, path: Segment.path(directory, $0, LogFiles.log)) }
        for name in names {
            guard let base = LogFiles.baseOffset(name, LogFiles.log + LogFiles.swap) else { continue }
            let path = directory.appending(name)
            await recording(path) { () throws(StorageError) in
                let end = try await StorageShard.end(ofSwap: path, base, on: shard)
                files.removeAll { $0.base >= base && $0.base < end }
                files.append((base, path))
            }
        }
        return files.sorted { $0.base < $1.base }
    }

    /// Checks the producer snapshots. The one that recovery begins with is all that it needs, and
    /// without one it reads the log.
    private func verifySnapshots(_ names: [String], _ walk: PartitionWalk) async {
        for name in names {
            guard let offset = LogFiles.baseOffset(name, LogFiles.producerSnapshot) else { continue }
            let path = walk.directory.appending(name)
            let fault: String?
            do {
                let bytes = try await SegmentIndex.contents(path, on: shard)
                _ = try bytes.withBytes { bytes throws(SnapshotFault) in
                    try ProducerSnapshot.decode(bytes, at: offset)
                }
                fault = nil
            } catch {
                fault = (error as? SnapshotFault)?.reason ?? "\(error)"
            }
            guard let fault else { continue }
            report.problems.append(
                LogProblem(
                    kind: .index, partition: walk.partition, first: nil, last: nil, file: path,
                    position: nil, reason: "\(fault); it is made again from the log"))
        }
    }

    private func verify(
        segment base: Offset, _ path: FilePath, _ next: Offset?, _ names: [String],
        _ walk: PartitionWalk
    ) async throws(StorageError) {
        let (file, size) = try await io("opening", path) { () throws(Errno) in
            let file = try await File.open(path, .read, on: shard)
            return (file, try file.size())
        }
        report.segmentCount += 1
        let index = IndexCheck(base)
        // The index beside a segment that is about to take the place of others is the old one's.
        if path.lastComponent?.string.hasSuffix(LogFiles.log) == true {
            await index.load(walk.directory, names, on: shard)
        }
        let survey = SegmentSurvey(
            file, baseOffset: base, limit: size, before: walk.end(of: next))
        walk.isFirstInSegment = base < walk.expected
        var damage: SegmentSurvey.Damage?
        walking: while true {
            switch try await survey.next() {
            case .end: break walking
            case .damage(let found): damage = damage ?? found
            case .batch(let batch):
                walk.meet(batch, damage, path)
                index.meet(batch, afterDamage: damage != nil)
                damage = nil
                take(batch, path, walk)
            }
        }
        walk.end(path, size, damage, next: next)
        index.finish(walk.partition, afterDamage: damage != nil, into: &report)
    }

    private func take(_ batch: SegmentScanner.Batch, _ path: FilePath, _ walk: PartitionWalk) {
        let header = batch.header
        do throws(RecordsError) {
            let view = try RecordBatchView(borrowing: batch.bytes, decompressedLimit: 1 << 30)
            var records = view.makeRecordIterator()
            var count = 0
            while let record = try records.next() {
                try record.forEachHeader { _, _ in }
                count += 1
            }
            report.batchCount += 1
            report.recordCount += count
            report.sizeInBytes &+= UInt64(header.sizeInBytes)
        } catch {
            walk.lose(
                from: header.baseOffset, before: header.nextOffset, path, batch.position,
                "\(error)")
        }
    }
}

/// What the walk over a partition's segments has met so far.
final class PartitionWalk {
    let partition: TopicPartition
    let directory: FilePath
    private let state: LogVerifier.RecoveryState?
    /// The offset of the record that has to come next.
    var expected = Offset.zero
    /// The first batch of a segment may lie below what is expected, where that is in the middle of
    /// it.
    var isFirstInSegment = false
    /// Compaction leaves gaps between offsets. Where nothing else tells of it, batches with fewer
    /// records than offsets do.
    var isCompacted = false
    private var gaps: [LogProblem] = []
    private var problems: [LogProblem] = []
    private var notes: [LogProblem] = []

    init(
        _ partition: TopicPartition, _ directory: FilePath, _ state: LogVerifier.RecoveryState?
    ) {
        self.partition = partition
        self.directory = directory
        self.state = state
    }

    /// Where the segment's offsets end at the latest.
    func end(of next: Offset?) -> Offset {
        if let next { return next }
        // What is not promised may be there all the same, until the next start.
        guard let state, state.isClean else { return Offset(.max) }
        return state.recoveryPoint
    }

    /// Takes the next batch, with the damage between it and the one before.
    func meet(_ batch: SegmentScanner.Batch, _ damage: SegmentSurvey.Damage?, _ path: FilePath) {
        let header = batch.header
        if header.recordCount <= header.lastOffsetDelta { isCompacted = true }
        if let damage {
            lose(
                from: expected, before: max(header.baseOffset, expected.advanced(by: 1)), path,
                damage.position, damage.reason)
        } else if header.baseOffset > expected {
            gaps.append(
                problem(
                    from: expected, before: header.baseOffset, path, batch.position,
                    "offset \(header.baseOffset) follows \(expected.value - 1)"))
        } else if header.baseOffset < expected, !isFirstInSegment {
            lose(
                from: header.baseOffset, before: header.nextOffset, path, batch.position,
                "offset \(header.baseOffset) comes again after \(expected.value - 1)")
        }
        isFirstInSegment = header.nextOffset < expected
        expected = max(expected, header.nextOffset)
    }

    /// Ends a segment, with the damage between its last batch and its end.
    func end(_ path: FilePath, _ size: UInt64, _ damage: SegmentSurvey.Damage?, next: Offset?) {
        if let next, next > expected {
            lose(
                from: expected, before: next, path, damage?.position ?? size,
                damage?.reason ?? "the segment is cut short, or one behind it is gone")
            expected = next
        } else if let damage {
            if next != nil {
                // All its offsets are accounted for: bytes that nobody wrote.
                lose(from: expected, before: expected, path, damage.position, damage.reason)
            } else if let state, expected < state.promisedEnd {
                // What is journaled beyond the recovery point is written again at the next start.
                if expected < state.recoveryPoint {
                    lose(
                        from: expected, before: state.recoveryPoint, path, damage.position,
                        damage.reason)
                    expected = state.recoveryPoint
                }
            } else {
                notes.append(
                    problem(
                        from: expected, before: nil, path, damage.position,
                        "unacknowledged tail: \(damage.reason)"))
            }
        }
    }

    func lose(
        from first: Offset, before next: Offset, _ file: FilePath, _ position: UInt64?,
        _ reason: String
    ) {
        // What lies below the log start is deleted; what lies beyond the promised end was never
        // acknowledged.
        if let state, next <= state.logStart, first < next { return }
        let found = problem(
            from: max(first, state?.logStart ?? first), before: next, file, position, reason)
        if let state, first >= state.recoveryPoint { notes.append(found) } else { problems.append(found) }
    }

    private func problem(
        from first: Offset, before next: Offset?, _ file: FilePath, _ position: UInt64?,
        _ reason: String
    ) -> LogProblem {
        LogProblem(
            kind: .records, partition: partition, first: first,
            last: next.map { max(first, $0.advanced(by: -1)) }, file: file, position: position,
            reason: reason)
    }

    func finish(into report: inout LogReport) {
        if !isCompacted { problems += gaps }
        report.problems += problems
        report.notes += notes
    }
}

/// The index files of one segment, compared with its batches as these go by.
final class IndexCheck {
    private let baseOffset: Offset
    private var offsets = Entries<SegmentIndex.OffsetEntry>()
    private var times = Entries<SegmentIndex.TimeEntry>()

    private struct Entries<Entry> {
        var path: FilePath?
        var all: [Entry] = []
        var next = 0
        var fault: String?

        mutating func skip(while isPassed: (Entry) -> Bool) {
            while next < all.count, isPassed(all[next]) { next += 1 }
        }
    }

    init(_ baseOffset: Offset) { self.baseOffset = baseOffset }

    func load(_ directory: FilePath, _ names: [String], on shard: Shard) async {
        if let bytes = await contents(LogFiles.offsetIndex, directory, names, &offsets.path, shard) {
            offsets.all = SegmentIndex.offsetEntries(bytes)
            if bytes.count % 8 != 0 { offsets.fault = "\(bytes.count) bytes are no whole entries" }
        }
        if let bytes = await contents(LogFiles.timeIndex, directory, names, &times.path, shard) {
            times.all = SegmentIndex.timeEntries(bytes)
            if bytes.count % 12 != 0 { times.fault = "\(bytes.count) bytes are no whole entries" }
        }
    }

    private func contents(
        _ suffix: String, _ directory: FilePath, _ names: [String], _ path: inout FilePath?,
        _ shard: Shard
    ) async -> ByteSlice? {
        guard names.contains(LogFiles.name(baseOffset, suffix)) else { return nil }
        let file = Segment.path(directory, baseOffset, suffix)
        path = file
        return try? await SegmentIndex.contents(file, on: shard)
    }

    /// Compares the entries that speak of the batch. Those that speak of damaged bytes before it
    /// may be right.
    func meet(_ batch: SegmentScanner.Batch, afterDamage: Bool) {
        let header = batch.header
        if afterDamage {
            offsets.skip { UInt64($0.position) < batch.position }
            times.skip {
                baseOffset.advanced(by: Int64($0.relativeOffset)) < header.baseOffset
            }
        }
        while offsets.fault == nil, offsets.next < offsets.all.count {
            let entry = offsets.all[offsets.next]
            guard UInt64(entry.position) <= batch.position else { break }
            let offset = baseOffset.advanced(by: Int64(entry.relativeOffset))
            // An entry may speak of several batches that were appended at once: it gives the last
            // offset of all.
            guard UInt64(entry.position) == batch.position, offset >= header.lastOffset else {
                offsets.fault = "entry \(offsets.next) gives offset \(offset) at byte \(entry.position)"
                break
            }
            offsets.next += 1
        }
        while times.fault == nil, times.next < times.all.count {
            let entry = times.all[times.next]
            let offset = baseOffset.advanced(by: Int64(entry.relativeOffset))
            guard offset <= header.lastOffset else { break }
            guard offset >= header.baseOffset, entry.timestamp == header.maxTimestamp else {
                times.fault = "entry \(times.next) gives time \(entry.timestamp) at offset \(offset)"
                break
            }
            times.next += 1
        }
    }

    func finish(_ partition: TopicPartition, afterDamage: Bool, into report: inout LogReport) {
        if afterDamage {
            offsets.skip { _ in true }
            times.skip { _ in true }
        }
        if offsets.fault == nil, offsets.next < offsets.all.count {
            offsets.fault = "entry \(offsets.next) leads beyond the log"
        }
        if times.fault == nil, times.next < times.all.count {
            times.fault = "entry \(times.next) leads beyond the log"
        }
        for (path, fault) in [(offsets.path, offsets.fault), (times.path, times.fault)] {
            guard let path, let fault else { continue }
            report.problems.append(
                LogProblem(
                    kind: .index, partition: partition, first: nil, last: nil, file: path,
                    position: nil, reason: "\(fault); it is made again from the log"))
        }
    }
}
