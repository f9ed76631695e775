import MillraceBytes
import MillraceModel
import MillraceRecords
import Testing

private func compressed(_ codec: CompressionCodec, _ bytes: [UInt8]) throws -> [UInt8] {
    var writer = ByteWriter()
    try bytes.withUnsafeBytes { try Compression.compress(codec, $0, into: &writer) }
    return writer.take()
}

private func decompressed(
    _ codec: CompressionCodec, _ bytes: [UInt8], limit: Int = 1 << 20
) throws -> [UInt8] {
    let slice = try bytes.withUnsafeBytes { try Compression.decompress(codec, $0, limit: limit) }
    return slice.withBytes { Array($0) }
}

private let codecs = CompressionCodec.allCases.filter { $0 != .none }

@Suite struct CompressionTests {
    /// Sizes about the blocks of snappy (32 KiB) and LZ4 (64 KiB).
    @Test(
        arguments: CompressionCodec.allCases,
        [0, 1, 100, 32_767, 32_768, 32_769, 65_536, 65_537, 300_000])
    func bytesComeBack(_ codec: CompressionCodec, _ count: Int) throws {
        var maker = RecordMaker(seed: UInt64(count))
        for _ in 0..<4 {
            let bytes = maker.bytes(count: count)
            #expect(try decompressed(codec, compressed(codec, bytes)) == bytes)
        }
    }

    @Test(arguments: CompressionCodec.allCases)
    func theLimitIsExact(_ codec: CompressionCodec) throws {
        let bytes = [UInt8](repeating: 7, count: 100_000)
        let small = try compressed(codec, bytes)
        #expect(try decompressed(codec, small, limit: 100_000) == bytes)
        #expect(try decompressed(codec, small, limit: .max) == bytes)
        for limit in [99_999, 1, 0] {
            let error = RecordsError.decompressedTooLarge(codec, limit: limit)
            #expect(throws: error) { try decompressed(codec, small, limit: limit) }
        }
    }

    /// A few kilobytes that would become 16 MiB are cut off at the limit.
    @Test(arguments: codecs)
    func bombsAreRefused(_ codec: CompressionCodec) throws {
        let bomb = try compressed(codec, [UInt8](repeating: 0, count: 16 << 20))
        let error = RecordsError.decompressedTooLarge(codec, limit: 1 << 20)
        #expect(throws: error) { try decompressed(codec, bomb) }
    }

    @Test(arguments: codecs)
    func everyShorterInputIsRefused(_ codec: CompressionCodec) throws {
        let bytes = [UInt8]("a record and a record and a record".utf8)
        let small = try compressed(codec, bytes)
        for count in 0..<small.count {
            let part = Array(small[..<count])
            // The header of a snappy stream alone is a stream without blocks.
            if codec == .snappy, count == 16 {
                #expect(try decompressed(codec, part) == [])
                continue
            }
            #expect(throws: RecordsError.self, "\(count) of \(small.count) bytes") {
                try decompressed(codec, part)
            }
        }
    }

    /// Members of gzip, frames of LZ4 and zstd, streams of snappy may follow one another.
    @Test(arguments: codecs)
    func severalInARowAreOne(_ codec: CompressionCodec) throws {
        let first = try compressed(codec, [1, 2, 3])
        let second = try compressed(codec, [UInt8](repeating: 4, count: 50_000))
        #expect(
            try decompressed(codec, first + second + first)
                == [1, 2, 3] + [UInt8](repeating: 4, count: 50_000) + [1, 2, 3])
    }
}

@Suite struct GzipTests {
    @Test func theContainerIsGzips() throws {
        #expect(try compressed(.gzip, [1])[..<3] == [0x1f, 0x8b, 8])
        // zlib's own container is not what a batch may hold.
        #expect(throws: RecordsError.malformedCompression(.gzip, reason: .library(-3))) {
            try decompressed(.gzip, [0x78, 0x9c, 0x63, 0x00, 0x00, 0x00, 0x01, 0x00, 0x01])
        }
    }

    @Test func aWrongTrailerIsRefused() throws {
        var bytes = try compressed(.gzip, [1, 2, 3])
        bytes[bytes.count - 8] ^= 1
        #expect(throws: RecordsError.malformedCompression(.gzip, reason: .library(-3))) {
            try decompressed(.gzip, bytes)
        }
    }
}

@Suite struct SnappyTests {
    private let magic: [UInt8] = [0x82, 0x53, 0x4e, 0x41, 0x50, 0x50, 0x59, 0]

