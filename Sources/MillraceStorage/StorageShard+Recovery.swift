internal import MillraceBytes
internal import MillraceModel
internal import MillraceRecords
internal import MillraceShard
internal import SystemPackage

/// What is known of a partition before its files are looked at.
struct PartitionSpecification: Sendable {
    var partition: TopicPartition
    var topic: TopicID
    var settings: TopicSettings
    var durability: Durability
    /// Nil for a partition that no checkpoint knows: a new one, or one that came from elsewhere.
    var recoveryPoint: Offset?
    var logStart = Offset.zero
    /// What the journals hold beyond the recovery point.
    var entries: [JournalContents.Entry] = []
    /// Acknowledged entries are lost, so that the segments have to speak for themselves.
    var isJournalDamaged = false
}

// Opening a partition: what its files hold, what the journal adds, and what nobody can vouch for.
//
// Durable topics trust what is checkpointed or journaled and nothing else: a segment write may have
// landed before its journal entry, and its offsets were never acknowledged. Relaxed topics, and
// partitions that no checkpoint knows, take every whole batch with the right CRC up to the first
// that is not.

extension StorageShard {
    func open(_ specification: PartitionSpecification) async throws(StorageError) -> PartitionLog {
        let directory = LogFiles.directory(specification.partition, in: options.directory)
        let log = PartitionLog(
            specification.partition, topic: specification.topic,
            settings: specification.settings, durability: specification.durability,
            directory: directory, storage: self, shard: shard)
        try await io("creating", directory) { () throws(Errno) in
            try shard.device.makeDirectory(directory)
        }
        try await finishReplacing(in: directory)
        let bases = try await io("listing", directory) { () throws(Errno) in
            try shard.device.list(directory).compactMap { LogFiles.baseOffset($0, LogFiles.log) }
        }
        let known = specification.recoveryPoint
        let trustsScan =
            known == nil || specification.durability == .relaxed || specification.isJournalDamaged
        try await load(log, bases.sorted(), known, trustsScan: trustsScan, specification.logStart)
        if specification.durability == .durable { try await replay(specification.entries, into: log) }
        try await settle(log, specification)
        await recoverCleaning(of: log)
        try await recoverProducers(of: log)
        logs[specification.partition] = log
        return log
    }

    /// Takes over the segments up to the recovery point, or as far as they are whole, and notes
    /// what is gone.
    private func load(
        _ log: PartitionLog, _ bases: [Offset], _ known: Offset?, trustsScan: Bool,
        _ logStart: Offset
    ) async throws(StorageError) {
        var expected = logStart
        for (index, base) in bases.enumerated() {
            // What begins at or beyond the recovery point is for the journal to say, or for the
            // scan.
            if !trustsScan, let known, base >= known, base > .zero { break }
            let segment = try await Segment.open(in: log.directory, at: base, on: shard)
            let size = try await io("reading", segment.file.path) { () throws(Errno) in
                try segment.file.size()
            }
            if known != nil, base > expected {
                note(log, missing: expected, before: base, segment, at: 0, "a segment is gone",
                    logStart: logStart)
            }
            // A segment that ends below the recovery point was synchronised whole, and is not read
            // again.
            let next = index + 1 < bases.count ? bases[index + 1] : nil
            let closedAt = next.flatMap { next in known.map { next <= $0 } ?? true ? next : nil }
            let loaded = try await segment.load(
                upTo: size, before: closedAt ?? (trustsScan ? Offset(.max) : known ?? .zero),
                promised: closedAt ?? known ?? .zero,
                depth: closedAt == nil && trustsScan ? .verified : .headers,
                indexInterval: log.settings.indexIntervalBytes, on: shard)
            log.segments.append(segment)
            for lost in loaded.lost {
                note(
                    log, missing: lost.offsets.lowerBound, before: lost.offsets.upperBound,
                    segment, at: lost.position, lost.reason, logStart: logStart)
            }
            let promised = closedAt ?? known ?? segment.nextOffset
            if segment.nextOffset < promised {
                note(
                    log, missing: segment.nextOffset, before: promised, segment,
                    at: segment.size, loaded.damage?.reason ?? "the segment is cut short",
                    logStart: logStart)
            }
            expected = max(promised, segment.nextOffset)
            // What was only scanned may be in the page cache alone, and what no checkpoint knows
            // too.
            if closedAt == nil || known == nil { segment.isDirty = true }
            // The tail of an unclean stop: everything from the first bad batch on is cut.
            if loaded.damage != nil, closedAt == nil { break }
        }
        if let known, expected < known {
            log.damage.append(
                DamagedRange(
                    partition: log.partition, first: expected, last: known.advanced(by: -1),
                    file: Segment.path(log.directory, expected, LogFiles.log), position: 0,
                    reason: "the segment is gone"))
            expected = known
        }
        if log.segments.isEmpty || log.active.nextOffset < expected {
            // Offsets are never used twice: the log goes on where it is known to have ended.
            log.segments.append(
                try await Segment.create(
                    in: log.directory, at: expected, keepingBytes: !trustsScan, on: shard))
        }
    }

