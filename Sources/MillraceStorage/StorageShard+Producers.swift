internal import Logging
internal import MillraceBytes
internal import MillraceModel
internal import MillraceShard
internal import SystemPackage

// Idempotent producers: repeats answered, snapshots written, and the table made again at the start.

extension StorageShard {
    /// The producers that the partition remembers, by id.
    package func producers(of log: PartitionLog) -> [ActiveProducer] {
        let open = log.transactions.openTransactions(at: log.highWatermark)
        return log.producers.state(at: log.highWatermark).map {
            ActiveProducer(
                id: $0.id, epoch: $0.batch.epoch, lastSequence: $0.batch.lastSequence,
                lastTimestamp: $0.batch.timestamp, transactionStart: open[$0.id])
        }
    }

    /// The largest producer id, of those that a broker may have given, that any partition of this shard remembers.
    var largestProducerID: ProducerID? {
        logs.values.compactMap { $0.producers.largestID(upTo: ProducerIDs.credibleMax) }
            .max { $0.value < $1.value }
    }

    // MARK: Repeats

    /// Promises the answer of a batch that came before.
    func answerAgain(_ original: ProducerTable.Batch, in log: PartitionLog) -> AppendTicket {
        let ticket = AppendTicket()
        let again = RepeatedAppend(
            baseOffset: original.baseOffset, lastOffset: original.lastOffset,
            logAppendTime: log.settings.usesLogAppendTime ? original.timestamp : .none,
            ticket: ticket)
        if original.lastOffset < log.highWatermark {
            acknowledge(again, in: log)
        } else {
            log.repeats.append(again)
        }
        return ticket
    }

    func acknowledgeRepeats(in log: PartitionLog) {
        for again in log.repeats where again.lastOffset < log.highWatermark {
            acknowledge(again, in: log)
        }
        log.repeats.removeAll { $0.lastOffset < log.highWatermark }
    }

    private func acknowledge(_ again: RepeatedAppend, in log: PartitionLog) {
        again.ticket.complete(
            .success(
                AppendResult(
                    baseOffset: again.baseOffset, nextOffset: again.lastOffset.advanced(by: 1),
                    durability: log.durability, logAppendTime: again.logAppendTime,
                    logStartOffset: log.logStartOffset, isDuplicate: true)))
    }

    /// Refuses the repeats of batches that were not written after all.
    func failRepeats(in log: PartitionLog, from offset: Offset, _ error: StorageError) {
        guard !log.repeats.isEmpty else { return }
        for again in log.repeats where again.lastOffset >= offset {
            again.ticket.complete(.failure(error))
        }
        log.repeats.removeAll { $0.lastOffset >= offset }
    }

    // MARK: Snapshots

    /// How much log may lie beyond the newest snapshot of a partition that is written to.
    static let snapshotIntervalBytes: UInt64 = 64 << 20
    /// The newest may be damaged; the one before it then saves most of the way.
    private static let snapshotsKept = 2

    /// Writes the producers as of the high watermark beside the log. One that cannot be written is
    /// no harm: recovery reads more of the log.
    func writeProducerSnapshot(of log: PartitionLog) async {
        let offset = log.highWatermark
        guard !log.isWritingSnapshot, !log.isClosed, log.snapshotOffset != offset else { return }
        log.isWritingSnapshot = true
        log.finishingCount &+= 1
        defer {
            log.isWritingSnapshot = false
            log.finishingCount &-= 1
        }
        let open = log.transactions.openTransactions(at: offset)
        let entries = log.producers.history(at: offset).map {
            ProducerSnapshot.Entry(
                id: $0.id, batch: $0.batch, timestamp: $0.lastSeen, firstOffset: open[$0.id])
        }
        let contents = ProducerSnapshot.encode(entries).withUnsafeBytes { ByteSlice(copying: $0) }
        let bytes = log.bytesSinceSnapshot
        do throws(Errno) {
            // A start that finds the snapshot looks for aborted transactions only behind it.
            try await writeTransactionIndexes(of: log, upTo: offset)
            let file = try await File.open(
                Segment.path(log.directory, offset, LogFiles.producerSnapshot), .create, on: shard)
            try file.truncate(to: 0)
            try await file.write(contents.bytes, at: 0)
            withExtendedLifetime(contents) {}
            try await file.synchronize()
            log.snapshotOffset = offset
            log.bytesSinceSnapshot &-= bytes
            for old in try snapshots(of: log).dropLast(Self.snapshotsKept) {
                try await shard.remove(
                    Segment.path(log.directory, old, LogFiles.producerSnapshot))
            }
        } catch {
            logger.warning("a producer snapshot was not written", metadata: [
                "partition": "\(log.partition)", "error": "\(error)",
            ])
        }
    }