    @Test func theFramingIsXerials() throws {
        let bytes = try compressed(.snappy, [UInt8](repeating: 0, count: 40_000))
        #expect(Array(bytes[..<16]) == magic + [0, 0, 0, 1, 0, 0, 0, 1])
        // Two blocks, of 32,768 and 7,232 bytes, each behind its length.
        let first = Int(bytes[18 + 1]) | Int(bytes[18]) << 8
        #expect(Array(bytes[20..<23]) == [0x80, 0x80, 0x02])
        #expect(Array(bytes[(24 + first)..<(26 + first)]) == [0xc0, 0x38])
    }

    @Test func aRawBlockIsRead() throws {
        // Four bytes as a literal, after their count.
        #expect(try decompressed(.snappy, [4, 0x0c, 1, 2, 3, 4]) == [1, 2, 3, 4])
        #expect(try decompressed(.snappy, [0]) == [])
    }

    @Test func aDeclaredSizeIsNotBelieved() {
        let gigabytes: [UInt8] = [0xff, 0xff, 0xff, 0xff, 0x07, 0, 1]
        #expect(
            throws: RecordsError.malformedCompression(
                .snappy, reason: .illegalDeclaredSize(Int(Int32.max)))
        ) {
            try decompressed(.snappy, gigabytes, limit: .max)
        }
        #expect(throws: RecordsError.self) { try decompressed(.snappy, [5, 0x0c, 1, 2, 3, 4]) }
        #expect(throws: RecordsError.self) { try decompressed(.snappy, [3, 0x0c, 1, 2, 3, 4]) }
    }

    @Test(arguments: [-1, 5, .max, .min] as [Int32])
    func blockLengthsAreChecked(_ length: Int32) {
        let bits = UInt32(bitPattern: length)
        let bytes = (0..<4).map { UInt8(truncatingIfNeeded: bits >> (24 - 8 * $0)) }
        let error = RecordsError.malformedCompression(
            .snappy, reason: .illegalBlockLength(Int64(length)))
        #expect(throws: error) {
            try decompressed(.snappy, magic + [0, 0, 0, 1, 0, 0, 0, 1] + bytes + [1, 0, 7, 7])
        }
    }
}

@Suite struct LZ4Tests {
    /// Java's client refuses linked blocks; liblz4's own default is linked where there are several.
    @Test(arguments: [1, 65_536, 65_537, 1_000_000])
    func blocksAreIndependentWhateverTheSize(_ count: Int) throws {
        let bytes = try compressed(.lz4, [UInt8](repeating: 1, count: count))
        #expect(Array(bytes[..<4]) == [0x04, 0x22, 0x4d, 0x18])
        let flags = bytes[4]
        #expect(flags >> 6 == 1, "version")
        #expect(flags & 0x20 != 0, "independent blocks")
        #expect(flags & 0x1d == 0, "no checksums, no content size, no dictionary")
        #expect(bytes[5] == 0x40, "blocks of 64 KiB")
    }

    @Test func theHeadersChecksumIsRight() throws {
        var bytes = try compressed(.lz4, [1, 2, 3])
        #expect(bytes[6] == 0x82, "the second byte of the descriptor's xxHash-32")
        bytes[6] ^= 1
        #expect(throws: RecordsError.self) { try decompressed(.lz4, bytes) }
    }
}

@Suite struct ZstdTests {
    @Test func aDeclaredSizeIsNotBelieved() throws {
        // A frame that says it holds 2^62 bytes, and one byte of it.
        let frame: [UInt8] = [
            0x28, 0xb5, 0x2f, 0xfd, 0xe0, 0, 0, 0, 0, 0, 0, 0, 0x40, 0x09, 0, 0, 7,
        ]
        #expect(throws: RecordsError.self) { try decompressed(.zstd, frame) }
        #expect(throws: RecordsError.self) { try decompressed(.zstd, frame, limit: 1 << 30) }
    }

    /// What Java's client writes: it streams, and cannot say the size beforehand.
    @Test func aFrameWithoutItsSizeIsRead() throws {
        // Window descriptor 0x58, one raw last block of three bytes.
        let frame: [UInt8] = [0x28, 0xb5, 0x2f, 0xfd, 0x00, 0x58, 0x19, 0, 0, 1, 2, 3]
        #expect(try decompressed(.zstd, frame) == [1, 2, 3])
        let error = RecordsError.decompressedTooLarge(.zstd, limit: 2)
        #expect(throws: error) { try decompressed(.zstd, frame, limit: 2) }
    }
}