    private func note(
        _ log: PartitionLog, missing first: Offset, before next: Offset, _ segment: Segment,
        at position: UInt64, _ reason: String, logStart: Offset
    ) {
        // What lies below the log start is deleted, whether or not its files are gone already.
        guard next > logStart else { return }
        log.damage.append(
            DamagedRange(
                partition: log.partition, first: max(first, logStart), last: next.advanced(by: -1),
                file: segment.file.path, position: position, reason: reason))
    }

    // MARK: Replay

    /// Writes what the journal has beyond the end of the segments, each entry that follows what is
    /// there. One that does not was never acknowledged: its write failed, or one before it did.
    private func replay(
        _ entries: [JournalContents.Entry], into log: PartitionLog
    ) async throws(StorageError) {
        var journalFile: File?
        for entry in entries where entry.header.baseOffset == log.writtenEnd {
            guard try await enterSegment(of: entry.header, log) else { continue }
            switch entry.header.kind {
            case .note where entry.header.segment != log.active.baseOffset:
                try await moveNoted(entry, log)
            case .note: try await takeNoted(entry, in: log.active, log)
            case .batches:
                if journalFile?.path != entry.file {
                    journalFile = try await io("opening", entry.file) { () throws(Errno) in
                        try await File.open(entry.file, .read, on: shard)
                    }
                }
                if let journalFile {
                    try await copy(entry, from: journalFile, to: log.active, log)
                }
            }
        }
        if let lost = entries.first(where: { $0.header.baseOffset > log.writtenEnd }) {
            logger.warning("journal entries follow nothing and were not replayed", metadata: [
                "partition": "\(log.partition)", "end": "\(log.writtenEnd)",
                "entry": "\(lost.header.baseOffset)",
            ])
        }
    }

    /// Has the entry's segment as the active one; false where the entry does not go where the log
    /// ends.
    private func enterSegment(
        of header: JournalFormat.EntryHeader, _ log: PartitionLog
    ) async throws(StorageError) -> Bool {
        if header.segment == log.active.baseOffset { return header.position == log.active.size }
        // A segment that is damaged below the recovery point is not written again: what the journal
        // has for it goes into the one that was made behind the damage.
        if header.segment < log.active.baseOffset { return !log.damage.isEmpty }
        guard header.segment == log.writtenEnd, header.position == 0 else { return false }
        try log.active.truncate(to: log.active.size, nextOffset: log.writtenEnd)
        try await log.active.finish(on: shard)
        log.segments.append(
            try await Segment.create(
                in: log.directory, at: header.segment, keepingBytes: true, on: shard))
        return true
    }

    /// Takes batches that went straight to the segment, if they are all there.
    private func takeNoted(
        _ entry: JournalContents.Entry, in segment: Segment, _ log: PartitionLog
    ) async throws(StorageError) {
        let end = segment.size &+ UInt64(entry.header.count)
        let scanner = SegmentScanner(
            segment.file, from: segment.size, limit: end, depth: .verified)
        var headers: [RecordBatchHeader] = []
        var next = segment.nextOffset
        while case .batch(let batch) = try await scanner.next() {
            guard batch.header.baseOffset == next else { return }
            next = batch.header.nextOffset
            headers.append(batch.header)
        }
        guard next == entry.header.nextOffset else { return }
        for header in headers {
            segment.append(header, indexInterval: log.settings.indexIntervalBytes)
        }
    }

