import MillraceBytes
import MillraceModel
import MillraceRecords
import Testing

@Suite struct RecordBatchHeaderTests {
    private let header = RecordBatchHeader(
        baseOffset: Offset(0x0102_0304_0506_0708), batchLength: 49, leaderEpoch: LeaderEpoch(-2),
        attributes: 0x3c, lastOffsetDelta: 5, baseTimestamp: Timestamp(milliseconds: -1),
        maxTimestamp: Timestamp(milliseconds: 1 << 50),
        producer: ProducerState(id: ProducerID(.max), epoch: ProducerEpoch(.max), baseSequence: 6),
        recordCount: 4)

    private func stored(_ header: RecordBatchHeader) -> [UInt8] {
        var bytes = [UInt8](repeating: 0xee, count: RecordBatchHeader.size)
        bytes.withUnsafeMutableBytes { header.store(to: $0) }
        return bytes
    }

    private func parsed(_ bytes: [UInt8]) throws -> RecordBatchHeader {
        try bytes.withUnsafeBytes { try RecordBatchHeader(parsing: $0) }
    }

    @Test func everyFieldComesBack() throws {
        var header = header
        header.checksum = 0xfedc_ba98
        #expect(try parsed(stored(header)) == header)
    }

    @Test func theAttributesAreTaken() {
        #expect(header.codec == .zstd && header.timestampType == .logAppend)
        #expect(header.isTransactional && header.isControl)
        var unknown = header
        unknown.attributes = 7
        #expect(unknown.codec == nil && unknown.codecNumber == 7)
        #expect(!unknown.isTransactional && !unknown.isControl)
        #expect(unknown.timestampType == .create)
    }

    @Test func sizesAndOffsetsFollow() {
        #expect(header.sizeInBytes == 61)
        #expect(header.lastOffset == Offset(0x0102_0304_0506_070d))
    }

    @Test(arguments: 0..<61)
    func aShortHeaderIsRefused(_ count: Int) {
        #expect(throws: RecordsError.truncated(needed: 61, remaining: count)) {
            try parsed(Array(stored(header)[..<count]))
        }
    }

    @Test(arguments: [0, 1, 3, -1] as [Int8])
    func otherFormatsAreRefusedByNumber(_ magic: Int8) {
        var bytes = stored(header)
        bytes[16] = UInt8(bitPattern: magic)
        // Old formats have headers of 26 and 34 bytes: their number is told, not that they are
        // short.
        #expect(throws: RecordsError.unsupportedMagic(magic)) { try parsed(Array(bytes[..<26])) }
        #expect(throws: RecordsError.unsupportedMagic(magic)) { try parsed(bytes) }
    }

    @Test(arguments: [48, 0, -1, .min] as [Int32])
    func aLengthUnderTheHeadersIsRefused(_ length: Int32) {
        var short = header
        short.batchLength = length
        #expect(throws: RecordsError.illegalBatchLength(length)) { try parsed(stored(short)) }
    }
}
