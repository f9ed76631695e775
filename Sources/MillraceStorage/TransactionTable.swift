internal import DequeModule
package import MillraceModel

/// A transaction of a partition that was aborted: a reader of what is committed leaves its records out.
package struct AbortedTransaction: Hashable, Sendable {
    package let producer: ProducerID
    package let firstOffset: Offset
    /// Of the marker that ended it.
    package let lastOffset: Offset
    /// Below it everything was decided when the marker was written.
    package let lastStableOffset: Offset
}

/// The transactions of a partition: those under way, and those that were aborted.
///
/// Like the table of producers it runs ahead of the disk, and `truncate` takes back what was not written. A transaction
/// counts as open until its marker is below the high watermark.
struct TransactionTable {
    private struct Span {
        let producer: ProducerID
        let first: Offset
        /// Of its marker, once that has its offset.
        var marker: Offset?
    }

    /// By first offset. Those in the middle that are settled stay until those before them are.
    private var spans: Deque<Span> = []
    private var ongoing: [ProducerID: Offset] = [:]
    /// By the offsets of their markers.
    private(set) var aborted: [AbortedTransaction] = []
    /// How many markers there were since the start: who has asked the coordinator before one came asks again.
    private(set) var markerCount: UInt64 = 0

    var isEmpty: Bool { spans.isEmpty && aborted.isEmpty }

    /// Where the producer's transaction begins; nil where none is under way.
    func firstOffset(of producer: ProducerID) -> Offset? { ongoing[producer] }

    var producers: Set<ProducerID> { Set(ongoing.keys) }

    /// Everything below is decided.
    func lastStableOffset(highWatermark: Offset) -> Offset {
        spans.first.map { min($0.first, highWatermark) } ?? highWatermark
    }

    // MARK: Changing

    /// A transactional batch has its offset.
    mutating func wrote(_ producer: ProducerID, at offset: Offset) {
        guard ongoing[producer] == nil else { return }
        ongoing[producer] = offset
        spans.append(Span(producer: producer, first: offset, marker: nil))
    }

    /// A marker has its offset. Where its producer has written nothing it ends nothing.
    mutating func ended(_ producer: ProducerID, at marker: Offset, isCommit: Bool) {
        markerCount &+= 1
        guard let first = ongoing.removeValue(forKey: producer),
            let index = spans.lastIndex(where: { $0.producer == producer })
        else { return }
        spans[index].marker = marker
        guard !isCommit else { return }
        // The transaction itself is decided with its marker.
        let stable = spans.first { $0.marker == nil }?.first ?? marker.advanced(by: 1)
        aborted.append(
            AbortedTransaction(
                producer: producer, firstOffset: first, lastOffset: marker, lastStableOffset: stable))
    }

    /// What is below the high watermark is settled.
    mutating func settle(below highWatermark: Offset) {
        while let first = spans.first, let marker = first.marker, marker < highWatermark {
            spans.removeFirst()
        }
    }

    /// Forgets what was to stand from the offset on, and was never written.
    mutating func truncate(to end: Offset) {
        guard !isEmpty else { return }
        while let last = spans.last, last.first >= end {
            spans.removeLast()
            if ongoing[last.producer] == last.first { ongoing[last.producer] = nil }
        }
        for index in spans.indices where spans[index].marker.map({ $0 >= end }) ?? false {
            spans[index].marker = nil
            ongoing[spans[index].producer] = spans[index].first
        }
        while let last = aborted.last, last.lastOffset >= end { aborted.removeLast() }
    }

    /// Nothing below is served any more.
    mutating func trim(to logStart: Offset) {
        guard let first = aborted.first, first.lastOffset < logStart else { return }
        aborted.removeFirst(aborted.partitioned { $0.lastOffset >= logStart })
    }

    /// Compaction has dropped what was aborted and ended there.
    mutating func forgetAborted(endingIn range: Range<Offset>) {
        let found = aborted(endingIn: range)
        aborted.removeSubrange(found.startIndex..<found.endIndex)
    }

    // MARK: Restoring

    /// Takes over what an index file holds.
    mutating func restore(_ entries: [AbortedTransaction]) { aborted += entries }

    /// Takes over a transaction that was under way when a snapshot was written.
    mutating func restore(_ producer: ProducerID, from first: Offset) { wrote(producer, at: first) }

    // MARK: Showing

    /// Those that a reader of the offsets meets, by their first offsets.
    func aborted(from first: Offset, upTo end: Offset) -> [AbortedTransaction] {
        guard !aborted.isEmpty, first < end else { return [] }
        let start = aborted.partitioned { $0.lastOffset >= first }
        return aborted[start...].filter { $0.firstOffset < end }.sorted { $0.firstOffset < $1.firstOffset }
    }

    /// Those whose markers lie in the offsets, by these.
    func aborted(endingIn range: Range<Offset>) -> ArraySlice<AbortedTransaction> {
        let start = aborted.partitioned { $0.lastOffset >= range.lowerBound }
        let end = aborted.partitioned { $0.lastOffset >= range.upperBound }
        return aborted[start..<max(start, end)]
    }

    /// Where the transaction of each producer began that was under way at the offset.
    func openTransactions(at end: Offset) -> [ProducerID: Offset] {
        var open: [ProducerID: Offset] = [:]
        for span in spans where span.first < end && span.marker.map({ $0 >= end }) ?? true {
            open[span.producer] = span.first
        }
        return open
    }
}
