internal import Logging
internal import MillraceBytes
package import MillraceModel
package import MillraceRecords
internal import MillraceShard
internal import SystemPackage

// Transactions in a partition (KIP-98): what belongs to one, how it ends, and what readers of committed records see.

extension StorageShard {
    /// The offset below which everything is decided.
    package func lastStableOffset(of log: PartitionLog) -> Offset { log.lastStableOffset }

    // MARK: Writing

    /// Ends a producer's transaction in the partition.
    /// - Throws: `invalidProducerEpoch` where a younger incarnation is known; what `append` throws of the partition.
    package func end(
        _ marker: TransactionMarker, in log: PartitionLog
    ) throws(StorageError) -> AppendTicket {
        try checkWritable(log)
        try log.producers.checkEpoch(marker.producerID, marker.producerEpoch, in: log.partition)
        let bytes: [UInt8]
        do throws(RecordsError) {
            bytes = try marker.batch(at: shard.wallClock)
        } catch {
            throw .invalidBatch(log.partition, error)
        }
        return try takeOwn(bytes, to: log, marker)
    }

    /// Appends records of the broker's own within a producer's transaction, such as the offsets it commits: they have
    /// no sequence, since the broker writes them once.
    /// - Throws: as `end`, and `batchTooLarge`.
    package func appendOwn(
        _ batch: [UInt8], to log: PartitionLog
    ) throws(StorageError) -> AppendTicket {
        try checkWritable(log)
        guard batch.count <= log.settings.messageBytesMax else {
            throw .batchTooLarge(log.partition, bytes: batch.count, limit: log.settings.messageBytesMax)
        }
        return try takeOwn(batch, to: log, nil)
    }

    private func takeOwn(
        _ bytes: [UInt8], to log: PartitionLog, _ marker: TransactionMarker?
    ) throws(StorageError) -> AppendTicket {
        let slice = bytes.withUnsafeBytes { ByteSlice(copying: $0) }
        let header: RecordBatchHeader
        do throws(RecordsError) {
            header = try slice.withBytes { bytes throws(RecordsError) in try RecordBatchHeader(parsing: bytes) }
        } catch {
            throw .invalidBatch(log.partition, error)
        }
        try log.producers.checkEpoch(header.producerID, header.producerEpoch, in: log.partition)
        let ticket = take(slice, header, to: log)
        if let marker {
            // It has just got the offset before the log's end.
            log.transactions.ended(
                marker.producerID, at: log.logEndOffset.advanced(by: -1), isCommit: marker.isCommit)
        }
        return ticket
    }

    /// What a transactional batch needs to begin its producer's transaction in the partition; nil where that is under
    /// way already. Ask the coordinator in between: a marker that comes meanwhile makes it void.
    package func verification(
        for producer: ProducerID, in log: PartitionLog
    ) -> TransactionVerification? {
        guard log.transactions.firstOffset(of: producer) == nil else { return nil }
        return TransactionVerification(markerCount: log.transactions.markerCount)
    }

    /// Whoever has a transaction under way writes nothing beside it, and nobody begins one unknown to the coordinator:
    /// it would never end.
    func checkTransaction(
        _ header: RecordBatchHeader, _ verification: TransactionVerification?, in log: PartitionLog
    ) throws(StorageError) {
        let first = log.transactions.firstOffset(of: header.producerID)
        switch (header.isTransactional, first) {
        case (true, nil):
            guard verification?.markerCount == log.transactions.markerCount else {
                throw .notInTransaction(log.partition, header.producerID)
            }
        case (false, let first?): throw .openTransaction(log.partition, header.producerID, since: first)
        case (true, _?):
            // A younger epoch begins its own, after the older's end.
            if let known = log.producers.epoch(of: header.producerID), header.producerEpoch > known {
                throw .notInTransaction(log.partition, header.producerID)
            }
        case (false, nil): break
        }
    }

    /// Remembers what a producer has sent; the batch has its offset.
    func note(_ header: RecordBatchHeader, in log: PartitionLog) {
        if header.baseSequence < 0 {
            log.producers.takeEpoch(
                header, seen: shard.wallClock, acknowledgedEnd: log.highWatermark,
                limit: options.producersMax, busy: log.transactions.producers)
        } else {
            log.producers.take(
                header, seen: shard.wallClock, acknowledgedEnd: log.highWatermark,
                limit: options.producersMax, busy: log.transactions.producers)
        }
        if header.isTransactional, !header.isControl {
            log.transactions.wrote(header.producerID, at: header.baseOffset)
        }
    }

    // MARK: Reading

    /// Where the offset, the high watermark or the last stable one, lies in the files.
    func findPlace(of offset: Offset, in log: PartitionLog) async throws(StorageError) -> ReadCursor {
        if let place = log.place(of: offset) { return place }
        let place = try await cursor(at: offset, of: log)
        log.stablePlace = (offset, place)
        return place
    }

    /// The aborted transactions that whoever reads the range from the offset on meets.
    func aborted(
        in range: FileRange?, from offset: Offset, of log: PartitionLog
    ) -> [AbortedTransaction] {
        guard let range else { return [] }
        return log.transactions.aborted(from: offset, upTo: range.next.offset)
    }

    // MARK: Index files

