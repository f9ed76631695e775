internal import MillraceBytes
public import MillraceModel
public import MillraceRecords
internal import MillraceShard
package import MillraceStorage

/// The batches of one partition, one after another, as they lie on the disk: read a mebibyte at a
/// time, their checksums checked, nothing copied.
///
///     for try await batch in engine.batches(of: "orders", partition: 0) {
///         try batch.forEachRecord { record in ... }
///     }
///
/// It may be iterated any number of times, each of which reads anew.
public struct BatchReader: AsyncSequence, Sendable {
    /// What it gives.
    public typealias Element = ReadBatch
    /// What it throws.
    public typealias Failure = EngineError

    let engine: Engine
    let topic: String
    let partition: Int32
    let start: StartPosition
    let isFollowing: Bool

    /// Begins to read where the reader starts.
    public func makeAsyncIterator() -> Iterator { Iterator(self) }

    /// Where one reading is. One task at a time takes from it.
    public struct Iterator: AsyncIteratorProtocol, Sendable {
        private let reader: BatchReader
        private var log: PartitionLog?
        private var cursor: ReadCursor?
        private var wanted = Offset.zero
        private var end: Offset?
        private var chunk: ByteSlice?
        private var position = 0

        init(_ reader: BatchReader) { self.reader = reader }

        /// The next batch; nil at the end of the log as it was when reading began, or, where the
        /// reader follows, when its task is cancelled while it waits.
        /// - Throws: `unknownTopic`, `offsetOutOfRange`, `dataLoss` naming the range, `closed`.
        public mutating func next() async throws(EngineError) -> ReadBatch? {
            let engine = reader.engine
            let log = try await opened()
            while true {
                if let batch = try nextInChunk(log) { return batch }
                guard let cursor else { return nil }
                if let end, wanted >= end { return nil }
                let (from, wanted) = (cursor, wanted)
                let read = try await engine.call { () throws(StorageError) in
                    try await log.storage.read(from: from, of: log, bytesMax: 1 << 20)
                }
                if let (bytes, next) = read {
                    chunk = bytes
                    position = 0
                    self.cursor = next
                } else {
                    guard reader.isFollowing else { return nil }
                    let isThere = try await engine.call { () throws(StorageError) in
                        try await log.storage.waitForRecords(beyond: wanted, of: log, until: nil)
                    }
                    guard isThere else { return nil }
                }
            }
        }

        private mutating func opened() async throws(EngineError) -> PartitionLog {
            if let log { return log }
            let log = try reader.engine.partition(
                reader.partition, of: try reader.engine.topic(reader.topic))
            let start = reader.start
            let (first, end, cursor) = try await reader.engine.call { () throws(StorageError) in
                let (first, end) = try await log.storage.resolve(start, of: log)
                return (first, end, try await log.storage.cursor(at: first, of: log))
            }
            wanted = first
            if !reader.isFollowing { self.end = end }
            self.cursor = cursor
            self.log = log
            return log
        }

        private mutating func nextInChunk(_ log: PartitionLog) throws(EngineError) -> ReadBatch? {
            guard let chunk else { return nil }
            var batches = BatchSequence(
                UnsafeRawBufferPointer(rebasing: chunk.bytes[position...]), limit: chunk.count,
                verifiesChecksums: true)
            do throws(RecordsError) {
                while let batch = try batches.next() {
                    position += batch.bytes.count
                    let first = wanted
                    wanted = Swift.max(wanted, batch.header.nextOffset)
                    if let end, batch.header.baseOffset >= end { break }
                    guard batch.header.nextOffset > first else { continue }
                    // Control batches are the brokers' own, and compaction may have left a batch without records.
                    guard !batch.header.isControl, batch.header.recordCount > 0 else { continue }
                    let start = position - batch.bytes.count
                    let slice = ByteSlice(
                        chunk.owner, offset: chunk.offset + start, count: batch.bytes.count)
                    return try ReadBatch(slice, first: first)
                }
            } catch {
                throw EngineError(
                    .dataLoss,
                    """
                    \(log.partition), offsets from \(wanted): \(error); `millrace log verify` names all \
                    that is damaged
                    """)
            }
            self.chunk = nil
            return nil
        }
    }
}

