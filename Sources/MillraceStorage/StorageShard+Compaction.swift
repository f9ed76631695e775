internal import MillraceBytes
internal import MillraceModel
internal import MillraceRecords
internal import MillraceShard
internal import SystemPackage

// Compaction: of the records of one key the last one stays (KIP-58).
//
// A round notes the last offset of each key in the dirty part of a log, as far as the memory for it reaches, and then
// copies all segments up to there without what is superseded, group by group, each group into one segment.

extension StorageShard {
    /// Looks for logs to clean, from time to time, until the shard ends.
    func startCleaner() {
        shard.spawn {
            while (try? await self.shard.sleep(for: self.options.cleanerInterval)) != nil {
                await self.applyCompaction()
            }
        }
    }

    /// Cleans the logs of compacted topics that are due, the dirtiest first. What becomes dirty meanwhile is for the
    /// next time.
    package func applyCompaction() async {
        guard !isClosing, !hasEnded else { return }
        backgroundCount &+= 1
        defer { backgroundEnded() }
        var passed: Set<TopicPartition> = []
        var ends: [TopicPartition: Offset] = [:]
        while let plan = dirtiest(except: passed), await takeCleanerTurn() {
            let partition = plan.log.partition
            let end = ends[partition] ?? plan.end
            ends[partition] = end
            // Things may have changed while others had their turn.
            var isCleaned = false
            if let plan = plan.log.cleaningPlan(at: shard.wallClock) { isCleaned = await clean(plan) }
            cleanerTurn.release()
            if !isCleaned || plan.log.cleaning.firstDirtyOffset >= end { passed.insert(partition) }
        }
    }

    private func dirtiest(except passed: Set<TopicPartition>) -> CleaningPlan? {
        let now = shard.wallClock
        return logs.values.filter { !passed.contains($0.partition) }
            .sorted { $0.partition < $1.partition }
            .compactMap { $0.cleaningPlan(at: now) }.filter(\.isDue)
            .max { $0.dirtyRatio < $1.dirtyRatio }
    }

    /// Waits until no other shard is cleaning; false where the storage is being closed.
    private func takeCleanerTurn() async -> Bool {
        while !isClosing {
            if cleanerTurn.take() { return true }
            if (try? await shard.sleep(for: .milliseconds(50))) == nil { return false }
        }
        return false
    }

    /// - Returns: whether the log is cleaner than before.
    private func clean(_ plan: CleaningPlan) async -> Bool {
        let log = plan.log
        log.cleaning.isUnderWay = true
        log.finishingCount &+= 1
        defer {
            log.cleaning.isUnderWay = false
            log.finishingCount &-= 1
        }
        do throws(StorageError) {
            return try await runRound(plan)
        } catch {
            switch error {
            case .closed, .unknownPartition: break
            case _ where error.isFullDisk:
                logger.warning("a log is not compacted for want of space; tried again later", metadata: [
                    "partition": "\(log.partition)", "error": "\(error)",
                ])
            default:
                log.cleaning.failure = "\(error)"
                logger.error("a log is not compacted any more until a restart", metadata: [
                    "partition": "\(log.partition)", "error": "\(error)",
                ])
            }
            return false
        }
    }

    private func runRound(_ plan: CleaningPlan) async throws(StorageError) -> Bool {
        let log = plan.log
        // Recovery replays the journal over the segments as they were written, so only what it takes
        // as it finds it may change: what lies below the recovery point in the checkpoint.
        guard await synchronize(log), log.recoveryPoint >= plan.end, await checkpoint() else {
            return false
        }
        let map: OffsetMap
        do throws(Errno) {
            let hash = SipHash128(low: shard.device.random(), high: shard.device.random())
            map = try OffsetMap(bytes: options.cleanerBufferBytes, hash: hash)
        } catch {
            throw .io(log.directory, error, doing: "taking memory to compact")
        }
        let throttle = CleanerThrottle(bytesPerSecond: options.cleanerBytesPerSecond, at: shard.now)
        let round = CleaningRound(log, map, throttle, at: shard.wallClock)
        let reached = try await noteKeys(plan, round)
        guard reached > plan.firstDirtyOffset else { return false }
        let segments = log.segments.prefix { $0.baseOffset < reached && $0.nextOffset <= plan.end }
        for group in Self.groups(Array(segments), bytesMax: log.settings.segmentBytes) {
            try await clean(group, round)
        }
        log.cleaning.firstDirtyOffset = reached
        try await CleanerCheckpoint.write(reached, in: log.directory, on: shard)
        return true
    }

    /// Notes the last offset of each key in the dirty part.
    /// - Returns: one past the last offset that was noted.
    private func noteKeys(
        _ plan: CleaningPlan, _ round: CleaningRound
    ) async throws(StorageError) -> Offset {
        let log = plan.log
        for segment in log.segments
        where segment.nextOffset > plan.firstDirtyOffset && segment.nextOffset <= plan.end {
            let scanner = SegmentScanner(segment.file, from: 0, limit: segment.size, depth: .verified)
            while let batch = try await next(scanner, segment, round) {
                guard batch.header.nextOffset > plan.firstDirtyOffset else { continue }
                do throws(RecordsError) {
                    guard try round.note(batch, from: plan.firstDirtyOffset) else {
                        return round.lastMappedOffset.advanced(by: 1)
                    }
                } catch {
                    throw .invalidBatch(log.partition, error)
                }
            }
        }
        return round.lastMappedOffset.advanced(by: 1)
    }

