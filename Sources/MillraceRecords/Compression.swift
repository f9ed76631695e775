package import MillraceBytes
package import MillraceModel

/// The codecs of record batches, each in the form that Kafka's clients write and read.
package enum Compression {
    /// How many bytes the records of one batch may take when nothing else is said.
    package static let defaultLimit = 64 << 20

    /// Appends what `codec` makes of `bytes` to `writer`.
    package static func compress(
        _ codec: CompressionCodec, _ bytes: UnsafeRawBufferPointer, into writer: inout ByteWriter
    ) throws(RecordsError) {
        switch codec {
        case .none: writer.writeBytes(bytes)
        case .gzip: try Gzip.compress(bytes, into: &writer)
        case .snappy: try Snappy.compress(bytes, into: &writer)
        case .lz4: try LZ4.compress(bytes, into: &writer)
        case .zstd: try Zstd.compress(bytes, into: &writer)
        }
    }

    /// What `bytes` were before `codec` compressed them. Sizes they declare are checked and not
    /// believed: whatever they say, no more than `limit` bytes are made, and an error is thrown if
    /// there would be more.
    package static func decompress(
        _ codec: CompressionCodec, _ bytes: UnsafeRawBufferPointer, limit: Int
    ) throws(RecordsError) -> ByteSlice {
        switch codec {
        case .none:
            guard bytes.count <= limit else { throw .decompressedTooLarge(codec, limit: limit) }
            return ByteSlice(copying: bytes)
        case .gzip: return try Gzip.decompress(bytes, limit: limit)
        case .snappy: return try Snappy.decompress(bytes, limit: limit)
        case .lz4: return try LZ4.decompress(bytes, limit: limit)
        case .zstd: return try Zstd.decompress(bytes, limit: limit)
        }
    }
}

/// Memory that a decompressor fills and that grows as it goes, up to a limit.
struct DecompressedBytes {
    private let codec: CompressionCodec
    private let limit: Int
    private var buffer: AlignedBuffer
    private(set) var count = 0

    /// `sizeHint` may come from outside: it is only where to begin, within the limit.
    init(_ codec: CompressionCodec, compressedCount: Int, limit: Int, sizeHint: UInt64 = 0) {
        self.codec = codec
        // A limit of `Int.max` means none: what is added to it below must not overflow.
        self.limit = max(0, min(limit, .max / 4))
        let size = sizeHint == 0 ? max(4096, compressedCount * 4) : Int(clamping: sizeHint)
        buffer = AlignedBuffer(count: min(self.limit + 1, size))
    }

    /// Room for at least one more byte. One byte over the limit is given, so that a decompressor
    /// can end exactly at the limit; whoever fills that byte is over it.
    mutating func room() throws(RecordsError) -> UnsafeMutableRawBufferPointer {
        try reserve(1)
        return UnsafeMutableRawBufferPointer(rebasing: buffer.mutableBytes[count...])
    }

    /// Room for exactly `size` more bytes.
    mutating func room(for size: Int) throws(RecordsError) -> UnsafeMutableRawBufferPointer {
        guard size <= limit - count else { throw .decompressedTooLarge(codec, limit: limit) }
        try reserve(size)
        return UnsafeMutableRawBufferPointer(rebasing: buffer.mutableBytes[count..<(count + size)])
    }

    private mutating func reserve(_ size: Int) throws(RecordsError) {
        guard buffer.count - count < size else { return }
        guard count <= limit else { throw .decompressedTooLarge(codec, limit: limit) }
        let larger = AlignedBuffer(count: min(limit + 1, max(buffer.count * 2, count + size)))
        larger.pointer.copyMemory(from: buffer.pointer, byteCount: count)
        buffer = larger
    }

    mutating func filled(_ size: Int) throws(RecordsError) {
        count += size
        guard count <= limit else { throw .decompressedTooLarge(codec, limit: limit) }
    }

    func finish() -> ByteSlice { ByteSlice(buffer, offset: 0, count: count) }
}
