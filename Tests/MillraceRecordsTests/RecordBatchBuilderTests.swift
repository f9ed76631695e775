import MillraceBytes
import MillraceModel
import MillraceRecords
import Testing

@Suite struct RecordBatchBuilderTests {
    /// Whatever is put in comes out, through every codec.
    @Test(arguments: CompressionCodec.allCases, 0..<12 as Range<UInt64>)
    func recordsComeBack(_ codec: CompressionCodec, _ seed: UInt64) throws {
        var maker = RecordMaker(seed: seed)
        let count = [1, 2, 63, 64, 65, 1000][Int(seed) % 6]
        let records = maker.records(count: count)
        let batch = BatchEditing(try RecordBatchBuilder.build(records, now: .none, codec: codec))
        let header = try batch.validateProduced()
        #expect(header.codec == codec && header.recordCount == Int32(count))
        #expect(header.baseTimestamp == records[0].timestamp)
        #expect(header.maxTimestamp == records.compactMap(\.timestamp).max())
        try batch.validateRecords()
        #expect(try batch.copyRecords() == records, "seed \(seed)")
    }

    @Test func extremeTimestampsComeBack() throws {
        let times: [Int64] = [.max, .min, 0, -1]
        let records = times.map { Record(value: [], timestamp: Timestamp(milliseconds: $0)) }
        let batch = BatchEditing(try RecordBatchBuilder.build(records, now: .none))
        #expect(try batch.copyRecords() == records)
    }

    @Test func recordsWithoutATimeTakeTheOneGiven() throws {
        let batch = BatchEditing(
            try RecordBatchBuilder.build([Record(value: [1])], now: Timestamp(milliseconds: 5)))
        #expect(try batch.copyRecords()[0].timestamp == Timestamp(milliseconds: 5))
    }

    @Test func theSizeIsThatOfTheFinishedBatch() throws {
        var maker = RecordMaker(seed: 3)
        var builder = RecordBatchBuilder(capacity: 100)
        #expect(builder.sizeInBytes == RecordBatchHeader.size && builder.isEmpty)
        for record in maker.records(count: 200) {
            let most = record.key.withBytes { key in
                record.value.withBytes { value in
                    builder.sizeInBytesMax(afterAppending: key, value, headers: record.headers)
                }
            }
            try builder.append(record, now: .none)
            #expect(builder.sizeInBytes <= most)
        }
        let size = builder.sizeInBytes
        #expect(builder.recordCount == 200)
        #expect(try builder.finish().count == size)
        #expect(builder.isEmpty && builder.sizeInBytes == RecordBatchHeader.size)
    }

    @Test(arguments: CompressionCodec.allCases)
    func aBuilderIsUsedAgain(_ codec: CompressionCodec) throws {
        var builder = RecordBatchBuilder()
        for round in 1...3 {
            let records = (0..<round).map {
                Record(value: [UInt8(round), UInt8($0)], timestamp: Timestamp(milliseconds: 7))
            }
            try builder.append(Record(value: [99]), now: .none)
            builder.removeAll()
            #expect(builder.isEmpty)
            for record in records { try builder.append(record, now: .none) }
            let batch = BatchEditing(try builder.finish(codec: codec))
            #expect(try batch.copyRecords() == records)
        }
    }

    @Test func anEmptyBatchIsRefused() {
        var builder = RecordBatchBuilder()
        #expect(throws: RecordsError.emptyBatch) { try builder.finish() }
    }

    /// The memory is never touched: it only has to seem that large.
    @Test func aRecordOverTheFormatIsRefusedAndLeavesTheBuilderAsItWas() throws {
        var builder = RecordBatchBuilder()
        try builder.append(Record(value: [1]), now: .none)
        let size = builder.sizeInBytes
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 31, alignment: 8)
        defer { buffer.deallocate() }
        #expect(throws: RecordsError.self) {
            try builder.append(key: nil, value: UnsafeRawBufferPointer(buffer), timestamp: .none)
        }
        let part = UnsafeRawBufferPointer(rebasing: buffer[..<(1 << 30)])
        #expect(throws: RecordsError.self) {
            try builder.append(key: part, value: part, timestamp: .none)
        }
        #expect(builder.sizeInBytes == size && builder.recordCount == 1)
        #expect(try BatchEditing(builder.finish()).copyRecords().count == 1)
    }
}

extension Optional<[UInt8]> {
    func withBytes<Result>(_ body: (UnsafeRawBufferPointer?) -> Result) -> Result {
        self?.withUnsafeBytes { body($0) } ?? body(nil)
    }
}
