package import MillraceBytes
package import MillraceModel

// What compaction makes of a batch. Whatever it drops, the batch keeps its base offset, its last offset, its producer
// and its sequence, and the records that stay keep their offsets and times.

/// What is left of a batch.
package enum CompactedBatch {
    /// All of it, as it is.
    case unchanged
    /// Some of its records, or all with a delete horizon.
    case rewritten(ByteSlice)
    /// No record.
    case emptied
}

extension RecordBatch {
    /// Takes those records out of a batch that are not kept.
    ///
    /// - Parameters:
    ///   - horizon: when the batch's tombstones may go, written down where the batch has none yet and keeps tombstones
    ///     (KIP-534): its times are then counted from the horizon.
    ///   - isMarked: whether the horizon is written down without tombstones, too: the end of a transaction that has no
    ///     records any more.
    ///   - limit: bytes that the records may take uncompressed.
    ///   - keeps: called once for each record, in order.
    package static func compact(
        _ batch: UnsafeRawBufferPointer, horizon: Timestamp, isMarked: Bool = false,
        limit: Int = Compression.defaultLimit, keeps: (RecordView) -> Bool
    ) throws(RecordsError) -> CompactedBatch {
        let view = try RecordBatchView(borrowing: batch, decompressedLimit: limit)
        var kept: [Bool] = []
        kept.reserveCapacity(Int(max(0, min(view.header.recordCount, 1 << 16))))
        var keptCount: Int32 = 0
        var hasTombstones = false
        var records = view.makeRecordIterator()
        while let record = try records.next() {
            let isKept = keeps(record)
            kept.append(isKept)
            guard isKept else { continue }
            keptCount += 1
            if record.valueBytes == nil { hasTombstones = true }
        }
        guard keptCount > 0 else { return .emptied }
        let getsHorizon = (hasTombstones || isMarked) && view.header.deleteHorizon == nil
        if Int(keptCount) == kept.count, !getsHorizon { return .unchanged }
        return .rewritten(
            try rewrite(view, kept, keptCount, horizon: getsHorizon ? horizon : nil))
    }

    private static func rewrite(
        _ view: RecordBatchView, _ kept: [Bool], _ keptCount: Int32, horizon: Timestamp?
    ) throws(RecordsError) -> ByteSlice {
        var header = view.header
        if let horizon {
            header.attributes |= RecordBatchAttributes.deleteHorizon
            header.baseTimestamp = horizon
        }
        var body = ByteWriter(capacity: header.sizeInBytes)
        if header.codecNumber == 0 { body.writeZeros(RecordBatchHeader.size) }
        var maxTimestamp = Timestamp.none
        var index = 0
        var records = view.makeRecordIterator()
        while let record = try records.next() {
            defer { index += 1 }
            guard kept[index] else { continue }
            maxTimestamp = max(maxTimestamp, record.timestamp)
            record.write(to: &body, in: header)
        }
        header.maxTimestamp = maxTimestamp
        header.recordCount = keptCount
        if let codec = header.codec, codec != .none {
            var compressed = ByteWriter(capacity: RecordBatchHeader.size + body.count / 2)
            compressed.writeZeros(RecordBatchHeader.size)
            let result = body.withUnsafeBytes { bytes in
                Result { () throws(RecordsError) in
                    try Compression.compress(codec, bytes, into: &compressed)
                }
            }
            try result.get()
            swap(&body, &compressed)
        }
        guard let length = Int32(exactly: body.count - RecordBatchHeader.lengthEnd) else {
            throw .recordTooLarge(bytes: body.count, limit: RecordBatchBuilder.sizeMax)
        }
        header.batchLength = length
        body.withUnsafeMutableBytes { seal(&header, in: $0) }
        return body.withUnsafeBytes { ByteSlice(copying: $0) }
    }

    /// The batch without its records: it says on which offsets they stood, and what their producer sent.
    package static func emptied(_ original: RecordBatchHeader) -> ByteSlice {
        var header = original
        header.batchLength = RecordBatchHeader.lengthMin
        header.attributes &= ~(0x07 | RecordBatchAttributes.deleteHorizon)
        header.baseTimestamp = .none
        header.recordCount = 0
        let buffer = AlignedBuffer(count: RecordBatchHeader.size)
        seal(&header, in: buffer.mutableBytes)
        return ByteSlice(buffer)
    }

    /// The place of the first record without a key, counted from the front of the batch; nil where all have one.
    package static func indexOfKeylessRecord(
        in batch: UnsafeRawBufferPointer, limit: Int = Compression.defaultLimit
    ) throws(RecordsError) -> Int? {
        let view = try RecordBatchView(borrowing: batch, decompressedLimit: limit)
        var records = view.makeRecordIterator()
        var index = 0
        var found: Int?
        // To the end, so that a batch which is taken can be read when its time to be compacted has come.
        while let record = try records.next() {
            if record.keyBytes == nil, found == nil { found = index }
            index += 1
        }
        return found
    }
}

extension RecordView {
    /// Writes the record as it is in a batch with the header.
    fileprivate func write(to writer: inout ByteWriter, in header: RecordBatchHeader) {
        let timestampDelta = timestamp.milliseconds &- header.baseTimestamp.milliseconds
        let offsetDelta = Int32(truncatingIfNeeded: offset.value &- header.baseOffset.value)
        let keyCount = keyBytes.map { Int32($0.count) } ?? -1
        let valueCount = valueBytes.map { Int32($0.count) } ?? -1
        let length =
            1 + ByteWriter.sizeOfVarlong(timestampDelta) + ByteWriter.sizeOfVarint(offsetDelta)
            + ByteWriter.sizeOfVarint(keyCount) + Int(max(0, keyCount))
            + ByteWriter.sizeOfVarint(valueCount) + Int(max(0, valueCount)) + headerBytes.count
        writer.reserve(length + 5)
        writer.writeVarint(Int32(length))
        writer.writeInt8(0)
        writer.writeVarlong(timestampDelta)
        writer.writeVarint(offsetDelta)
        writer.writeVarint(keyCount)
        if let keyBytes { writer.writeBytes(keyBytes) }
        writer.writeVarint(valueCount)
        if let valueBytes { writer.writeBytes(valueBytes) }
        writer.writeBytes(headerBytes)
    }
}
