import MillraceBytes
import MillraceModel
import MillraceRecords
import Testing

@Suite struct RecordBatchRewritingTests {
    private static let producer = ProducerState(
        id: ProducerID(7), epoch: ProducerEpoch(3), baseSequence: 9)

    private func batch(_ codec: CompressionCodec) throws -> [UInt8] {
        let records = (0..<20).map {
            Record(
                key: [UInt8($0)], value: [UInt8](repeating: 5, count: 100),
                headers: [RecordHeader(key: "h", value: [1])],
                timestamp: Timestamp(milliseconds: 100 - Int64($0)))
        }
        return try RecordBatchBuilder.build(
            records, now: .none, codec: codec, producer: Self.producer)
    }

    @Test(arguments: CompressionCodec.allCases, CompressionCodec.allCases)
    func onlyTheCodecChanges(_ from: CompressionCodec, _ to: CompressionCodec) throws {
        let original = try batch(from)
        try original.withUnsafeBytes { bytes in
            var header = try RecordBatchHeader(parsing: bytes)
            let old = header
            let slice = try RecordBatch.recompress(bytes, &header, as: to)
            let found = try RecordBatch.validateProduced(slice.bytes, limit: 1 << 20)
            #expect(found == header && found.codec == to)
            let records = try RecordBatchView(slice).copyRecords()
            #expect(try records == RecordBatchView(borrowing: bytes).copyRecords())
            header.attributes = old.attributes
            header.batchLength = old.batchLength
            header.checksum = old.checksum
            #expect(header == old)
        }
    }

    @Test func recordsAreDecompressedWithinALimit() throws {
        let original = try batch(.gzip)
        #expect(throws: RecordsError.decompressedTooLarge(.gzip, limit: 500)) {
            try original.withUnsafeBytes { bytes in
                var header = try RecordBatchHeader(parsing: bytes)
                _ = try RecordBatch.recompress(bytes, &header, as: .none, limit: 500)
            }
        }
    }

    @Test func theLogsTimeStandsForThatOfEveryRecord() throws {
        var bytes = try batch(.none)
        let time = Timestamp(milliseconds: 5_000_000_000)
        try bytes.withUnsafeMutableBytes { bytes in
            var header = try RecordBatchHeader(parsing: UnsafeRawBufferPointer(bytes))
            #expect(header.logAppendTime == .none)
            RecordBatch.stamp(time, &header, in: bytes)
            let stamped = UnsafeRawBufferPointer(bytes)
            let found = try RecordBatch.validateProduced(stamped, limit: 1 << 20)
            #expect(found.logAppendTime == time && found.producerID == Self.producer.id)
            let times = try RecordBatchView(borrowing: stamped).copyRecords().map(\.timestamp)
            #expect(times.allSatisfy { $0 == time })
            RecordBatch.stamp(nil, &header, in: bytes)
            let plain = try RecordBatch.validateProduced(stamped, limit: 1 << 20)
            #expect(plain.timestampType == .create)
        }
    }
}
