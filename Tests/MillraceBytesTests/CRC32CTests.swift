import MillraceBytes
import Testing

@Suite struct CRC32CTests {
    /// The vectors of RFC 3720, appendix B.4, and the customary check value.
    @Test(arguments: [
        ([UInt8](repeating: 0, count: 32), 0x8a91_36aa),
        ([UInt8](repeating: 0xff, count: 32), 0x62a8_ab43),
        ([UInt8](0..<32), 0x46dd_794e),
        ([UInt8]((0..<32).reversed()), 0x113f_db5c),
        ([UInt8]("123456789".utf8), 0xe306_9283),
        ([], 0),
    ] as [([UInt8], UInt32)])
    func knownVectors(_ bytes: [UInt8], _ checksum: UInt32) {
        #expect(CRC32C.checksum(bytes) == checksum)
        #expect(bytes.withUnsafeBytes { CRC32C.checksumByTable($0) } == checksum)
    }

    /// The instruction runs three streams side by side from 768 bytes and again from 24,576:
    /// lengths about both, and every alignment.
    @Test func instructionAndTableAgree() {
        var random = SeededGenerator(seed: 1)
        let bytes = (0..<80_000).map { _ in random.byte() }
        let counts =
            Array(0...70)
            + [255, 256, 767, 768, 769, 775, 1543, 8192, 24_575, 24_576, 24_583, 49_999]
        bytes.withUnsafeBytes { all in
            for count in counts {
                for start in 0..<9 {
                    let part = UnsafeRawBufferPointer(rebasing: all[start..<(start + count)])
                    #expect(
                        CRC32C.checksum(part) == CRC32C.checksumByTable(part),
                        "\(count) bytes from \(start)")
                }
            }
        }
    }

    @Test func continuingIsTheChecksumOfBoth() {
        var random = SeededGenerator(seed: 2)
        let bytes = (0..<30_000).map { _ in random.byte() }
        let whole = CRC32C.checksum(bytes)
        for cut in [0, 1, 7, 8, 800, 29_999, 30_000] {
            let first = CRC32C.checksum([UInt8](bytes[..<cut]))
            #expect(CRC32C.checksum([UInt8](bytes[cut...]), continuing: first) == whole)
            let byTable = bytes.withUnsafeBytes {
                let first = CRC32C.checksumByTable(UnsafeRawBufferPointer(rebasing: $0[..<cut]))
                return CRC32C.checksumByTable(
                    UnsafeRawBufferPointer(rebasing: $0[cut...]), continuing: first)
            }
            #expect(byTable == whole)
        }
    }

    /// Without it the throughput that the design counts on is not there.
    #if arch(x86_64)
        @Test func thisProcessorHasTheInstruction() { #expect(CRC32C.hasInstruction) }
    #endif
}
