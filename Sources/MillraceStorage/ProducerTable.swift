internal import DequeModule
package import MillraceModel
internal import MillraceRecords

/// A producer that a partition remembers.
package struct ActiveProducer: Hashable, Sendable {
    package let id: ProducerID
    package let epoch: ProducerEpoch
    /// Of the last record it sent; -1 where only its epoch is known.
    package let lastSequence: Int32
    /// The largest time in its last batch.
    package let lastTimestamp: Timestamp
    /// Where its transaction begins that is under way.
    package let transactionStart: Offset?
}

/// What a partition knows of its idempotent producers (KIP-98): for each the epoch and the last
/// batches, so that a batch which comes twice is stored once and one that is missing is noticed.
///
/// Sequences count records, wrap from `Int32.max` to 0, and begin at 0 with each epoch. The table
/// runs ahead of the disk: a batch is taken with its offset. At least five acknowledged batches of
/// a producer are kept besides those that are not, so that `truncate` finds the state of any end
/// that a failed write may leave.
struct ProducerTable {
    struct Batch: Hashable {
        var epoch: ProducerEpoch
        /// -1 where only the epoch is known.
        var lastSequence: Int32
        var lastOffset: Offset
        var offsetDelta: Int32
        var timestamp: Timestamp
        /// How many records before and in it are known to have come without a gap in this epoch: a
        /// repeat of one of them is no gap, however old.
        var unbrokenCount: Int64

        var baseOffset: Offset { lastOffset.advanced(by: -Int64(offsetDelta)) }

        var firstSequence: Int32 { (lastSequence &- offsetDelta) & .max }
    }

    private struct Producer {
        var batches: Deque<Batch> = []
        /// When it sent something, by the log's clock.
        var lastSeen: Timestamp
    }

    private var producers: [ProducerID: Producer] = [:]

    /// Acknowledged batches that are kept of each producer: as many as it may have under way.
    static let batchesKept = 5

    var count: Int { producers.count }

    /// What is to be done with a producer's batch.
    enum Verdict: Equatable {
        case new
        case duplicate(Batch)
    }

    // MARK: Checking

    /// Compares a batch with what its producer sent before. A producer that is not known may begin
    /// anywhere: its records may have been deleted.
    func check(
        _ header: RecordBatchHeader, in partition: TopicPartition
    ) throws(StorageError) -> Verdict {
        guard let producer = producers[header.producerID], let last = producer.batches.last else {
            return .new
        }
        guard header.producerEpoch >= last.epoch else {
            throw .invalidProducerEpoch(
                partition, header.producerID, found: header.producerEpoch, current: last.epoch)
        }
        let first = header.baseSequence
        guard header.producerEpoch == last.epoch else {
            guard first == 0 else {
                throw .outOfOrderSequence(
                    partition, header.producerID, header.producerEpoch, found: first, expected: 0)
            }
            return .new
        }
        let expected = (last.lastSequence &+ 1) & .max
        if first == expected { return .new }
        let lastSequence = Self.lastSequence(header)
        for batch in producer.batches.reversed()
        where batch.epoch == last.epoch && batch.lastSequence == lastSequence
            && batch.firstSequence == first
        {
            return .duplicate(batch)
        }
        let behind = Int64((expected &- first) & .max)
        guard behind <= last.unbrokenCount, Int64(header.lastOffsetDelta) < behind else {
            throw .outOfOrderSequence(
                partition, header.producerID, header.producerEpoch, found: first,
                expected: expected)
        }
        throw .duplicateSequence(
            partition, header.producerID, first: first, last: lastSequence,
            newest: last.lastSequence)
    }

    private static func lastSequence(_ header: RecordBatchHeader) -> Int32 {
        (header.baseSequence &+ header.lastOffsetDelta) & .max
    }

    // MARK: Changing

    /// Takes a batch that was checked and has its offset.
    /// - Parameter acknowledgedEnd: no failed write takes back anything below.
    /// - Parameter busy: those with transactions under way, which are not forgotten for want of room.
    mutating func take(
        _ header: RecordBatchHeader, seen: Timestamp, acknowledgedEnd: Offset, limit: Int,
        busy: Set<ProducerID>
    ) {
        let batch = Batch(
            epoch: header.producerEpoch, lastSequence: Self.lastSequence(header),
            lastOffset: header.lastOffset, offsetDelta: header.lastOffsetDelta,
            timestamp: header.maxTimestamp, unbrokenCount: Int64(header.lastOffsetDelta) &+ 1)
        append(batch, header.producerID, seen, acknowledgedEnd)
        if producers.count > limit { forgetSilent(keeping: limit / 10 * 9, acknowledgedEnd, busy) }
    }

    /// A transaction of the producer was ended, or a coordinator has written in its name: what it sends is of this
    /// epoch from now on.
    mutating func takeEpoch(
        _ header: RecordBatchHeader, seen: Timestamp, acknowledgedEnd: Offset, limit: Int,
        busy: Set<ProducerID>
    ) {
        if let last = producers[header.producerID]?.batches.last, last.epoch >= header.producerEpoch {
            producers[header.producerID]?.lastSeen = seen
            return
        }
        let batch = Batch(
            epoch: header.producerEpoch, lastSequence: -1, lastOffset: header.lastOffset, offsetDelta: 0,
            timestamp: header.maxTimestamp, unbrokenCount: 0)
        append(batch, header.producerID, seen, acknowledgedEnd)
        if producers.count > limit { forgetSilent(keeping: limit / 10 * 9, acknowledgedEnd, busy) }
    }

