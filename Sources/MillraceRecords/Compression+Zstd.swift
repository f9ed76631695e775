internal import CZstd
internal import MillraceBytes

/// The zstd frame format (RFC 8878) by libzstd.
enum Zstd {
    static func compress(
        _ bytes: UnsafeRawBufferPointer, into writer: inout ByteWriter
    ) throws(RecordsError) {
        let most = ZSTD_compressBound(bytes.count)
        var result = 0
        writer.write(atMost: most) { output in
            result = ZSTD_compress(
                output.baseAddress, output.count, bytes.baseAddress, bytes.count,
                ZSTD_CLEVEL_DEFAULT)
            return ZSTD_isError(result) == 0 ? result : 0
        }
        guard ZSTD_isError(result) == 0 else {
            throw .compressionFailed(.zstd, reason: .library(errorNumber(result)))
        }
    }

    /// Reads frames one after another. A frame that declares its size is decompressed straight
    /// into the output; one that does not takes a window besides, which libzstd keeps to 128 MiB.
    static func decompress(
        _ bytes: UnsafeRawBufferPointer, limit: Int
    ) throws(RecordsError) -> ByteSlice {
        guard let context = ZSTD_createDCtx() else {
            throw .malformedCompression(.zstd, reason: .library(0))
        }
        defer { ZSTD_freeDCtx(context) }
        var output = DecompressedBytes(
            .zstd, compressedCount: bytes.count, limit: limit, sizeHint: declaredSize(bytes))
        var input = ZSTD_inBuffer(src: bytes.baseAddress, size: bytes.count, pos: 0)
        while true {
            let room = try output.room()
            var filled = ZSTD_outBuffer(dst: room.baseAddress, size: room.count, pos: 0)
            let before = input.pos
            let expected = ZSTD_decompressStream(context, &filled, &input)
            guard ZSTD_isError(expected) == 0 else {
                throw .malformedCompression(.zstd, reason: .library(errorNumber(expected)))
            }
            try output.filled(filled.pos)
            if expected == 0, input.pos == bytes.count { return output.finish() }
            if input.pos == before, filled.pos == 0 {
                throw .malformedCompression(.zstd, reason: .truncated)
            }
        }
    }

    /// What the first frame says it decompresses to; 0 when it does not say, or is no frame.
    private static func declaredSize(_ bytes: UnsafeRawBufferPointer) -> UInt64 {
        let size = ZSTD_getFrameContentSize(bytes.baseAddress, bytes.count)
        // The two largest numbers stand for "unknown" and "error".
        return size >= .max - 1 ? 0 : size
    }

    /// libzstd returns errors as negative numbers in a `size_t`.
    private static func errorNumber(_ result: Int) -> Int { 0 &- result }
}