/// A batch as it is stored, and the offset from which its records were asked for: a batch travels
/// whole.
///
/// It keeps its memory, a part of the mebibyte that was read at once, as long as it is held: hold
/// batches for a moment, and copy what is to stay. Any thread may read it.
public struct ReadBatch: Sendable {
    /// All records of the batch, those before `first` too.
    public let view: RecordBatchView
    /// Records before it are passed over.
    public let first: Offset

    /// What stands before the records: how many there are, from which offset on, by whom.
    public var header: RecordBatchHeader { view.header }

    /// A copy of the batch in its stored form, which `append(batch:)` and every Kafka client take.
    public var bytes: [UInt8] { stored.withBytes { [UInt8]($0) } }

    private let stored: ByteSlice

    init(_ stored: ByteSlice, first: Offset) throws(RecordsError) {
        self.stored = stored
        self.first = first
        view = try RecordBatchView(stored)
    }

    /// Calls the body with each record, which borrows the batch's memory until the body returns.
    /// Nothing is allocated, however many records there are.
    /// - Throws: what the body throws, and `RecordsError` for a record that is malformed.
    public func forEachRecord(_ body: (RecordView) throws -> Void) throws {
        defer { withExtendedLifetime(self) {} }
        var records = view.makeRecordIterator()
        while let record = try records.next() {
            if record.offset >= first { try body(record) }
        }
    }

    /// Copies of the records.
    /// - Throws: `RecordsError` for a record that is malformed.
    public func records() throws -> [Record] {
        var records: [Record] = []
        try forEachRecord { records.append(try $0.record()) }
        return records
    }
}

extension Engine {
    /// The batches of a partition from a position on, to the end of the log as it is then, or
    /// beyond it as they come. Nothing is looked up before the first batch is asked for.
    /// - Parameters:
    ///   - topic: its name.
    ///   - partition: its number in the topic, from 0 on.
    ///   - start: the first record wanted; its batch comes whole.
    ///   - isFollowing: whether to wait for more at the end. The task's cancellation ends the wait.
    public func batches(
        of topic: String, partition: Int32, from start: StartPosition = .beginning,
        following isFollowing: Bool = false
    ) -> BatchReader {
        BatchReader(
            engine: self, topic: topic, partition: partition, start: start,
            isFollowing: isFollowing)
    }

    /// Lets a partition begin at the offset: older records are gone for every reader, and their
    /// segments are deleted.
    /// - Parameters:
    ///   - topic: its name.
    ///   - partition: its number in the topic, from 0 on.
    ///   - offset: the first record to keep.
    /// - Throws: `offsetOutOfRange` beyond the high watermark, `unknownTopic`, `invalidArgument` where the topic's
    /// `cleanup.policy` is `compact` alone.
    public func trim(
        _ topic: String, partition: Int32, to offset: Offset
    ) async throws(EngineError) {
        let log = try self.partition(partition, of: try self.topic(topic))
        try await call { () throws(StorageError) in
            try await log.storage.trim(log, to: offset)
        }
    }
}

extension StorageShard {
    /// The first offset wanted, and the high watermark as it is now.
    package func resolve(
        _ start: StartPosition, of log: PartitionLog
    ) async throws(StorageError) -> (first: Offset, end: Offset) {
        let state = state(of: log)
        switch start {
        case .beginning: return (state.logStartOffset, state.highWatermark)
        case .end: return (state.highWatermark, state.highWatermark)
        case .offset(let offset): return (offset, state.highWatermark)
        case .timestamp(let time):
            let found = try await offset(atOrAfter: time, of: log)
            return (found ?? state.highWatermark, state.highWatermark)
        }
    }
}
