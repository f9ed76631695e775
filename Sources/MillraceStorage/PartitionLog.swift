internal import DequeModule
internal import MillraceBytes
package import MillraceModel
internal import MillraceRecords
internal import MillraceShard
internal import SystemPackage

/// The log of one partition: its segments, its offsets, and what waits to be written.
///
///     log start offset <= recovery point, high watermark <= written end <= log end offset
///
/// Offsets are given at the log end as batches arrive; the written end follows when their bytes are
/// handed to the segment, and the high watermark when they are as safe as the topic demands. No
/// door serves beyond the high watermark. The recovery point is below what is synchronised in the
/// segments *and* checkpointed.
///
/// Others hold a partition as a handle only: its state belongs to the storage of its shard.
package final class PartitionLog: @unchecked Sendable {
    package let partition: TopicPartition
    package let topic: TopicID
    package let storage: StorageShard
    package let durability: Durability
    let directory: FilePath
    /// What holds for the topic, by its own settings and the broker's defaults.
    var settings: TopicSettings

    var segments: [Segment] = []
    var damage: [DamagedRange] = []
    private(set) var logStartOffset = Offset.zero
    private(set) var logEndOffset = Offset.zero
    private(set) var highWatermark = Offset.zero
    private(set) var recoveryPoint = Offset.zero
    /// Where the high watermark stands in the files.
    private var highWatermarkSegment = Offset.zero
    private var highWatermarkPosition: UInt64 = 0

    /// What each idempotent producer has sent, the batches that wait among it.
    var producers = ProducerTable()
    /// Their transactions.
    var transactions = TransactionTable()
    /// Markers below it are in the index files, as far as they say that something was aborted.
    var indexedEnd = Offset.zero
    /// Where the last stable offset lies in the files, when it was last looked for.
    var stablePlace: (offset: Offset, place: ReadCursor)?
    /// Repeats of batches that are not acknowledged yet.
    var repeats: [RepeatedAppend] = []
    /// The offset of the newest producer snapshot, and how much was written since.
    var snapshotOffset: Offset?
    var bytesSinceSnapshot: UInt64 = 0
    var isWritingSnapshot = false

    /// Batches that have offsets and are not handed to the segment yet.
    var pending: Deque<PendingAppend> = []
    var pendingBytes = 0
    /// Appends that are not acknowledged yet, the pending ones among them.
    var unfinishedCount = 0
    /// One task prepares the segment or writes a large run; the others' batches wait.
    var isBusy = false
    var isQueued = false
    var isSynchronizing = false
    /// Tasks that write files of the partition besides its batches: the indexes of rolled segments,
    /// a snapshot, cleaned segments.
    var finishingCount = 0
    /// How often segments were replaced: places in the files from before do not hold any more.
    private(set) var revision: UInt64 = 0
    var cleaning: CleaningState
    let synchronized: Signal
    var refusal: Refusal?
    var isClosed = false
    /// Whoever waits for the high watermark to move.
    let advanced: TailSignal

    /// Why no append is taken.
    enum Refusal {
        /// The disk is full; tried again at the instant.
        case noSpace(retry: Instant, reason: String)
        /// A write or sync failed: what is on the disk is known again after a restart only.
        case failed(reason: String)

        var reason: String {
            switch self {
            case .noSpace(_, let reason), .failed(let reason): reason
            }
        }
    }

    init(
        _ partition: TopicPartition, topic: TopicID, settings: TopicSettings,
        durability: Durability, directory: FilePath, storage: StorageShard, shard: Shard
    ) {
        self.partition = partition
        self.topic = topic
        self.settings = settings
        self.durability = durability
        self.directory = directory
        self.storage = storage
        advanced = TailSignal(on: shard)
        synchronized = Signal(on: shard)
        cleaning = CleaningState(on: shard)
    }

    var active: Segment { segments[segments.count - 1] }

    /// One past the last record that was handed to a segment.
    var writtenEnd: Offset { active.nextOffset }

    // MARK: The setters, each with its invariant

    /// Gives the next offsets to a batch.
    func assignOffsets(count: Int64) -> Offset {
        let base = logEndOffset
        logEndOffset = base.advanced(by: count)
        return base
    }

    /// Takes back the offsets of batches that were never written, so that none is left out.
    func forgetUnwritten() {
        logEndOffset = writtenEnd
        producers.truncate(to: writtenEnd)
        transactions.truncate(to: writtenEnd)
    }

    /// Everything below is as safe as the topic demands.
    func advanceHighWatermark(to offset: Offset, segment: Segment, position: UInt64) {
        precondition(
            offset >= highWatermark && offset <= writtenEnd,
            "\(partition): high watermark \(highWatermark) to \(offset), written \(writtenEnd)")
        highWatermark = offset
        highWatermarkSegment = segment.baseOffset
        highWatermarkPosition = position
        transactions.settle(below: offset)
        advanced.notifyAll()
    }

    /// Everything below is synchronised in the segments.
    func advanceRecoveryPoint(to offset: Offset) {
        precondition(
            offset <= highWatermark,
            "\(partition): recovery point \(offset), high watermark \(highWatermark)")
        recoveryPoint = max(recoveryPoint, offset)
    }

    /// Nothing below is served any more.
    func advanceLogStart(to offset: Offset) {
        precondition(
            offset <= highWatermark,
            "\(partition): log start \(offset), high watermark \(highWatermark)")
        logStartOffset = max(logStartOffset, offset)
        transactions.trim(to: logStartOffset)
    }

    /// Everything below is decided: what a transaction wrote that may still be aborted lies at or beyond it.
    var lastStableOffset: Offset {
        max(logStartOffset, transactions.lastStableOffset(highWatermark: highWatermark))
    }

    /// Where recovery found the log to begin and to end; all of it is visible and synchronised.
    func recovered(logStart: Offset) {
        logEndOffset = writtenEnd
        highWatermark = writtenEnd
        highWatermarkSegment = active.baseOffset
        highWatermarkPosition = active.size
        recoveryPoint = writtenEnd
        logStartOffset = min(max(logStart, segments[0].baseOffset), writtenEnd)
    }

    /// Has one segment in the place of several that follow one another: the same offsets, without
    /// what compaction has dropped.
    func replace(_ old: [Segment], with segment: Segment) {
        guard let first = segments.firstIndex(where: { $0 === old[0] }),
            first + old.count < segments.count,
            segments[first..<(first + old.count)].elementsEqual(old, by: ===)
        else { preconditionFailure("\(partition): segments were replaced that are not there") }
        precondition(
            segment.baseOffset == old[0].baseOffset
                && segment.nextOffset == old[old.count - 1].nextOffset
                && segment.nextOffset <= recoveryPoint,
            """
            \(partition): offsets \(segment.baseOffset) to \(segment.nextOffset) in the place of those \
            to \(old[old.count - 1].nextOffset), recovery point \(recoveryPoint)
            """)
        segments.replaceSubrange(first..<(first + old.count), with: [segment])
        transactions.forgetAborted(endingIn: segment.baseOffset..<segment.nextOffset)
        revision &+= 1
        if highWatermarkSegment >= segment.baseOffset,
            highWatermarkSegment <= old[old.count - 1].baseOffset
        {
            highWatermarkSegment = segment.baseOffset
            highWatermarkPosition = segment.size
        }
    }

    // MARK: Reading

    /// The bytes of a segment that may be served.
    func visibleSize(of segment: Segment) -> UInt64 {
        if segment.baseOffset == highWatermarkSegment { return highWatermarkPosition }
        return segment.baseOffset < highWatermarkSegment ? segment.size : 0
    }

    var highWatermarkPlace: ReadCursor {
        ReadCursor(
            segment: highWatermarkSegment, position: highWatermarkPosition, offset: highWatermark,
            revision: revision)
    }

    /// Whether anything visible lies behind the place.
    func hasRecords(after cursor: ReadCursor) -> Bool { cursor.offset < highWatermark }

    /// The index of the segment that holds the offset, or would.
    func segmentIndex(for offset: Offset) -> Int? {
        let after = segments.partitioned { $0.baseOffset > offset }
        return after == 0 ? nil : after - 1
    }

    /// One past the last offset that the segment may hold for readers.
    func end(of segment: Segment) -> Offset {
        guard let index = segmentIndex(for: segment.baseOffset), index + 1 < segments.count else {
            return highWatermark
        }
        return min(segments[index + 1].baseOffset, highWatermark)
    }

    var sizeInBytes: UInt64 { segments.reduce(0) { $0 &+ $1.size } }

    /// Throws where the offset lies among records that are lost.
    func checkIntact(_ offset: Offset) throws(StorageError) {
        for range in damage
        where offset >= range.first && range.last.map({ offset <= $0 }) ?? true {
            throw .damaged(range)
        }
    }
}