    /// The offsets of the snapshots there are, in order.
    private func snapshots(of log: PartitionLog) throws(Errno) -> [Offset] {
        try shard.device.list(log.directory).compactMap {
            LogFiles.baseOffset($0, LogFiles.producerSnapshot)
        }.sorted()
    }

    // MARK: Recovery

    /// Makes the table again from the newest snapshot that is whole and the log behind it.
    func recoverProducers(of log: PartitionLog) async throws(StorageError) {
        let offsets = try await io("listing", log.directory) { () throws(Errno) in
            try snapshots(of: log)
        }
        let now = shard.wallClock
        var start = Offset.zero
        let indexes = await loadTransactionIndexes(of: log)
        for offset in offsets.reversed() {
            let path = Segment.path(log.directory, offset, LogFiles.producerSnapshot)
            // One beyond the end speaks of batches that are gone, and others will take their place.
            if offset <= log.writtenEnd, indexes.areWhole {
                do {
                    let entries = try await snapshot(path, at: offset)
                    let open = entries.compactMap { entry in entry.firstOffset.map { (entry.id, $0) } }
                    for entry in entries { log.producers.restore(entry.id, entry.batch, seen: entry.timestamp) }
                    // What began where the log has been cleaned was decided; its end may be gone by now.
                    for (id, first) in open.sorted(by: { $0.1 < $1.1 })
                    where first >= log.cleaning.firstDirtyOffset { log.transactions.restore(id, from: first) }
                    start = offset
                    log.snapshotOffset = offset
                    break
                } catch {
                    logger.warning("a producer snapshot is damaged; the log is read instead", metadata: [
                        "file": "\(path)", "reason": "\(error)",
                    ])
                }
            }
            try await io("removing", path) { () throws(Errno) in try await shard.remove(path) }
        }
        log.transactions.restore(
            indexes.found.flatMap(\.entries).filter { $0.lastOffset < start && $0.lastOffset >= log.logStartOffset })
        for segment in log.segments where segment.nextOffset > start {
            try await restoreProducers(of: log, from: segment, start, now)
        }
        log.transactions.settle(below: log.writtenEnd)
        try await repairTransactionIndexes(of: log, indexes)
        log.producers.forget(
            silentFor: options.producerExpiration, at: now, acknowledgedEnd: log.writtenEnd,
            except: log.transactions.producers)
    }

    private func snapshot(
        _ path: FilePath, at offset: Offset
    ) async throws -> [ProducerSnapshot.Entry] {
        let bytes = try await SegmentIndex.contents(path, on: shard)
        return try bytes.withBytes { bytes throws(SnapshotFault) in
            try ProducerSnapshot.decode(bytes, at: offset)
        }
    }

    private func restoreProducers(
        of log: PartitionLog, from segment: Segment, _ start: Offset, _ now: Timestamp
    ) async throws(StorageError) {
        let relative = max(0, start.value &- segment.baseOffset.value)
        let position = segment.index.position(for: UInt32(clamping: relative))
        let scanner = SegmentScanner(
            segment.file, from: position, limit: segment.size, depth: .headers)
        // Behind damage nothing is known of anybody: their batches are taken as those of strangers.
        while case .batch(let batch) = try await scanner.next() {
            guard batch.header.baseOffset >= start else { continue }
            log.producers.restore(batch.header, seen: now)
            if batch.header.isTransactional {
                try await restoreTransaction(of: log, batch.header, at: batch.position, in: segment.file)
            }
            log.bytesSinceSnapshot &+= UInt64(batch.header.sizeInBytes)
        }
    }
}
