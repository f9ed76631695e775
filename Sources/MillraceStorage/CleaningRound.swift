internal import MillraceBytes
internal import MillraceModel
internal import MillraceRecords

/// One way of the cleaner through a log: which records and batches stay.
///
/// The rules are those of Kafka's log cleaner (KIP-58, KIP-354, KIP-534). A record stays if no later one has its key.
/// A tombstone stays until the batch's delete horizon, which is written into the batch when a cleaning first keeps
/// it. A batch without records stays where something hangs on it: the sequence of its producer, or the end of a
/// segment. The end of a transaction stays until none of its batches is there, and then until its delete horizon.
final class CleaningRound {
    let log: PartitionLog
    let map: OffsetMap
    var throttle: CleanerThrottle
    /// The last offset whose record is in the map; nothing is known of what lies behind.
    private(set) var lastMappedOffset = Offset(-1)
    private let now: Timestamp
    private let horizon: Timestamp
    /// The last offset of each producer, whose batch says how its sequence goes on.
    private let lastOffsets: [ProducerID: Offset]
    /// By producer, in their order.
    private let aborted: [ProducerID: [AbortedTransaction]]
    /// Producers of whose transaction a batch was met and the end was not.
    private var openTransactions: Set<ProducerID> = []

    init(_ log: PartitionLog, _ map: OffsetMap, _ throttle: CleanerThrottle, at now: Timestamp) {
        self.log = log
        self.map = map
        self.throttle = throttle
        self.now = now
        let (seconds, attoseconds) = log.settings.deleteRetention.components
        let sum = now.milliseconds.addingReportingOverflow(
            seconds * 1000 + attoseconds / 1_000_000_000_000_000)
        horizon = Timestamp(milliseconds: sum.overflow ? .max : sum.partialValue)
        aborted = Dictionary(grouping: log.transactions.aborted, by: \.producer)
        lastOffsets = Dictionary(
            uniqueKeysWithValues: log.producers.state(at: log.highWatermark).map {
                ($0.id, $0.batch.lastOffset)
            })
    }

    /// Notes the keys of a batch, from the offset on.
    /// - Returns: false where the map is full: the round reaches up to the last record that was noted.
    func note(_ batch: SegmentScanner.Batch, from first: Offset) throws(RecordsError) -> Bool {
        let header = batch.header
        let isAborted =
            header.isTransactional && isAborted(header.producerID, at: header.baseOffset)
        if header.isControl || isAborted || header.recordCount == 0 {
            lastMappedOffset = header.lastOffset
            return true
        }
        let view = try RecordBatchView(borrowing: batch.bytes)
        var records = view.makeRecordIterator()
        while let record = try records.next() {
            guard record.offset >= first else { continue }
            if let key = record.keyBytes, !map.put(key, record.offset) { return false }
            lastMappedOffset = record.offset
        }
        lastMappedOffset = header.lastOffset
        return true
    }

    /// What becomes of a batch.
    enum Verdict {
        case asItIs
        case other(ByteSlice)
        case dropped
    }

    /// - Parameter isLast: whether it ends the segment, which goes on to the next one's base offset.
    func judge(_ batch: SegmentScanner.Batch, isLast: Bool) throws(RecordsError) -> Verdict {
        let header = batch.header
        let isDiscardable = isDiscardable(header)
        let isPast = header.deleteHorizon.map { $0 <= now } ?? false
        // The end of a transaction that has nothing left waits like a tombstone.
        let losesAll = header.isControl ? isDiscardable && isPast : isDiscardable
        let isNeeded =
            isLast || header.producerID != .none && lastOffsets[header.producerID] == header.lastOffset
        let compacted = try RecordBatch.compact(
            batch.bytes, horizon: horizon, isMarked: isDiscardable && header.isControl
        ) { record in
            if losesAll { return false }
            return header.isControl || stays(record, isPast: isPast)
        }
        switch compacted {
        case .unchanged: return .asItIs
        case .rewritten(let bytes): return .other(bytes)
        case .emptied where !isNeeded: return .dropped
        case .emptied: return header.recordCount == 0 ? .asItIs : .other(RecordBatch.emptied(header))
        }
    }

    private func stays(_ record: RecordView, isPast: Bool) -> Bool {
        guard record.offset <= lastMappedOffset else { return true }
        // Records without a key are from before the topic was compacted.
        guard let key = record.keyBytes else { return false }
        if let latest = map.offset(of: key), record.offset < latest { return false }
        return record.valueBytes != nil || !isPast
    }

    /// Whether the batch is of an aborted transaction, or the end of one of which there is no batch any more.
    private func isDiscardable(_ header: RecordBatchHeader) -> Bool {
        if header.isControl { return openTransactions.remove(header.producerID) == nil }
        guard header.isTransactional else { return false }
        openTransactions.insert(header.producerID)
        return isAborted(header.producerID, at: header.baseOffset)
    }

    private func isAborted(_ producer: ProducerID, at offset: Offset) -> Bool {
        guard let all = aborted[producer] else { return false }
        let index = all.partitioned { $0.lastOffset >= offset }
        return index < all.count && all[index].firstOffset <= offset
    }
}
