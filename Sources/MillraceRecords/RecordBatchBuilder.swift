internal import MillraceBytes
package import MillraceModel

/// Makes a record batch, record by record. After `finish` it is empty and may be used for the next
/// one.
package struct RecordBatchBuilder: Sendable {
    /// A record's offset delta and a batch's length are 32 bits with a sign.
    package static let sizeMax = Int(Int32.max)

    private var writer: ByteWriter
    private let capacity: Int
    private var baseTimestamp = Timestamp.none
    private var maxTimestamp = Timestamp.none
    package private(set) var recordCount: Int32 = 0

    /// Room for `capacity` bytes is taken before the first record.
    package init(capacity: Int = 0) {
        self.capacity = max(capacity, RecordBatchHeader.size)
        writer = ByteWriter()
    }

    package var isEmpty: Bool { recordCount == 0 }

    /// The size of the batch if it were finished now without compression.
    package var sizeInBytes: Int { isEmpty ? RecordBatchHeader.size : writer.count }

    /// No batch with this record and the present ones is larger, uncompressed.
    package func sizeInBytesMax(
        afterAppending key: UnsafeRawBufferPointer?, _ value: UnsafeRawBufferPointer?,
        headers: [RecordHeader] = []
    ) -> Int {
        // Five bytes for each of a record's length, offset delta, key and value length and header
        // count, ten for its timestamp, one for its attributes.
        var size = 36 + (key?.count ?? 0) + (value?.count ?? 0)
        for header in headers { size += 10 + header.key.utf8.count + (header.value?.count ?? 0) }
        return sizeInBytes + size
    }

    /// Adds a record. Throws, and adds nothing, when the batch would outgrow the format.
    package mutating func append(
        key: UnsafeRawBufferPointer?, value: UnsafeRawBufferPointer?,
        headers: [RecordHeader] = [], timestamp: Timestamp
    ) throws(RecordsError) {
        let isFirst = recordCount == 0
        let base = isFirst ? timestamp : baseTimestamp
        let timestampDelta = timestamp.milliseconds &- base.milliseconds
        let keyCount = key?.count ?? 0
        let valueCount = value?.count ?? 0
        let room = Self.sizeMax - sizeInBytes
        guard keyCount <= room, valueCount <= room else {
            throw tooLarge(adding: max(keyCount, valueCount))
        }
        var length = 1 + ByteWriter.sizeOfVarlong(timestampDelta)
            + ByteWriter.sizeOfVarint(recordCount)
            + ByteWriter.sizeOfVarint(key == nil ? -1 : Int32(keyCount)) + keyCount
            + ByteWriter.sizeOfVarint(value == nil ? -1 : Int32(valueCount)) + valueCount
        length += headers.isEmpty ? 1 : try Self.size(of: headers, limit: room)
        guard length <= room - 5 else { throw tooLarge(adding: length) }

        if isFirst {
            writer.reserve(capacity)
            writer.writeZeros(RecordBatchHeader.size)
            baseTimestamp = timestamp
            maxTimestamp = timestamp
        }
        writer.reserve(length + 5)
        writer.writeVarint(Int32(length))
        writer.writeInt8(0)
        writer.writeVarlong(timestampDelta)
        writer.writeVarint(recordCount)
        write(nullable: key)
        write(nullable: value)
        write(headers)
        if maxTimestamp < timestamp { maxTimestamp = timestamp }
        recordCount += 1
    }

    /// Adds a record; `now` is its timestamp when it brings none.
    package mutating func append(_ record: Record, now: Timestamp) throws(RecordsError) {
        let timestamp = record.timestamp ?? now
        let result = record.key.withNullableBytes { key in
            record.value.withNullableBytes { value in
                Result { () throws(RecordsError) in
                    try append(
                        key: key, value: value, headers: record.headers, timestamp: timestamp)
                }
            }
        }
        try result.get()
    }

    /// The batch, its records compressed by `codec`. The base offset is 0, and the leader epoch
    /// -1: the log writes both.
    package mutating func finish(
        codec: CompressionCodec = .none, producer: ProducerState = .none,
        isTransactional: Bool = false, isControl: Bool = false
    ) throws(RecordsError) -> [UInt8] {
        guard recordCount > 0 else { throw .emptyBatch }
        var batch = ByteWriter()
        if codec == .none {
            swap(&batch, &writer)
        } else {
            batch.writeZeros(RecordBatchHeader.size)
            let result = writer.withUnsafeBytes { bytes in
                Result { () throws(RecordsError) in
                    let records = UnsafeRawBufferPointer(rebasing: bytes[RecordBatchHeader.size...])
                    try Compression.compress(codec, records, into: &batch)
                }
            }
            try result.get()
            writer.removeAll()
        }
        var attributes = Int16(codec.rawValue)
        if isTransactional { attributes |= RecordBatchAttributes.transactional }
        if isControl { attributes |= RecordBatchAttributes.control }
        // What a codec makes of records that cannot be compressed may be a little larger.
        guard batch.count <= Self.sizeMax else {
            throw .recordTooLarge(bytes: batch.count, limit: Self.sizeMax)
        }
        var header = RecordBatchHeader(
            batchLength: Int32(batch.count - RecordBatchHeader.lengthEnd),
            leaderEpoch: LeaderEpoch(-1), attributes: attributes,
            lastOffsetDelta: recordCount - 1, baseTimestamp: baseTimestamp,
            maxTimestamp: maxTimestamp, producer: producer, recordCount: recordCount)
        batch.withUnsafeMutableBytes { bytes in
            header.store(to: bytes)
            header.checksum = RecordBatch.checksum(UnsafeRawBufferPointer(bytes))
            header.store(to: bytes)
        }
        recordCount = 0
        return batch.take()
    }

    /// Forgets the records.
    package mutating func removeAll() {
        writer.removeAll()
        recordCount = 0
    }

    /// A batch of `records`; `now` is the timestamp of those that bring none.
    package static func build(
        _ records: [Record], now: Timestamp, codec: CompressionCodec = .none,
        producer: ProducerState = .none
    ) throws(RecordsError) -> [UInt8] {
        var builder = RecordBatchBuilder()
        for record in records { try builder.append(record, now: now) }
        return try builder.finish(codec: codec, producer: producer)
    }
}