    /// What the index files of a partition hold.
    struct LoadedTransactionIndexes {
        var found: [(base: Offset, entries: [AbortedTransaction])] = []
        /// Whether each could be read; what one lacks is made again from the whole log.
        var areWhole = true
    }

    func loadTransactionIndexes(of log: PartitionLog) async -> LoadedTransactionIndexes {
        var loaded = LoadedTransactionIndexes()
        let names = (try? shard.device.list(log.directory)) ?? []
        for base in names.compactMap({ LogFiles.baseOffset($0, LogFiles.transactionIndex) }).sorted() {
            let path = Segment.path(log.directory, base, LogFiles.transactionIndex)
            do {
                let bytes = try await SegmentIndex.contents(path, on: shard)
                let entries = try bytes.withBytes { bytes throws(TransactionIndexFault) in
                    try TransactionIndex.decode(bytes, base: base)
                }
                loaded.found.append((base, entries))
            } catch {
                loaded.areWhole = false
                loaded.found.append((base, []))
                logger.warning("a transaction index is damaged; the log is read instead", metadata: [
                    "file": "\(path)", "reason": "\((error as? TransactionIndexFault)?.reason ?? "\(error)")",
                ])
            }
        }
        return loaded
    }

    /// Has the index files say what the log does.
    func repairTransactionIndexes(
        of log: PartitionLog, _ loaded: LoadedTransactionIndexes
    ) async throws(StorageError) {
        log.indexedEnd = log.writtenEnd
        guard !loaded.found.isEmpty || !log.transactions.isEmpty else { return }
        let old = Dictionary(loaded.found.map { ($0.base, $0.entries) }) { first, _ in first }
        try await io("writing a transaction index in", log.directory) { () throws(Errno) in
            for segment in log.segments {
                let entries = entries(of: segment, in: log, upTo: log.writtenEnd)
                guard Array(entries) != old[segment.baseOffset] ?? [] || !loaded.areWhole else { continue }
                try await write(entries, of: segment, in: log)
            }
        }
    }

    /// Writes which transactions with markers below the offset were aborted; they are on stable storage when this
    /// returns.
    func writeTransactionIndexes(of log: PartitionLog, upTo offset: Offset) async throws(Errno) {
        let begin = log.indexedEnd
        guard offset > begin else { return }
        let hasNews = !log.transactions.aborted(endingIn: begin..<offset).isEmpty
        for segment in log.segments where hasNews && segment.nextOffset > begin {
            let entries = entries(of: segment, in: log, upTo: offset)
            guard let last = entries.last, last.lastOffset >= begin else { continue }
            try await write(entries, of: segment, in: log)
        }
        log.indexedEnd = max(log.indexedEnd, offset)
    }

    private func entries(
        of segment: Segment, in log: PartitionLog, upTo end: Offset
    ) -> ArraySlice<AbortedTransaction> {
        let end = min(segment.nextOffset, end)
        guard segment.baseOffset < end else { return [] }
        return log.transactions.aborted(endingIn: segment.baseOffset..<end)
    }

    private func write(
        _ entries: ArraySlice<AbortedTransaction>, of segment: Segment, in log: PartitionLog
    ) async throws(Errno) {
        let path = Segment.path(log.directory, segment.baseOffset, LogFiles.transactionIndex)
        guard !entries.isEmpty else {
            do throws(Errno) { try await shard.remove(path) } catch .noSuchFileOrDirectory {
                // It never had any.
            }
            return
        }
        let contents = TransactionIndex.encode(entries).withUnsafeBytes { ByteSlice(copying: $0) }
        // Beside its place: what the old one says is believed at a start, and nothing else says it.
        let beside = FilePath("\(path).new")
        let file = try await File.open(beside, .create, on: shard)
        try file.truncate(to: 0)
        try await file.write(contents.bytes, at: 0)
        withExtendedLifetime(contents) {}
        try await file.synchronize()
        try await shard.rename(beside, to: path)
        try await shard.synchronize(directory: log.directory)
    }

    // MARK: Recovery

    /// Takes a transactional batch into account that the log holds already.
    func restoreTransaction(
        of log: PartitionLog, _ header: RecordBatchHeader, at position: UInt64, in file: File
    ) async throws(StorageError) {
        guard header.isControl else {
            // Compaction may have left an empty batch of a transaction whose end is gone.
            if header.recordCount > 0 { log.transactions.wrote(header.producerID, at: header.baseOffset) }
            return
        }
        let buffer = AlignedBuffer(count: header.sizeInBytes)
        let count = try await io("reading", file.path) { () throws(Errno) in
            try await file.read(into: buffer.mutableBytes, at: position)
        }
        guard count == header.sizeInBytes,
            let marker = try? TransactionMarker(RecordBatchView(ByteSlice(buffer)))
        else { return }
        log.transactions.ended(marker.producerID, at: header.lastOffset, isCommit: marker.isCommit)
    }
}

/// That a partition has seen no end of a transaction since the coordinator was asked.
package struct TransactionVerification: Sendable {
    let markerCount: UInt64
}

extension PartitionLog {
    /// Where the offset lies, if that is known already.
    func place(of offset: Offset) -> ReadCursor? {
        if offset == highWatermark { return highWatermarkPlace }
        return stablePlace.flatMap { $0.offset == offset ? $0.place : nil }
    }
}
