internal import CLZ4
internal import MillraceBytes

/// The LZ4 frame format by liblz4. Blocks are always independent: Java's client refuses linked
/// ones, which other libraries write by default.
enum LZ4 {
    static func compress(
        _ bytes: UnsafeRawBufferPointer, into writer: inout ByteWriter
    ) throws(RecordsError) {
        var preferences = LZ4F_preferences_t()
        preferences.frameInfo.blockSizeID = LZ4F_max64KB
        preferences.frameInfo.blockMode = LZ4F_blockIndependent
        preferences.frameInfo.contentChecksumFlag = LZ4F_noContentChecksum
        let most = LZ4F_compressFrameBound(bytes.count, &preferences)
        var result = 0
        writer.write(atMost: most) { output in
            result = LZ4F_compressFrame(
                output.baseAddress, output.count, bytes.baseAddress, bytes.count, &preferences)
            return LZ4F_isError(result) == 0 ? result : 0
        }
        guard LZ4F_isError(result) == 0 else {
            throw .compressionFailed(.lz4, reason: .library(errorNumber(result)))
        }
    }

    static func decompress(
        _ bytes: UnsafeRawBufferPointer, limit: Int
    ) throws(RecordsError) -> ByteSlice {
        var context: OpaquePointer?
        let opened = LZ4F_createDecompressionContext(&context, UInt32(LZ4F_VERSION))
        guard LZ4F_isError(opened) == 0 else {
            throw .malformedCompression(.lz4, reason: .library(errorNumber(opened)))
        }
        defer { LZ4F_freeDecompressionContext(context) }
        var output = DecompressedBytes(.lz4, compressedCount: bytes.count, limit: limit)
        var position = 0
        while true {
            let room = try output.room()
            var written = room.count
            var read = bytes.count - position
            let expected = LZ4F_decompress(
                context, room.baseAddress, &written, bytes.baseAddress.map { $0 + position },
                &read, nil)
            guard LZ4F_isError(expected) == 0 else {
                throw .malformedCompression(.lz4, reason: .library(errorNumber(expected)))
            }
            position += read
            try output.filled(written)
            // Nothing more expected means that a frame has ended; another may follow.
            if expected == 0, position == bytes.count { return output.finish() }
            if read == 0, written == 0 { throw .malformedCompression(.lz4, reason: .truncated) }
        }
    }

    /// liblz4 returns errors as negative numbers in a `size_t`.
    private static func errorNumber(_ result: Int) -> Int { 0 &- result }
}
