internal import MillraceBytes
public import MillraceModel
internal import MillraceNativeProtocol
public import MillraceRecords

/// A record batch that was received and checked. It owns its memory.
public struct ReceivedBatch: Sendable {
    /// Where the batch lies.
    public let topic: TopicName
    /// Its number in the topic.
    public let partition: Int32
    /// All records of the batch, those before `firstOffset` included.
    public let view: RecordBatchView
    /// Records with a lower offset were not asked for: batches travel whole.
    public let firstOffset: Offset
    /// The end of what the broker had to read when it sent this batch.
    public let highWatermark: Offset

    /// Offsets, times, codec and producer of the batch.
    public var header: RecordBatchHeader { view.header }
    /// Where to go on after this batch.
    public var nextOffset: Offset { view.header.nextOffset }

    /// Calls `body` with each record that was asked for, in order. What a record points to is valid
    /// until `body` returns. Throws `RecordsError` for a record that is malformed.
    public func forEachRecord(_ body: (RecordView) throws -> Void) throws {
        let first = firstOffset
        try view.forEachRecord { record in
            if record.offset >= first { try body(record) }
        }
    }

    /// Copies of the records that were asked for.
    public func records() throws -> [Record] {
        var records: [Record] = []
        try forEachRecord { records.append(try $0.record()) }
        return records
    }
}

/// Takes runs apart: checks every batch, skips what comes before the wanted offset and knows the
/// next one.
package struct RunReader: Sendable {
    private let topic: TopicName
    private let partition: Int32
    private let batchBytesMax: Int
    private var run: ReceivedRun?
    private var position = 0

    /// The offset of the next record wanted.
    package private(set) var nextOffset: Offset

    package init(
        topic: TopicName, partition: Int32, startOffset: Offset,
        batchBytesMax: Int = FrameLimits.standardFrameBytesMax
    ) {
        self.topic = topic
        self.partition = partition
        self.batchBytesMax = batchBytesMax
        nextOffset = startOffset
    }

    /// Takes the next run. The one before must have been read to its end.
    package mutating func take(_ run: ReceivedRun) {
        precondition(self.run == nil, "a run was taken while another was being read")
        self.run = run
        position = 0
    }

    /// The next batch with wanted records, or nil at the end of the run.
    package mutating func next() throws(ClientError) -> ReceivedBatch? {
        guard let run else { return nil }
        while position < run.bytes.count {
            let slice: ByteSlice
            let header: RecordBatchHeader
            do throws(BytesError) {
                slice = try run.bytes.slice(offset: position, count: run.bytes.count - position)
            } catch {
                throw .illegalAnswer(error.description)
            }
            do throws(RecordsError) {
                header = try slice.withBytes { bytes throws(RecordsError) in
                    try RecordBatch.validate(bytes, limit: batchBytesMax)
                }
            } catch {
                throw damaged(slice, error)
            }
            guard header.baseOffset.value >= 0, header.nextOffset > header.baseOffset else {
                throw .illegalAnswer(
                    "a batch goes from offset \(header.baseOffset) to \(header.lastOffset)")
            }
            position += header.sizeInBytes
            let first = nextOffset
            guard header.lastOffset >= first else { continue }
            nextOffset = header.nextOffset
            // The ends of transactions are the brokers' own, and compaction may leave batches
            // empty.
            guard !header.isControl, header.recordCount > 0 else { continue }
            do throws(RecordsError) {
                return ReceivedBatch(
                    topic: topic, partition: partition, view: try RecordBatchView(slice), firstOffset: first,
                    highWatermark: run.highWatermark)
            } catch {
                throw damaged(slice, error)
            }
        }
        self.run = nil
        return nil
    }

    /// Names the offsets as far as the header can be read; where it cannot, those wanted.
    private func damaged(_ slice: ByteSlice, _ error: RecordsError) -> ClientError {
        let header = slice.withBytes { bytes in try? RecordBatchHeader(parsing: bytes) }
        return .damagedBatch(
            topic: topic, partition: partition, from: header?.baseOffset ?? nextOffset,
            through: header?.lastOffset ?? nextOffset, error)
    }
}