    /// The next batch of a walk, when its time has come.
    private func next(
        _ scanner: SegmentScanner, _ segment: Segment, _ round: CleaningRound
    ) async throws(StorageError) -> SegmentScanner.Batch? {
        switch try await scanner.next() {
        case .end: return nil
        case .damage(let damage):
            throw .damaged(try await damagedRange(round.log, segment, at: damage.position))
        case .batch(let batch):
            try await charge(batch.header.sizeInBytes, round)
            return batch
        }
    }

    /// Waits for as long as so many bytes have to take.
    private func charge(_ bytes: Int, _ round: CleaningRound) async throws(StorageError) {
        let deadline = round.throttle.delay(after: bytes, at: shard.now)
            .map { shard.now.advanced(by: $0) }
        while true {
            guard !isClosing else { throw .closed }
            guard !round.log.isClosed else { throw .unknownPartition(round.log.partition) }
            guard let deadline, shard.now < deadline else { return }
            // A close or a deletion does not wait for long.
            let slice = min(deadline, shard.now.advanced(by: .milliseconds(50)))
            do throws(Errno) { try await shard.sleep(until: slice) } catch { throw .closed }
        }
    }

    /// Segments that are cleaned into one: as many as fit it before they are cleaned, so that whatever stays does.
    static func groups(_ segments: [Segment], bytesMax: Int) -> [[Segment]] {
        var groups: [[Segment]] = []
        var bytes: UInt64 = 0
        for segment in segments {
            let base = groups.last?.first?.baseOffset ?? .zero
            let fits =
                bytes &+ segment.size <= UInt64(bytesMax)
                && segment.nextOffset.value &- base.value <= Int64(Int32.max)
            if fits, !groups.isEmpty {
                groups[groups.count - 1].append(segment)
                bytes &+= segment.size
            } else {
                groups.append([segment])
                bytes = segment.size
            }
        }
        return groups
    }

    // MARK: One group

    private func clean(_ group: [Segment], _ round: CleaningRound) async throws(StorageError) {
        let path = Segment.path(
            round.log.directory, group[0].baseOffset, LogFiles.log + LogFiles.cleaned)
        do throws(StorageError) {
            if let cleaned = try await write(group, round, to: path) {
                try await replace(group, with: cleaned, in: round.log)
            } else {
                try await io("removing", path) { () throws(Errno) in try await shard.remove(path) }
            }
        } catch {
            try? await shard.remove(path)
            throw error
        }
    }

    /// Copies what stays of the segments into a file of its own, which is on stable storage afterwards.
    /// - Returns: nil where all of a single segment stays as it is.
    private func write(
        _ group: [Segment], _ round: CleaningRound, to path: FilePath
    ) async throws(StorageError) -> Segment? {
        let file = try await io("creating", path) { () throws(Errno) in
            let file = try await File.open(path, .create, on: shard)
            try file.truncate(to: 0)
            return file
        }
        let cleaned = Segment(baseOffset: group[0].baseOffset, file: file)
        let output = CleanedOutput(file)
        var isChanged = group.count > 1
        for (index, segment) in group.enumerated() {
            let scanner = SegmentScanner(segment.file, from: 0, limit: segment.size, depth: .verified)
            while let batch = try await next(scanner, segment, round) {
                let isLast = index == group.count - 1 && batch.end == segment.size
                let (verdict, header) = try judge(batch, isLast: isLast, round)
                if case .asItIs = verdict {} else { isChanged = true }
                guard let header else { continue }
                try await io("writing", path) { () throws(Errno) in
                    if case .other(let bytes) = verdict {
                        try await output.write(bytes.bytes)
                        withExtendedLifetime(bytes) {}
                    } else {
                        try await output.write(batch.bytes)
                    }
                }
                cleaned.append(header, indexInterval: round.log.settings.indexIntervalBytes)
                try await charge(header.sizeInBytes, round)
            }
        }
        guard isChanged else { return nil }
        try await io("writing", path) { () throws(Errno) in
            try await output.flush()
            try await file.synchronize()
        }
        cleaned.isDirty = false
        return cleaned
    }

    /// What becomes of a batch, and its header if it stays.
    private func judge(
        _ batch: SegmentScanner.Batch, isLast: Bool, _ round: CleaningRound
    ) throws(StorageError) -> (CleaningRound.Verdict, RecordBatchHeader?) {
        do throws(RecordsError) {
            let verdict = try round.judge(batch, isLast: isLast)
            switch verdict {
            case .dropped: return (verdict, nil)
            case .asItIs: return (verdict, batch.header)
            case .other(let bytes):
                let header = try bytes.withBytes { bytes throws(RecordsError) in
                    try RecordBatchHeader(parsing: bytes)
                }
                return (verdict, header)
            }
        } catch {
            throw .invalidBatch(round.log.partition, error)
        }
    }
}

/// Gathers batches into large writes, one after another.
private final class CleanedOutput {
    private let file: File
    private let buffer = AlignedBuffer(count: 1 << 20)
    private var count = 0
    private var position: UInt64 = 0

    init(_ file: File) { self.file = file }

    func write(_ bytes: UnsafeRawBufferPointer) async throws(Errno) {
        if bytes.count > buffer.count - count { try await flush() }
        guard bytes.count <= buffer.count else { return try await put(bytes) }
        (buffer.pointer + count).copyMemory(
            from: bytes.baseAddress ?? UnsafeRawPointer(buffer.pointer), byteCount: bytes.count)
        count += bytes.count
    }

    func flush() async throws(Errno) {
        try await put(UnsafeRawBufferPointer(rebasing: buffer.bytes[..<count]))
        count = 0
    }

    private func put(_ bytes: UnsafeRawBufferPointer) async throws(Errno) {
        guard !bytes.isEmpty else { return }
        try await file.write(bytes, at: position)
        position &+= UInt64(bytes.count)
    }
}
