internal import DequeModule
internal import Logging
package import MillraceBytes
internal import MillraceModel
internal import MillraceRecords
package import MillraceShard
internal import SystemPackage

/// The storage of one shard: its partitions, its journal, and the tasks that write, recycle and
/// delete.
///
/// Everything here runs on the shard. An append decides synchronously (checks, offsets, a ticket)
/// and returns; the writers then take whatever has gathered, from all partitions at once, while the
/// previous write is still under way. That is the group commit.
package actor StorageShard {
    package nonisolated let shard: Shard
    package nonisolated var unownedExecutor: UnownedSerialExecutor {
        shard.asUnownedSerialExecutor()
    }

    let options: StorageOptions
    let logger: Logger
    let journal: Journal
    /// Shared by all shards.
    let cleanerTurn: CleanerTurn
    var logs: [TopicPartition: PartitionLog] = [:]

    /// Partitions with batches that wait, by what their topics demand.
    var durableQueue: Deque<PartitionLog> = []
    var relaxedQueue: Deque<PartitionLog> = []
    let work: Signal
    let idle: Signal
    var unfinishedCount = 0
    var isClosing = false
    /// The shard has stopped: nobody writes what is appended, so it is refused instead of waiting
    /// for ever.
    var haveWritersEnded = false
    /// It speaks for no partition any more, and writes no checkpoint that would say so.
    var hasEnded = false
    /// Background tasks that a close waits for.
    var backgroundCount = 0
    var isCheckpointing = false
    /// Checkpoints wanted and written, by count, so that one write serves all who wait for it.
    var checkpointsWanted = 0
    var checkpointsDone = 0
    let checkpointed: Signal

    init(
        shard: Shard, options: StorageOptions, logger: Logger, generation: UInt64,
        cleanerTurn: CleanerTurn
    ) {
        self.shard = shard
        self.cleanerTurn = cleanerTurn
        self.options = options
        self.logger = logger
        journal = Journal(
            directory: options.directory.appending(DataFiles.journal), shard: shard,
            fileBytes: options.journalFileBytes, fileCountMax: options.journalFileCountMax,
            generation: generation)
        work = Signal(on: shard)
        idle = Signal(on: shard)
        checkpointed = Signal(on: shard)
    }

    /// Lets other settings hold for what is appended from here on.
    func apply(_ settings: TopicSettings, to log: PartitionLog) { log.settings = settings }

    // MARK: Appending

    /// Takes one batch, gives it its offsets in place, and promises to write it.
    ///
    /// The slice's memory belongs to the log until the ticket is complete.
    /// A batch of an idempotent producer that was stored before is answered with its offsets of
    /// then, once they are acknowledged.
    /// - Parameter verification: of a transactional batch that begins its transaction here: what `verification` gave
    ///   before the coordinator was asked whether the partition is in it (KIP-890).
    /// - Throws: `batchTooLarge`, `invalidBatch`, `recordWithoutKey`, `invalidTimestamp`, `invalidProducerEpoch`,
    /// `outOfOrderSequence`, `duplicateSequence`, `openTransaction`, `notInTransaction`, `readOnly`, `unknownPartition`
    /// or `closed`, with nothing written.
    package func append(
        _ batch: ByteSlice, to log: PartitionLog, verification: TransactionVerification? = nil
    ) throws(StorageError) -> AppendTicket {
        try checkWritable(log)
        guard batch.count <= log.settings.messageBytesMax else {
            throw .batchTooLarge(
                log.partition, bytes: batch.count, limit: log.settings.messageBytesMax)
        }
        var header: RecordBatchHeader
        let keyless: Int?
        do throws(RecordsError) {
            header = try RecordBatch.validateProduced(
                batch.bytes, limit: log.settings.messageBytesMax)
            keyless =
                log.settings.isCompacted ? try RecordBatch.indexOfKeylessRecord(in: batch.bytes) : nil
        } catch {
            throw .invalidBatch(log.partition, error)
        }
        if let keyless { throw .recordWithoutKey(log.partition, index: keyless) }
        if header.producerID != .none {
            let verdict = try log.producers.check(header, in: log.partition)
            if case .duplicate(let original) = verdict { return answerAgain(original, in: log) }
            try checkTransaction(header, verification, in: log)
        }
        var batch = batch
        try fit(&batch, &header, to: log)
        return take(batch, header, to: log)
    }

    /// Gives a batch that was checked its offsets, and puts it in line.
    func take(
        _ batch: ByteSlice, _ header: RecordBatchHeader, to log: PartitionLog
    ) -> AppendTicket {
        var header = header
        let base = log.assignOffsets(count: Int64(header.lastOffsetDelta) + 1)
        RecordBatch.assign(
            offset: base, leaderEpoch: .zero, in: batch.owner.pointer + batch.offset)
        header.baseOffset = base
        header.leaderEpoch = .zero
        if header.producerID != .none { note(header, in: log) }
        let ticket = AppendTicket()
        log.pending.append(PendingAppend(batch: batch, header: header, ticket: ticket))
        log.pendingBytes &+= batch.count
        log.unfinishedCount &+= 1
        unfinishedCount &+= 1
        enqueue(log)
        return ticket
    }

    func checkWritable(_ log: PartitionLog) throws(StorageError) {
        guard !isClosing else { throw .closed }
        guard !log.isClosed else { throw .unknownPartition(log.partition) }
        switch log.refusal {
        case nil: break
        case .failed(let reason): throw .readOnly(log.partition, reason: reason)
        case .noSpace(let retry, let reason):
            // The next append after a while tries again, so that a partition recovers when there is
            // room.
            guard shard.now >= retry else { throw .readOnly(log.partition, reason: reason) }
            log.refusal = nil
        }
        if log.durability == .durable, let failure = journal.failure {
            throw .readOnly(log.partition, reason: "the journal failed: \(failure)")
        }
    }

    /// Puts the partition in line for a writer, once.
    func enqueue(_ log: PartitionLog) {
        guard !log.isQueued, !log.isBusy, !log.pending.isEmpty else { return }
        guard !haveWritersEnded else { return refuseWaiting(log, .closed) }
        log.isQueued = true
        switch log.durability {
        case .durable: durableQueue.append(log)
        case .relaxed: relaxedQueue.append(log)
        }
        work.notifyAll()
    }

    // MARK: Runs

    /// Takes what waits in the partition, up to `bytesMax`, and hands it to the active segment's
    /// accounting; nil where the segment has to be prepared first, which then is under way.
    func takeRun(_ log: PartitionLog, bytesMax: Int) -> Run? {
        guard !log.isBusy, let first = log.pending.first else { return nil }
        let segment = log.active
        let needsRoll =
            segment.isFull(for: first.header, limit: log.settings.segmentBytes)
            || segment.isOld(for: first.header, ageMax: segmentAgeMax(segment, log))
        if needsRoll || segment.size &+ UInt64(first.batch.count) > segment.reserved {
            log.isBusy = true
            inBackground { await $0.prepare(log, roll: needsRoll) }
            return nil
        }
        let run = Run(log, first: first.header)
        while let next = log.pending.first, run.appends.count < Self.slicesMax {
            // The first one always fits: what prepared the segment saw to it, however large it is.
            let fits =
                run.appends.isEmpty
                || run.bytes &+ next.batch.count <= bytesMax
                && segment.size &+ UInt64(next.batch.count) <= segment.reserved
                && !segment.isFull(for: next.header, limit: log.settings.segmentBytes)
                && !segment.isOld(for: next.header, ageMax: segmentAgeMax(segment, log))
            guard fits else { break }
            log.pending.removeFirst()
            log.pendingBytes &-= next.batch.count
            run.append(next)
        }
        return run.appends.isEmpty ? nil : run
    }

    private func segmentAgeMax(_ segment: Segment, _ log: PartitionLog) -> Duration {
        let settings = log.settings
        var ageMax = settings.segmentAgeMax
        // The active segment is not compacted, so it must not stay active for longer (KIP-354).
        if settings.isCompacted, let lag = settings.compactionLagMax { ageMax = min(ageMax, lag) }
        let jitterMax = min(settings.segmentJitterMax, ageMax)
        guard jitterMax > .zero else { return ageMax }
        let jitter = segment.jitter ?? UInt16(truncatingIfNeeded: shard.device.random())
        segment.jitter = jitter
        return ageMax - jitterMax * (Double(jitter) / 65_536)
    }

    /// What one vectored write takes, well below the kernel's 1,024.
    static let slicesMax = 512

    /// Rolls the segment or reserves space for what waits, then lets the writers go on.
    private func prepare(_ log: PartitionLog, roll: Bool) async {
        do throws(StorageError) {
            if roll { try await self.roll(log) }
            if let first = log.pending.first { try await reserve(log, first.batch.count) }
        } catch {
            refuse(log, error)
        }
        log.isBusy = false
        enqueue(log)
    }

    private func reserve(_ log: PartitionLog, _ count: Int) async throws(StorageError) {
        let segment = log.active
        guard segment.size &+ UInt64(count) > segment.reserved else { return }
        let limit = max(log.settings.segmentBytes, count)
        var end = segment.reservation(for: max(count, log.pendingBytes), limit: limit)
        do throws(Errno) {
            do throws(Errno) {
                try await segment.file.reserve(
                    at: segment.reserved, count: end &- segment.reserved)
            } catch .noSpace {
                // The comfortable step does not fit; what is asked for may.
                end = segment.size &+ UInt64(count)
                try await segment.file.reserve(
                    at: segment.reserved, count: end &- segment.reserved)
            }
        } catch .notSupported {
            // A file system that cannot reserve tells of a full disk at the write.
        } catch {
            throw .io(segment.file.path, error, doing: "reserving \(count) bytes in")
        }
        segment.noteReserved(end)
    }

    /// Ends the active segment and begins the next at the first offset that waits.
    func roll(_ log: PartitionLog) async throws(StorageError) {
        let old = log.active
        let base = old.nextOffset
        let segment = try await Segment.create(in: log.directory, at: base, on: shard)
        log.segments.append(segment)
        log.finishingCount &+= 1
        old.isFinishing = true
        inBackground { await $0.finish(old, of: log) }
    }

    private func finish(_ segment: Segment, of log: PartitionLog) async {
        defer { log.finishingCount &-= 1 }
        do throws(StorageError) {
            try await segment.finish(on: shard)
        } catch {
            logger.warning("the index of a segment was not written", metadata: [
                "partition": "\(log.partition)", "error": "\(error)",
            ])
        }
        segment.isFinishing = false
        await writeProducerSnapshot(of: log)
        // Without a journal to recycle this is what bounds the search after an unclean stop.
        if log.durability == .relaxed, await synchronize(log) { _ = await checkpoint() }
    }

    // MARK: Ends

    /// Acknowledges a run whose bytes are safe.
    func acknowledge(_ run: Run) {
        let log = run.log
        log.advanceHighWatermark(to: run.nextOffset, segment: run.segment, position: run.end)
        for append in run.appends {
            append.ticket.complete(
                .success(
                    AppendResult(
                        baseOffset: append.header.baseOffset,
                        nextOffset: append.header.lastOffset.advanced(by: 1),
                        durability: log.durability,
                        logAppendTime: append.header.logAppendTime,
                        logStartOffset: log.logStartOffset)))
        }
        log.bytesSinceSnapshot &+= UInt64(run.bytes)
        if !log.repeats.isEmpty { acknowledgeRepeats(in: log) }
        run.segment.startWriteback()
        finished(run.appends.count, of: log)
    }

    /// Refuses a run that could not be written.
    func fail(_ run: Run, _ error: StorageError) {
        for append in run.appends { append.ticket.complete(.failure(error)) }
        failRepeats(in: run.log, from: run.baseOffset, error)
        finished(run.appends.count, of: run.log)
    }

    private func finished(_ count: Int, of log: PartitionLog) {
        log.unfinishedCount &-= count
        unfinishedCount &-= count
        if unfinishedCount == 0 { idle.notifyAll() }
    }

    /// Stops the partition and refuses everything that waits in it.
    /// - Parameter isFinal: until a restart, even where the disk was merely full.
    func refuse(_ log: PartitionLog, _ error: StorageError, isFinal: Bool = false) {
        if case .failed = log.refusal {
            // The first reason stays.
        } else if error.isFullDisk, !isFinal {
            log.refusal = .noSpace(
                retry: shard.now.advanced(by: .seconds(1)),
                reason: "\(error); it takes writes again when there is room")
        } else {
            log.refusal = .failed(
                reason: "\(error); a restart recovers what is known to be on the disk")
        }
        let reason = log.refusal?.reason ?? ""
        logger.error("a partition takes no writes", metadata: [
            "partition": "\(log.partition)", "reason": "\(reason)",
        ])
        refuseWaiting(log, .readOnly(log.partition, reason: reason))
    }

    /// Refuses everything that has an offset and is not handed to a writer, and takes the offsets
    /// back.
    func refuseWaiting(_ log: PartitionLog, _ error: StorageError) {
        let waiting = log.pending
        log.pending.removeAll()
        log.pendingBytes = 0
        log.forgetUnwritten()
        for append in waiting { append.ticket.complete(.failure(error)) }
        failRepeats(in: log, from: log.writtenEnd, error)
        finished(waiting.count, of: log)
    }

    /// Lets the partitions go, which hold their storage in turn: their files close with whoever
    /// uses them last.
    func letGo() {
        hasEnded = true
        logs = [:]
        journal.current?.logs = [:]
    }

    /// Starts a task that `close` waits for.
    func inBackground(_ body: @escaping @Sendable (isolated StorageShard) async -> Void) {
        backgroundCount &+= 1
        shard.spawn {
            await body(self)
            await self.backgroundEnded()
        }
    }

    func backgroundEnded() {
        backgroundCount &-= 1
        if backgroundCount == 0 { idle.notifyAll() }
    }
}
