internal import CSnappy
internal import MillraceBytes

/// Snappy in the framing of the xerial library, which Java's clients write:
///
///     0x82 "SNAPPY" 0x00 | version i32 = 1 | compatible version i32 = 1
///     | block length i32, raw snappy block | ...
///
/// Other clients send one raw block: that is read too.
enum Snappy {
    private static let magic: [UInt8] = [0x82, 0x53, 0x4e, 0x41, 0x50, 0x50, 0x59, 0x00]
    private static let headerCount = 16
    private static let blockCount = 32 << 10

    static func compress(
        _ bytes: UnsafeRawBufferPointer, into writer: inout ByteWriter
    ) throws(RecordsError) {
        writer.writeBytes(magic)
        writer.writeInt32(1)
        writer.writeInt32(1)
        var position = 0
        while position < bytes.count {
            let count = min(blockCount, bytes.count - position)
            let block = bytes[position..<(position + count)]
            let most = snappy_max_compressed_length(count)
            let lengthPosition = writer.count
            writer.writeInt32(0)
            var status = SNAPPY_OK
            var written = most
            writer.write(atMost: most) { output in
                status = snappy_compress(
                    UnsafeRawBufferPointer(rebasing: block).assumingMemoryBound(to: CChar.self)
                        .baseAddress,
                    count, output.assumingMemoryBound(to: CChar.self).baseAddress, &written)
                return status == SNAPPY_OK ? written : 0
            }
            guard status == SNAPPY_OK else {
                throw .compressionFailed(.snappy, reason: .library(Int(status.rawValue)))
            }
            writer.patchInt32(Int32(written), at: lengthPosition)
            position += count
        }
    }

    static func decompress(
        _ bytes: UnsafeRawBufferPointer, limit: Int
    ) throws(RecordsError) -> ByteSlice {
        var output = DecompressedBytes(.snappy, compressedCount: bytes.count, limit: limit)
        guard bytes.starts(with: magic) else {
            try decompressBlock(bytes, into: &output)
            return output.finish()
        }
        var position = 0
        while position < bytes.count {
            // Streams may follow one another, each with a header of its own.
            if bytes[position...].starts(with: magic) {
                guard bytes.count - position >= headerCount else {
                    throw .malformedCompression(.snappy, reason: .truncated)
                }
                position += headerCount
                continue
            }
            guard bytes.count - position >= 4 else {
                throw .malformedCompression(.snappy, reason: .truncated)
            }
            let length = Int(
                bytes.loadUnaligned(fromByteOffset: position, as: Int32.self).bigEndian)
            position += 4
            guard length >= 0, length <= bytes.count - position else {
                throw .malformedCompression(
                    .snappy, reason: .illegalBlockLength(Int64(length)))
            }
            try decompressBlock(
                UnsafeRawBufferPointer(rebasing: bytes[position..<(position + length)]),
                into: &output)
            position += length
        }
        return output.finish()
    }

    private static func decompressBlock(
        _ block: UnsafeRawBufferPointer, into output: inout DecompressedBytes
    ) throws(RecordsError) {
        let input = block.assumingMemoryBound(to: CChar.self).baseAddress
        var size = 0
        let measured = snappy_uncompressed_length(input, block.count, &size)
        guard measured == SNAPPY_OK else {
            throw .malformedCompression(.snappy, reason: .library(Int(measured.rawValue)))
        }
        // Three bytes of a block stand for 64 at most, so a block that declares more than this is
        // not one, and no memory is taken for it.
        guard size >= 0, size / 32 <= block.count else {
            throw .malformedCompression(.snappy, reason: .illegalDeclaredSize(size))
        }
        let room = try output.room(for: size)
        var written = size
        let status = snappy_uncompress(
            input, block.count, room.assumingMemoryBound(to: CChar.self).baseAddress, &written)
        guard status == SNAPPY_OK, written == size else {
            throw .malformedCompression(.snappy, reason: .library(Int(status.rawValue)))
        }
        try output.filled(size)
    }
}