extension RecordBatchBuilder {
    private static func size(
        of headers: [RecordHeader], limit: Int
    ) throws(RecordsError) -> Int {
        var size = ByteWriter.sizeOfVarint(Int32(truncatingIfNeeded: headers.count))
        for header in headers {
            let keyCount = header.key.utf8.count
            let valueCount = header.value?.count ?? 0
            guard keyCount <= limit, valueCount <= limit, size <= limit else {
                throw .recordTooLarge(bytes: max(keyCount, valueCount, size), limit: limit)
            }
            size += ByteWriter.sizeOfVarint(Int32(keyCount)) + keyCount
            size += ByteWriter.sizeOfVarint(header.value == nil ? -1 : Int32(valueCount))
            size += valueCount
        }
        return size
    }

    private mutating func write(_ headers: [RecordHeader]) {
        writer.writeVarint(Int32(headers.count))
        for header in headers {
            var name = header.key
            name.withUTF8 { write(nullable: UnsafeRawBufferPointer($0)) }
            header.value.withNullableBytes { write(nullable: $0) }
        }
    }

    @inline(__always)
    private mutating func write(nullable bytes: UnsafeRawBufferPointer?) {
        guard let bytes else { return writer.writeVarint(-1) }
        writer.writeVarint(Int32(bytes.count))
        writer.writeBytes(bytes)
    }

    @inline(never)
    private func tooLarge(adding count: Int) -> RecordsError {
        .recordTooLarge(bytes: sizeInBytes &+ count, limit: Self.sizeMax)
    }
}

extension Optional<[UInt8]> {
    func withNullableBytes<Result>(
        _ body: (UnsafeRawBufferPointer?) throws -> Result
    ) rethrows -> Result {
        guard let bytes = self else { return try body(nil) }
        return try bytes.withUnsafeBytes { try body($0) }
    }
}
