internal import MillraceBytes
internal import MillraceModel
internal import MillraceRecords
package import MillraceShard
package import SystemPackage

/// Prints what the files of a log hold, a line a batch, as Kafka's `kafka-dump-log` does.
///
/// It takes a segment, an offset index, a time index, a journal file, a checkpoint, the catalogue,
/// or a partition's directory, which stands for all files in it. It opens them for reading and
/// trusts nothing in them.
package struct LogDump {
    /// A line for each record too.
    package var showsRecords: Bool
    /// The keys and values of the records, as text.
    package var showsPayloads: Bool

    let shard: Shard
    let print: (String) -> Void

    package init(
        showsRecords: Bool = false, showsPayloads: Bool = false, on shard: Shard,
        print: @escaping (String) -> Void
    ) {
        self.showsRecords = showsRecords || showsPayloads
        self.showsPayloads = showsPayloads
        self.shard = shard
        self.print = print
    }

    /// - Throws: `damagedFile` for a file of another kind, `io` where it cannot be read.
    package func dump(_ path: FilePath) async throws(StorageError) {
        let name = path.lastComponent?.string ?? ""
        if let names = try? shard.device.list(path) {
            for name in names where Self.isKnown(name) { try await dump(path.appending(name)) }
            return
        }
        print("Dumping \(path)")
        if let base = LogFiles.baseOffset(name, LogFiles.log) {
            try await dump(segment: path, base)
        } else if let base = LogFiles.baseOffset(name, LogFiles.offsetIndex) {
            for entry in SegmentIndex.offsetEntries(try await contents(path)) {
                print(
                    """
                    offset: \(base.advanced(by: Int64(entry.relativeOffset))) \
                    position: \(entry.position)
                    """)
            }
        } else if let base = LogFiles.baseOffset(name, LogFiles.timeIndex) {
            for entry in SegmentIndex.timeEntries(try await contents(path)) {
                print(
                    """
                    timestamp: \(entry.timestamp) \
                    offset: \(base.advanced(by: Int64(entry.relativeOffset)))
                    """)
            }
        } else if let base = LogFiles.baseOffset(name, LogFiles.transactionIndex) {
            try await dump(transactions: path, base)
        } else if let offset = LogFiles.baseOffset(name, LogFiles.producerSnapshot) {
            try await dump(snapshot: path, offset)
        } else if Journal.shard(inName: name) != nil {
            try await dump(journal: path)
        } else if Checkpoint.isCheckpoint(name) || name == DataFiles.topics
            || name == LogFiles.partitionMetadata || name == LogFiles.cleanerCheckpoint
        {
            try await dump(text: path)
        } else {
            throw .damagedFile(
                path,
                reason: """
                    its name is none of a data directory's; give a .log, .index, .timeindex, \
                    .txnindex, .snapshot, .journal, .checkpoint or topics.millrace file, or a partition's \
                    directory
                    """)
        }
    }

    private static func isKnown(_ name: String) -> Bool {
        [
            LogFiles.log, LogFiles.offsetIndex, LogFiles.timeIndex, LogFiles.transactionIndex,
            LogFiles.producerSnapshot,
        ].contains {
            LogFiles.baseOffset(name, $0) != nil
        } || Journal.shard(inName: name) != nil || Checkpoint.isCheckpoint(name)
            || name == DataFiles.topics || name == LogFiles.partitionMetadata
            || name == LogFiles.cleanerCheckpoint
    }

    private func contents(_ path: FilePath) async throws(StorageError) -> ByteSlice {
        try await io("reading", path) { () throws(Errno) in
            try await SegmentIndex.contents(path, on: shard)
        }
    }

    private func dump(text path: FilePath) async throws(StorageError) {
        let text = try await contents(path).withBytes { String(decoding: $0, as: UTF8.self) }
        for line in text.split(separator: "\n") { print(String(line)) }
    }

    private func dump(transactions path: FilePath, _ base: Offset) async throws(StorageError) {
        let bytes = try await contents(path)
        do throws(TransactionIndexFault) {
            let entries = try bytes.withBytes { bytes throws(TransactionIndexFault) in
                try TransactionIndex.decode(bytes, base: base)
            }
            for entry in entries {
                print(
                    """
                    version: \(TransactionIndex.version) producerId: \(entry.producer.value) \
                    firstOffset: \(entry.firstOffset) lastOffset: \(entry.lastOffset) \
                    lastStableOffset: \(entry.lastStableOffset)
                    """)
            }
        } catch {
            print("damaged: \(error.reason)")
        }
    }

    private func dump(snapshot path: FilePath, _ offset: Offset) async throws(StorageError) {
        let bytes = try await contents(path)
        do throws(SnapshotFault) {
            let entries = try bytes.withBytes { bytes throws(SnapshotFault) in
                try ProducerSnapshot.decode(bytes, at: offset)
            }
            for entry in entries {
                let batch = entry.batch
                print(
                    """
                    producerId: \(entry.id.value) producerEpoch: \(batch.epoch.value) \
                    lastTimestamp: \(entry.timestamp) firstSequence: \(batch.firstSequence) \
                    lastSequence: \(batch.lastSequence) lastOffset: \(batch.lastOffset) \
                    offsetDelta: \(batch.offsetDelta) \
                    currentTxnFirstOffset: \(entry.firstOffset.map { "\($0)" } ?? "none")
                    """)
            }
        } catch {
            print("damaged: \(error.reason)")
        }
    }

    // MARK: Segments

    private func dump(segment path: FilePath, _ base: Offset) async throws(StorageError) {
        let (file, size) = try await io("opening", path) { () throws(Errno) in
            let file = try await File.open(path, .read, on: shard)
            return (file, try file.size())
        }
        print("Log starting offset: \(base)")
        let survey = SegmentSurvey(file, baseOffset: base, limit: size)
        while true {
            switch try await survey.next() {
            case .end: return
            case .batch(let batch):
                print(Self.line(batch.header, at: batch.position, isValid: true))
                if showsRecords { dump(recordsOf: batch) }
            case .damage(let damage):
                if let header = damage.header {
                    print(Self.line(header, at: damage.position, isValid: false))
                }
                print("damaged from byte \(damage.position) to \(damage.end): \(damage.reason)")
            }
        }
    }

    private static func line(
        _ header: RecordBatchHeader, at position: UInt64, isValid: Bool
    ) -> String {
        let lastSequence =
            header.baseSequence < 0
            ? -1 : (Int64(header.baseSequence) + Int64(header.lastOffsetDelta)) & Int64(Int32.max)
        return """
            baseOffset: \(header.baseOffset) lastOffset: \(header.lastOffset) \
            count: \(header.recordCount) baseSequence: \(header.baseSequence) \
            lastSequence: \(lastSequence) producerId: \(header.producerID.value) \
            producerEpoch: \(header.producerEpoch.value) \
            partitionLeaderEpoch: \(header.leaderEpoch.value) \
            isTransactional: \(header.isTransactional) isControl: \(header.isControl) \
            deleteHorizonMs: \(header.deleteHorizon.map { "\($0)" } ?? "none") \
            position: \(position) \
            \(header.timestampType == .create ? "CreateTime" : "LogAppendTime"): \
            \(header.maxTimestamp) size: \(header.sizeInBytes) magic: \(RecordBatchHeader.magic) \
            compresscodec: \(header.codec.map { "\($0)" } ?? "\(header.codecNumber)") \
            crc: \(header.checksum) isvalid: \(isValid)
            """
    }

    private func dump(recordsOf batch: SegmentScanner.Batch) {
        let time = batch.header.timestampType == .create ? "CreateTime" : "LogAppendTime"
        do throws(RecordsError) {
            let view = try RecordBatchView(borrowing: batch.bytes, decompressedLimit: 1 << 30)
            var records = view.makeRecordIterator()
            while let record = try records.next() {
                var names: [String] = []
                try record.forEachHeader { name, _ in
                    names.append(Self.text(name))
                }
                var line = """
                    | offset: \(record.offset) \(time): \(record.timestamp) \
                    keySize: \(record.keyBytes?.count ?? -1) \
                    valueSize: \(record.valueBytes?.count ?? -1) \
                    headerKeys: [\(names.joined(separator: ","))]
                    """
                if let marker = try TransactionMarker(view) {
                    line += " endTxnMarker: \(marker.isCommit ? "COMMIT" : "ABORT")"
                    line += " coordinatorEpoch: \(marker.coordinatorEpoch)"
                }
                if showsPayloads {
                    if let key = record.keyBytes { line += " key: \(Self.text(key))" }
                    if let value = record.valueBytes { line += " payload: \(Self.text(value))" }
                }
                print(line)
            }
            withExtendedLifetime(view) {}
        } catch {
            print("| damaged: \(error)")
        }
    }

    /// UTF-8 on one line: control characters as escapes, so that no record can pass for a line of
    /// the dump.
    private static func text(_ bytes: UnsafeRawBufferPointer) -> String {
        var text = ""
        for scalar in String(decoding: bytes, as: UTF8.self).unicodeScalars {
            if scalar.properties.generalCategory == .control {
                text += scalar.escaped(asASCII: true)
            } else {
                text.unicodeScalars.append(scalar)
            }
        }
        return text
    }

    // MARK: Journals

    private func dump(journal path: FilePath) async throws(StorageError) {
        for group in try await JournalContents.read(path, on: shard) {
            let header = group.header
            print(
                """
                group generation: \(header.generation) sequence: \(header.sequence) \
                stableSequence: \(header.stableSequence) entries: \(header.entryCount) \
                position: \(group.position) size: \(JournalFormat.groupHeaderSize + Int(header.bytes))
                """)
            for entry in group.entries {
                let header = entry.header
                print(
                    """
                    | topic: \(header.topic) partition: \(header.partition) \
                    kind: \(header.kind == .note ? "note" : "batches") \
                    baseOffset: \(header.baseOffset) nextOffset: \(header.nextOffset) \
                    segment: \(header.segment) position: \(header.position) size: \(header.count)
                    """)
            }
        }
    }
}
