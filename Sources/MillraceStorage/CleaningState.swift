internal import MillraceModel
internal import MillraceShard

/// How far the cleaning of a compacted partition has come.
///
///     log start <= clean < first dirty offset <= dirty < last stable offset, active segment
///
/// Below the first dirty offset each key has one record, or a tombstone that waits for its time.
struct CleaningState {
    /// From here on the log has not been cleaned.
    var firstDirtyOffset = Offset.zero
    var isUnderWay = false
    /// Files of segments are being exchanged: whoever removes segments waits.
    var isReplacing = false
    let replaced: Signal
    /// Why it is not cleaned any more until a restart.
    var failure: String?

    init(on shard: Shard) { replaced = Signal(on: shard) }
}

/// What there is to clean in a partition.
struct CleaningPlan {
    let log: PartitionLog
    let firstDirtyOffset: Offset
    /// One past the last segment that may be cleaned.
    let end: Offset
    let cleanBytes: UInt64
    let dirtyBytes: UInt64
    /// A record has waited for `max.compaction.lag.ms`.
    let isOverdue: Bool

    var dirtyRatio: Double { Double(dirtyBytes) / Double(max(1, cleanBytes &+ dirtyBytes)) }

    var isDue: Bool { isOverdue || dirtyRatio > log.settings.dirtyRatioMin }
}

extension PartitionLog {
    /// What is to be cleaned; nil for nothing. Neither is the active segment, nor what is younger than
    /// `min.compaction.lag.ms`, and never a log that is damaged: what is lost must not look like what was dropped.
    func cleaningPlan(at now: Timestamp) -> CleaningPlan? {
        guard settings.isCompacted, !isClosed, !cleaning.isUnderWay, cleaning.failure == nil, damage.isEmpty
        else { return nil }
        if case .failed = refusal { return nil }
        let isKnown = cleaning.firstDirtyOffset <= logEndOffset
        let firstDirty = max(isKnown ? cleaning.firstDirtyOffset : .zero, logStartOffset)
        guard let first = segmentIndex(for: firstDirty) else { return nil }
        let lag = settings.compactionLagMin
        var end = first
        var dirtyBytes: UInt64 = 0
        var isOverdue = false
        while end < segments.count - 1 {
            let segment = segments[end]
            guard segment.size > 0, !segment.isFinishing, segment.nextOffset <= lastStableOffset,
                lag == .zero || Self.age(of: segment.maxTimestamp, at: now) >= lag
            else { break }
            if let most = settings.compactionLagMax, segment.firstTimestamp > .none,
                Self.age(of: segment.firstTimestamp, at: now) > most
            {
                isOverdue = true
            }
            dirtyBytes &+= segment.size
            end += 1
        }
        guard end > first else { return nil }
        return CleaningPlan(
            log: self, firstDirtyOffset: firstDirty, end: segments[end].baseOffset,
            cleanBytes: segments[..<first].reduce(0) { $0 &+ $1.size }, dirtyBytes: dirtyBytes,
            isOverdue: isOverdue)
    }

    private static func age(of time: Timestamp, at now: Timestamp) -> Duration {
        let age = now.milliseconds.subtractingReportingOverflow(time.milliseconds)
        return .milliseconds(age.overflow ? .max : age.partialValue)
    }
}
