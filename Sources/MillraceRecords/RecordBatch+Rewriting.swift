package import MillraceBytes
package import MillraceModel

// What a log changes in a producer's batch where its topic asks for that. The records themselves
// stay as they are.

extension RecordBatch {
    /// Gives all records of a batch the log's time, or with nil leaves them their own, in place.
    package static func stamp(
        _ time: Timestamp?, _ header: inout RecordBatchHeader,
        in bytes: UnsafeMutableRawBufferPointer
    ) {
        if let time {
            header.attributes |= RecordBatchAttributes.logAppendTime
            header.maxTimestamp = time
        } else {
            header.attributes &= ~RecordBatchAttributes.logAppendTime
        }
        seal(&header, in: bytes)
    }

    /// The same batch with its records compressed by another codec.
    /// - Parameter limit: bytes that the records may take uncompressed.
    package static func recompress(
        _ batch: UnsafeRawBufferPointer, _ header: inout RecordBatchHeader,
        as codec: CompressionCodec, limit: Int = Compression.defaultLimit
    ) throws(RecordsError) -> ByteSlice {
        guard let present = header.codec else {
            throw .unknownCodec(header.codecNumber, baseOffset: header.baseOffset)
        }
        let payload = UnsafeRawBufferPointer(rebasing: batch[RecordBatchHeader.size...])
        var writer = ByteWriter(capacity: batch.count)
        writer.writeZeros(RecordBatchHeader.size)
        if present == .none {
            try Compression.compress(codec, payload, into: &writer)
        } else {
            let records = try Compression.decompress(present, payload, limit: limit)
            try records.withBytes { bytes throws(RecordsError) in
                try Compression.compress(codec, bytes, into: &writer)
            }
        }
        guard let length = Int32(exactly: writer.count - RecordBatchHeader.lengthEnd) else {
            throw .recordTooLarge(bytes: writer.count, limit: RecordBatchBuilder.sizeMax)
        }
        header.batchLength = length
        header.attributes = header.attributes & ~0x07 | Int16(codec.rawValue)
        writer.withUnsafeMutableBytes { seal(&header, in: $0) }
        return writer.withUnsafeBytes { ByteSlice(copying: $0) }
    }

    /// Writes the header over the batch in the bytes, which end with it, with its checksum.
    static func seal(
        _ header: inout RecordBatchHeader, in bytes: UnsafeMutableRawBufferPointer
    ) {
        header.store(to: bytes)
        header.checksum = checksum(UnsafeRawBufferPointer(bytes))
        header.store(to: bytes)
    }
}