/// One batch between its offset and its acknowledgement.
struct PendingAppend {
    let batch: ByteSlice
    let header: RecordBatchHeader
    let ticket: AppendTicket
}

/// A batch that came again before its first coming was acknowledged: it is answered with that.
struct RepeatedAppend {
    let baseOffset: Offset
    let lastOffset: Offset
    let logAppendTime: Timestamp
    let ticket: AppendTicket
}

/// Batches of one partition that are written in one go, next to each other in one segment.
final class Run: @unchecked Sendable {
    let log: PartitionLog
    let segment: Segment
    let position: UInt64
    let baseOffset: Offset
    private(set) var nextOffset: Offset
    private(set) var bytes = 0
    private(set) var appends: [PendingAppend] = []
    /// Writes that have to end before the run is acknowledged.
    var unfinishedWrites = 1
    var failure: StorageError?
    /// It failed while its group was under way: the partition waits until it is undone.
    var keepsLogBusy = false
    /// The journal file that holds it, which is kept until the run has ended.
    var journalFile: Journal.JournalFile?

    init(_ log: PartitionLog, first: RecordBatchHeader) {
        self.log = log
        segment = log.active
        position = segment.size
        baseOffset = first.baseOffset
        nextOffset = first.baseOffset
    }

    func append(_ pending: PendingAppend) {
        segment.append(pending.header, indexInterval: log.settings.indexIntervalBytes)
        nextOffset = pending.header.lastOffset.advanced(by: 1)
        bytes &+= pending.batch.count
        appends.append(pending)
    }

    var end: UInt64 { position &+ UInt64(bytes) }
}
