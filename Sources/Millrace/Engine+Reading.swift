internal import MillraceBytes
public import MillraceModel
public import MillraceRecords
internal import MillraceShard
package import MillraceStorage

/// The batches of one partition, one after another. One task at a time takes from it.
///
///     for try await batch in engine.batches(of: "orders", partition: 0) {
///         try batch.forEachRecord { record in ... }
///     }
public struct BatchReader: AsyncSequence {
    public typealias Element = ReadBatch
    public typealias Failure = EngineError

    let engine: Engine
    let topic: String
    let partition: Int32
    let start: StartPosition
    let isFollowing: Bool

    public func makeAsyncIterator() -> Iterator { Iterator(self) }

    public struct Iterator: AsyncIteratorProtocol {
        private let reader: BatchReader
        private var log: PartitionLog?
        private var cursor: ReadCursor?
        private var wanted = Offset.zero
        private var end: Offset?
        private var chunk: ByteSlice?
        private var position = 0

        init(_ reader: BatchReader) { self.reader = reader }

        /// The next batch; nil at the end of the log as it was when reading began, unless the
        /// reader follows.
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
                    _ = try await engine.call { () throws(StorageError) in
                        try await log.storage.waitForRecords(beyond: wanted, of: log, until: nil)
                    }
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
public struct ReadBatch: Sendable {
    public let view: RecordBatchView
    /// Records before it are passed over.
    public let first: Offset

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
    /// Nothing is allocated.
    public func forEachRecord(_ body: (RecordView) throws -> Void) throws {
        try view.forEachRecord { record in
            if record.offset >= first { try body(record) }
        }
    }

    /// Copies of the records.
    public func records() throws -> [Record] {
        var records: [Record] = []
        try forEachRecord { records.append(try $0.record()) }
        return records
    }
}

extension Engine {
    /// The batches of a partition from a position on, to the end of the log as it is then, or
    /// beyond it as they come.
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
    /// - Throws: `offsetOutOfRange` beyond the high watermark, `unknownTopic`.
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