    func epoch(of producer: ProducerID) -> ProducerEpoch? { producers[producer]?.batches.last?.epoch }

    /// Throws where a younger incarnation of the producer is known.
    func checkEpoch(
        _ producer: ProducerID, _ epoch: ProducerEpoch, in partition: TopicPartition
    ) throws(StorageError) {
        guard let last = producers[producer]?.batches.last, epoch < last.epoch else { return }
        throw .invalidProducerEpoch(partition, producer, found: epoch, current: last.epoch)
    }

    /// Takes a batch that the log holds already: what recovery reads is not checked again.
    mutating func restore(_ header: RecordBatchHeader, seen: Timestamp) {
        guard header.producerID.value >= 0, header.producerEpoch.value >= 0, header.lastOffsetDelta >= 0 else { return }
        if header.isControl || header.baseSequence < 0 {
            takeEpoch(
                header, seen: seen, acknowledgedEnd: header.baseOffset, limit: .max, busy: [])
        } else {
            take(header, seen: seen, acknowledgedEnd: header.baseOffset, limit: .max, busy: [])
        }
    }

    /// Takes what a snapshot says of a producer, the oldest batch first.
    mutating func restore(_ id: ProducerID, _ batch: Batch, seen: Timestamp) {
        append(batch, id, seen, batch.lastOffset)
    }

    private mutating func append(
        _ batch: Batch, _ id: ProducerID, _ seen: Timestamp, _ acknowledgedEnd: Offset
    ) {
        var batch = batch
        if let last = producers[id]?.batches.last, last.epoch == batch.epoch,
            last.lastSequence >= 0, (last.lastSequence &+ 1) & .max == batch.firstSequence
        {
            // Sequences repeat after 2^31 records, so that is as far as memory reaches.
            batch.unbrokenCount = min(
                Int64(Int32.max), last.unbrokenCount &+ batch.unbrokenCount)
        }
        Self.append(batch, to: &producers[id, default: Producer(lastSeen: seen)], acknowledgedEnd)
        producers[id]?.lastSeen = seen
    }

    private static func append(
        _ batch: Batch, to producer: inout Producer, _ acknowledgedEnd: Offset
    ) {
        producer.batches.append(batch)
        while producer.batches.count > batchesKept,
            producer.batches[batchesKept].lastOffset < acknowledgedEnd
        {
            producer.batches.removeFirst()
        }
    }

    /// Forgets the batches from the offset on, which were never written.
    mutating func truncate(to end: Offset) {
        for (id, producer) in producers {
            guard let last = producer.batches.last, last.lastOffset >= end else { continue }
            var batches = producer.batches
            while let last = batches.last, last.lastOffset >= end { batches.removeLast() }
            producers[id]?.batches = batches
            if batches.isEmpty { producers[id] = nil }
        }
    }

    /// Forgets who has sent nothing for so long.
    mutating func forget(
        silentFor duration: Duration, at now: Timestamp, acknowledgedEnd: Offset,
        except busy: Set<ProducerID>
    ) {
        guard !producers.isEmpty else { return }
        producers = producers.filter { id, producer in
            !Self.isQuiet(producer, acknowledgedEnd) || busy.contains(id)
                || .milliseconds(now.milliseconds &- producer.lastSeen.milliseconds) < duration
        }
    }

    /// Forgets those that were silent longest.
    private mutating func forgetSilent(
        keeping limit: Int, _ acknowledgedEnd: Offset, _ busy: Set<ProducerID>
    ) {
        let silent = producers.filter { Self.isQuiet($0.value, acknowledgedEnd) && !busy.contains($0.key) }
            .sorted { ($0.value.lastSeen, $0.key.value) < ($1.value.lastSeen, $1.key.value) }
        for (id, _) in silent.prefix(max(0, producers.count - limit)) { producers[id] = nil }
    }

    private static func isQuiet(_ producer: Producer, _ acknowledgedEnd: Offset) -> Bool {
        producer.batches.last.map { $0.lastOffset < acknowledgedEnd } ?? true
    }

    // MARK: Showing

    /// The last batch of each producer as of the end, by producer id, and when it was heard of.
    func state(at end: Offset) -> [(id: ProducerID, batch: Batch, lastSeen: Timestamp)] {
        producers.compactMap { id, producer in
            producer.batches.last { $0.lastOffset < end }.map { (id, $0, producer.lastSeen) }
        }.sorted { $0.id.value < $1.id.value }
    }

    /// The last batches of each producer's present epoch as of the end, by producer id and the
    /// oldest first: what a snapshot holds.
    func history(at end: Offset) -> [(id: ProducerID, batch: Batch, lastSeen: Timestamp)] {
        state(at: end).flatMap { id, last, lastSeen in
            let batches = producers[id]?.batches ?? []
            return batches.filter { $0.lastOffset < end && $0.epoch == last.epoch }
                .suffix(Self.batchesKept).map { (id, $0, lastSeen) }
        }
    }

    /// - Parameter limit: larger ones are left out.
    func largestID(upTo limit: Int64) -> ProducerID? {
        producers.keys.filter { $0.value <= limit }.max { $0.value < $1.value }
    }
}
