import MillraceBytes
import MillraceModel
import MillraceRecords
import Testing

@Suite struct RecordBatchTests {
    @Test func aBatchOfAllFieldsHasThisForm() throws {
        var builder = RecordBatchBuilder()
        try builder.append(
            Record(
                key: [1], value: [2, 3], headers: [RecordHeader(key: "h", value: nil)],
                timestamp: Timestamp(milliseconds: 1000)),
            now: .none)
        try builder.append(Record(value: nil, timestamp: Timestamp(milliseconds: 999)), now: .none)
        let batch = try builder.finish(
            producer: ProducerState(
                id: ProducerID(7), epoch: ProducerEpoch(3), baseSequence: 9),
            isTransactional: true)
        let records: [UInt8] = [
            24, 0, 0, 0, 2, 1, 4, 2, 3, 2, 2, 104, 1,
            12, 0, 1, 2, 1, 1, 0,
        ]
        #expect(Array(batch[61...]) == records)
        let fields: [UInt8] = [
            0, 0x10, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0x03, 0xe8, 0, 0, 0, 0, 0, 0, 0x03, 0xe8,
            0, 0, 0, 0, 0, 0, 0, 7, 0, 3, 0, 0, 0, 9, 0, 0, 0, 2,
        ]
        #expect(Array(batch[21..<61]) == fields)
        let length = UInt8(batch.count - 12)
        #expect(
            Array(batch[..<17])
                == [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, length, 0xff, 0xff, 0xff, 0xff, 2])
        let header = try batch.withUnsafeBytes { bytes throws(RecordsError) in
            try RecordBatch.validateProduced(bytes, limit: 1000)
        }
        #expect(header.sizeInBytes == batch.count && header.lastOffset == Offset(1))
        #expect(header.isTransactional && !header.isControl)
        #expect(header.codec == CompressionCodec.none)
        #expect(header.timestampType == .create && header.nextOffset == Offset(2))
        #expect(header.maxTimestamp == Timestamp(milliseconds: 1000))
    }

    @Test func theLogNumbersABatchInPlace() throws {
        var batch = try RecordBatchBuilder.build(
            [Record(value: [1]), Record(value: [2])], now: Timestamp(milliseconds: 5))
        try batch.withUnsafeMutableBytes { bytes in
            RecordBatch.assign(
                offset: Offset(1 << 40), leaderEpoch: LeaderEpoch(8),
                in: try #require(bytes.baseAddress))
        }
        try batch.withUnsafeBytes { bytes in
            let header = try RecordBatch.validate(bytes, limit: 1000)
            #expect(header.baseOffset == Offset(1 << 40) && header.leaderEpoch == LeaderEpoch(8))
            let offsets = try RecordBatchView(borrowing: bytes).offsets()
            #expect(offsets == [Offset(1 << 40), Offset((1 << 40) + 1)])
        }
    }
}

extension RecordBatchView {
    func offsets() throws -> [Offset] {
        var offsets: [Offset] = []
        try forEachRecord { offsets.append($0.offset) }
        return offsets
    }
}
