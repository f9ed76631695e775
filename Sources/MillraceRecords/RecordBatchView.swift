package import MillraceBytes
public import MillraceModel

/// A record batch to read records from, where its bytes lie. A compressed one is decompressed
/// once, into memory that the view owns.
///
/// The format is checked as the records are read; the checksum is not: bytes that crossed a
/// network or came from a disk have been through `RecordBatch.validate` before.
///
/// Threading: the view is immutable; any thread may read it.
public struct RecordBatchView: @unchecked Sendable {
    /// What stands before the records: how many, from which offset on, by whom.
    public let header: RecordBatchHeader

    /// Keeps the bytes of `records` alive; nil when they are borrowed.
    private let owner: AlignedBuffer?
    private let records: UnsafeRawBufferPointer

    /// The batch at the front of `slice`, whose memory the view keeps. Throws when the batch is
    /// longer than the slice, or its records take more than `decompressedLimit` bytes when
    /// decompressed.
    package init(
        _ slice: ByteSlice, decompressedLimit: Int = Compression.defaultLimit
    ) throws(RecordsError) {
        try self.init(
            slice.bytes, owner: slice.owner, decompressedLimit: decompressedLimit)
    }

    /// The batch at the front of `bytes`, which must outlive the view and everything read from it.
    package init(
        borrowing bytes: UnsafeRawBufferPointer, decompressedLimit: Int = Compression.defaultLimit
    ) throws(RecordsError) {
        try self.init(bytes, owner: nil, decompressedLimit: decompressedLimit)
    }

    private init(
        _ bytes: UnsafeRawBufferPointer, owner: AlignedBuffer?, decompressedLimit: Int
    ) throws(RecordsError) {
        defer { withExtendedLifetime(owner) {} }
        header = try RecordBatchHeader(parsing: bytes)
        guard header.sizeInBytes <= bytes.count else {
            throw .truncated(needed: header.sizeInBytes, remaining: bytes.count)
        }
        guard let codec = header.codec else {
            throw .unknownCodec(header.codecNumber, baseOffset: header.baseOffset)
        }
        let payload = UnsafeRawBufferPointer(
            rebasing: bytes[RecordBatchHeader.size..<header.sizeInBytes])
        guard codec != .none else {
            self.owner = owner
            records = payload
            return
        }
        let decompressed = try Compression.decompress(codec, payload, limit: decompressedLimit)
        self.owner = decompressed.owner
        records = decompressed.bytes
    }

    /// Calls `body` with each record in order. What the record points to is valid until `body`
    /// returns. Throws what `body` throws, and `RecordsError` for a record that is malformed.
    public func forEachRecord(_ body: (RecordView) throws -> Void) throws {
        defer { withExtendedLifetime(owner) {} }
        var iterator = makeRecordIterator()
        while let record = try iterator.next() { try body(record) }
    }

    /// The records one by one. The iterator keeps what the view keeps.
    public func makeRecordIterator() -> RecordIterator {
        RecordIterator(header: header, records: records, owner: owner)
    }

    /// Copies of all records.
    public func copyRecords() throws(RecordsError) -> [Record] {
        defer { withExtendedLifetime(owner) {} }
        var copies: [Record] = []
        var iterator = makeRecordIterator()
        while let record = try iterator.next() { copies.append(try record.record()) }
        return copies
    }
}

/// Reads one record after another, without allocating. It is no `IteratorProtocol`, since a record
/// may turn out to be malformed.
public struct RecordIterator {
    private let header: RecordBatchHeader
    private let owner: AlignedBuffer?
    private let fixedTimestamp: Timestamp?
    private var reader: ByteReader
    private var index: Int32 = 0
    private var offsetDeltaMin: Int32 = 0

    init(header: RecordBatchHeader, records: UnsafeRawBufferPointer, owner: AlignedBuffer?) {
        self.header = header
        self.owner = owner
        fixedTimestamp = header.timestampType == .logAppend ? header.maxTimestamp : nil
        reader = ByteReader(records)
    }

    /// The next record, or nil when as many were read as the header says and nothing is left over.
    public mutating func next() throws(RecordsError) -> RecordView? {
        guard index < header.recordCount else {
            guard reader.isAtEnd else { throw malformed(.trailingBytes(reader.remaining)) }
            return nil
        }
        guard !reader.isAtEnd else { throw malformed(.missing(of: header.recordCount)) }
        let timestampDelta: Int64
        let offsetDelta: Int32
        let key: UnsafeRawBufferPointer?
        let value: UnsafeRawBufferPointer?
        var body: ByteReader
        do throws(BytesError) {
            body = ByteReader(try reader.readBytes(Int(try reader.readVarint())))
            // The record's attributes: no bit of them is in use.
            _ = try body.readInt8()
            timestampDelta = try body.readVarlong()
            offsetDelta = try body.readVarint()
            key = try body.readNullableBytes(Int(try body.readVarint()))
            value = try body.readNullableBytes(Int(try body.readVarint()))
        } catch {
            throw malformed(RecordFault(error))
        }
        // Offsets rise and stay in the batch's range; compaction may have left gaps.
        guard offsetDelta >= offsetDeltaMin, offsetDelta <= header.lastOffsetDelta else {
            throw malformed(
                .illegalOffsetDelta(
                    offsetDelta,
                    expected: offsetDeltaMin...max(offsetDeltaMin, header.lastOffsetDelta)))
        }
        defer { index &+= 1 }
        // An offset delta of Int32.max can only be the last: the next would have to be larger.
        offsetDeltaMin = offsetDelta &+ (offsetDelta == .max ? 0 : 1)
        return RecordView(
            offset: header.baseOffset.advanced(by: Int64(offsetDelta)),
            timestamp: fixedTimestamp
                ?? Timestamp(
                    milliseconds: header.baseTimestamp.milliseconds &+ timestampDelta),
            keyBytes: key, valueBytes: value, headerBytes: body.rest, index: Int(index),
            baseOffset: header.baseOffset)
    }

    @inline(never)
    private func malformed(_ fault: RecordFault) -> RecordsError {
        .malformedRecord(fault, index: Int(index), baseOffset: header.baseOffset)
    }
}