    /// Copies batches that went straight to a segment which is damaged below them into the active
    /// one. If they are damaged too, their offsets are lost and not given again.
    private func moveNoted(
        _ entry: JournalContents.Entry, _ log: PartitionLog
    ) async throws(StorageError) {
        let header = entry.header
        let path = Segment.path(log.directory, header.segment, LogFiles.log)
        let source = try await io("opening", path) { () throws(Errno) in
            try await File.open(path, .read, on: shard)
        }
        let scanner = SegmentScanner(
            source, from: header.position, limit: header.position &+ UInt64(header.count),
            depth: .verified)
        while log.writtenEnd < header.nextOffset, case .batch(let batch) = try await scanner.next(),
            batch.header.baseOffset == log.writtenEnd
        {
            let segment = log.active
            try await io("writing", segment.file.path) { () throws(Errno) in
                try await segment.file.write(batch.bytes, at: segment.size)
            }
            segment.append(batch.header, indexInterval: log.settings.indexIntervalBytes)
        }
        guard log.writtenEnd < header.nextOffset else { return }
        log.damage.append(
            DamagedRange(
                partition: log.partition, first: log.writtenEnd,
                last: header.nextOffset.advanced(by: -1), file: path, position: header.position,
                reason: "what the journal notes there is gone"))
        log.segments.append(
            try await Segment.create(
                in: log.directory, at: header.nextOffset, keepingBytes: true, on: shard))
    }

    /// Writes batches from the journal to the segment, which may have them already.
    private func copy(
        _ entry: JournalContents.Entry, from file: File, to segment: Segment, _ log: PartitionLog
    ) async throws(StorageError) {
        let buffer = AlignedBuffer(count: Int(entry.header.count))
        let count = try await io("reading", entry.file) { () throws(Errno) in
            try await file.read(into: buffer.mutableBytes, at: entry.position)
        }
        guard count == buffer.count else { return }
        var headers: [RecordBatchHeader] = []
        var next = segment.nextOffset
        var sequence = BatchSequence(buffer.bytes, limit: buffer.count, verifiesChecksums: true)
        while let batch = try? sequence.next() {
            guard batch.header.baseOffset == next else { return }
            next = batch.header.nextOffset
            headers.append(batch.header)
        }
        guard next == entry.header.nextOffset, sequence.remaining == 0 else { return }
        let position = segment.size
        try await io("writing", segment.file.path) { () throws(Errno) in
            try await segment.file.write(buffer.bytes, at: position)
        }
        for header in headers {
            segment.append(header, indexInterval: log.settings.indexIntervalBytes)
        }
    }

    // MARK: Settling

    /// Cuts what is beyond the end, synchronises what is kept, and opens the partition for use.
    private func settle(
        _ log: PartitionLog, _ specification: PartitionSpecification
    ) async throws(StorageError) {
        let active = log.active
        let size = try await io("reading", active.file.path) { () throws(Errno) in
            try active.file.size()
        }
        if size != active.size {
            await Segment.removeIndex(log.directory, active.baseOffset, on: shard)
            try active.truncate(to: active.size, nextOffset: active.nextOffset)
        }
        let names = try await io("listing", log.directory) { () throws(Errno) in
            try shard.device.list(log.directory)
        }
        for name in names {
            for suffix in LogFiles.ofSegments {
                guard let base = LogFiles.baseOffset(name, suffix), base > active.baseOffset
                else { continue }
                let path = log.directory.appending(name)
                try await io("removing", path) { () throws(Errno) in try await shard.remove(path) }
            }
        }
        if !names.contains(LogFiles.partitionMetadata) {
            try await writeMetadata(log)
        }
        for segment in log.segments where segment.isDirty || segment === active {
            try await io("synchronizing", segment.file.path) { () throws(Errno) in
                try await segment.file.synchronize()
            }
            segment.isDirty = false
        }
        try await io("synchronizing", log.directory) { () throws(Errno) in
            try await shard.synchronize(directory: log.directory)
        }
        log.recovered(logStart: specification.logStart)
        for range in log.damage {
            logger.error("damaged data; reads of it are refused", metadata: ["range": "\(range)"])
        }
    }

    /// Reads how far the log is cleaned. Where nobody knows, all of it is cleaned again.
    private func recoverCleaning(of log: PartitionLog) async {
        do throws(StorageError) {
            log.cleaning.firstDirtyOffset =
                try await CleanerCheckpoint.read(in: log.directory, on: shard) ?? .zero
        } catch {
            logger.warning("a cleaner checkpoint is damaged; its log is cleaned from its start", metadata: [
                "partition": "\(log.partition)", "error": "\(error)",
            ])
        }
    }

    /// Kafka's `partition.metadata`, which says whose partition the directory is.
    private func writeMetadata(_ log: PartitionLog) async throws(StorageError) {
        let path = log.directory.appending(LogFiles.partitionMetadata)
        let text = "version: 0\ntopic_id: \(log.topic)\n"
        try await io("writing", path) { () throws(Errno) in
            let buffer = Array(text.utf8).withUnsafeBytes { AlignedBuffer(copying: $0) }
            let file = try await File.open(path, .create, on: shard)
            try file.truncate(to: 0)
            try await file.write(buffer.bytes, at: 0)
            try await file.synchronize()
        }
    }
}
