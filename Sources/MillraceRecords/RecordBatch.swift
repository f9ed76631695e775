internal import MillraceBytes
package import MillraceModel

/// What the log does with a record batch as bytes: check it, and number it where it lies.
package enum RecordBatch {
    /// Checks the batch at the front of `bytes`, which may go on after it, and returns its header:
    /// the length against what remains and against `limit`, the format, the checksum, the codec's
    /// number and the counts. What the records say is left to `validateRecords`.
    package static func validate(
        _ bytes: UnsafeRawBufferPointer, limit: Int
    ) throws(RecordsError) -> RecordBatchHeader {
        let header = try RecordBatchHeader(parsing: bytes)
        let size = header.sizeInBytes
        guard size <= limit else { throw .batchTooLarge(bytes: size, limit: limit) }
        guard size <= bytes.count else { throw .truncated(needed: size, remaining: bytes.count) }
        let computed = checksum(UnsafeRawBufferPointer(rebasing: bytes[..<size]))
        guard computed == header.checksum else {
            throw .checksumMismatch(
                baseOffset: header.baseOffset, stored: header.checksum, computed: computed)
        }
        guard header.codec != nil else {
            throw .unknownCodec(header.codecNumber, baseOffset: header.baseOffset)
        }
        // Compaction takes records out of a batch, even all of them, and leaves its offsets.
        guard header.recordCount >= 0, header.lastOffsetDelta >= 0,
            Int64(header.recordCount) <= Int64(header.lastOffsetDelta) + 1
        else {
            throw illegalRecordCount(header)
        }
        return header
    }

    /// Checks that `bytes` are exactly one batch that a producer may send: what `validate` does, and that it has
    /// records, one for each of its offsets and no more than its bytes can hold, is no control batch, and that its
    /// producer id, epoch and sequence go together. Records that are not compressed are walked; those that are stay
    /// closed (see the decision on the Kafka listener).
    package static func validateProduced(
        _ bytes: UnsafeRawBufferPointer, limit: Int
    ) throws(RecordsError) -> RecordBatchHeader {
        let header = try validate(bytes, limit: limit)
        guard header.sizeInBytes == bytes.count else {
            throw .trailingBytes(bytes.count - header.sizeInBytes)
        }
        guard header.recordCount >= 1, header.lastOffsetDelta == header.recordCount &- 1 else {
            throw illegalRecordCount(header)
        }
        // What the records are decompressed into bounds those of a compressed batch.
        let recordBytesMax =
            header.codecNumber == 0
            ? bytes.count - RecordBatchHeader.size : Compression.defaultLimit
        guard Int(header.recordCount) <= recordBytesMax / RecordBatchHeader.recordSizeMin else {
            throw illegalRecordCount(header)
        }
        guard !header.isControl else {
            throw .controlBatchFromProducer(baseOffset: header.baseOffset)
        }
        // Without a producer id the other two say nothing: clients differ in what they put there.
        let isIdempotent = header.producerID != .none
        guard
            isIdempotent
                ? header.producerID.value >= 0 && header.producerEpoch.value >= 0
                    && header.baseSequence >= 0
                : !header.isTransactional
        else {
            throw .illegalProducer(
                id: header.producerID.value, epoch: header.producerEpoch.value,
                baseSequence: header.baseSequence, isTransactional: header.isTransactional)
        }
        if header.codecNumber == 0 { try validateRecords(bytes) }
        return header
    }

    /// Walks every record of a batch that `validateProduced` has passed, decompressed into at most
    /// `limit` bytes: lengths exact, headers included, offset deltas 0, 1, 2 and so on.
    package static func validateRecords(
        _ bytes: UnsafeRawBufferPointer, limit: Int = Compression.defaultLimit
    ) throws(RecordsError) {
        let view = try RecordBatchView(borrowing: bytes, decompressedLimit: limit)
        var records = view.makeRecordIterator()
        var expected: Int64 = 0
        while let record = try records.next() {
            let delta = record.offset.value &- view.header.baseOffset.value
            guard delta == expected else {
                let next = Int32(truncatingIfNeeded: expected)
                throw .malformedRecord(
                    .illegalOffsetDelta(Int32(truncatingIfNeeded: delta), expected: next...next),
                    index: Int(expected), baseOffset: view.header.baseOffset)
            }
            try record.forEachHeader { _, _ in }
            expected += 1
        }
    }

    /// The checksum that the header of the batch in `bytes`, which end with it, should have.
    package static func checksum(_ bytes: UnsafeRawBufferPointer) -> UInt32 {
        CRC32C.checksum(
            UnsafeRawBufferPointer(rebasing: bytes[RecordBatchHeader.attributesPosition...]))
    }

    /// Writes where a checked batch stands in the log into its header. Neither field is under the
    /// checksum.
    package static func assign(
        offset: Offset, leaderEpoch: LeaderEpoch, in batch: UnsafeMutableRawPointer
    ) {
        batch.storeBytes(of: offset.value.bigEndian, as: Int64.self)
        batch.storeBytes(of: leaderEpoch.value.bigEndian, toByteOffset: 12, as: Int32.self)
    }

    private static func illegalRecordCount(_ header: RecordBatchHeader) -> RecordsError {
        .illegalRecordCount(
            header.recordCount, lastOffsetDelta: header.lastOffsetDelta,
            baseOffset: header.baseOffset)
    }
}
