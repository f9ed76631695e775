internal import CZlib
internal import MillraceBytes

/// gzip (RFC 1952) by zlib.
enum Gzip {
    /// zlib's window of 2^15 bytes, plus 16 for gzip's header and trailer in place of zlib's.
    private static let windowBits: Int32 = 15 + 16
    private static let memoryLevel: Int32 = 8

    static func compress(
        _ bytes: UnsafeRawBufferPointer, into writer: inout ByteWriter
    ) throws(RecordsError) {
        var stream = z_stream()
        let opened = deflateInit2_(
            &stream, Z_DEFAULT_COMPRESSION, Z_DEFLATED, windowBits, memoryLevel,
            Z_DEFAULT_STRATEGY, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size))
        guard opened == Z_OK else {
            throw .compressionFailed(.gzip, reason: .library(Int(opened)))
        }
        defer { deflateEnd(&stream) }
        guard let inputCount = UInt32(exactly: bytes.count) else {
            throw .recordTooLarge(bytes: bytes.count, limit: RecordBatchBuilder.sizeMax)
        }
        // zlib never writes through this pointer; its header says so only under ZLIB_CONST.
        stream.next_in = UnsafeMutablePointer(
            mutating: bytes.assumingMemoryBound(to: UInt8.self).baseAddress)
        stream.avail_in = inputCount
        var status = Z_OK
        let most = Int(deflateBound(&stream, UInt(bytes.count)))
        writer.write(atMost: most) { output in
            stream.next_out = output.assumingMemoryBound(to: UInt8.self).baseAddress
            stream.avail_out = UInt32(clamping: most)
            status = deflate(&stream, Z_FINISH)
            return Int(stream.total_out)
        }
        guard status == Z_STREAM_END else {
            throw .compressionFailed(.gzip, reason: .library(Int(status)))
        }
    }

    /// Several members one after another are read as one, as the RFC demands.
    static func decompress(
        _ bytes: UnsafeRawBufferPointer, limit: Int
    ) throws(RecordsError) -> ByteSlice {
        guard let inputCount = UInt32(exactly: bytes.count) else {
            throw .batchTooLarge(bytes: bytes.count, limit: RecordBatchBuilder.sizeMax)
        }
        var stream = z_stream()
        let opened = inflateInit2_(
            &stream, windowBits, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size))
        guard opened == Z_OK else {
            throw .malformedCompression(.gzip, reason: .library(Int(opened)))
        }
        defer { inflateEnd(&stream) }
        stream.next_in = UnsafeMutablePointer(
            mutating: bytes.assumingMemoryBound(to: UInt8.self).baseAddress)
        stream.avail_in = inputCount
        var output = DecompressedBytes(.gzip, compressedCount: bytes.count, limit: limit)
        while true {
            let room = try output.room()
            let offered = UInt32(clamping: room.count)
            stream.next_out = room.assumingMemoryBound(to: UInt8.self).baseAddress
            stream.avail_out = offered
            let status = inflate(&stream, Z_NO_FLUSH)
            try output.filled(Int(offered - stream.avail_out))
            switch status {
            case Z_OK: continue
            case Z_STREAM_END:
                if stream.avail_in == 0 { return output.finish() }
                inflateReset(&stream)
            // No progress was possible though there was room: the input has run out.
            case Z_BUF_ERROR: throw .malformedCompression(.gzip, reason: .truncated)
            default: throw .malformedCompression(.gzip, reason: .library(Int(status)))
            }
        }
    }
}
