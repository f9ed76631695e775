import MillraceBytes
import MillraceModel
import MillraceRecords
import Testing

@Suite struct RecordBatchViewTests {
    private let records = [
        Record(key: [1], value: nil, timestamp: Timestamp(milliseconds: 10)),
        Record(key: nil, value: [2, 3], timestamp: Timestamp(milliseconds: 8)),
        Record(key: [], value: [], timestamp: Timestamp(milliseconds: 12)),
    ]

    private func slice(_ codec: CompressionCodec) throws -> ByteSlice {
        let batch = try RecordBatchBuilder.build(records, now: .none, codec: codec)
        return batch.withUnsafeBytes { ByteSlice(copying: $0) }
    }

    @Test(arguments: CompressionCodec.allCases)
    func aViewKeepsTheMemoryItReads(_ codec: CompressionCodec) throws {
        var view: RecordBatchView? = try RecordBatchView(slice(codec))
        var iterator = view?.makeRecordIterator()
        let copies = try view?.copyRecords()
        #expect(copies == records)
        view = nil
        // The iterator is enough to keep it.
        #expect(try iterator?.next()?.key == [1])
        #expect(try iterator?.next()?.value == [2, 3])
        #expect(try iterator?.next()?.key == [])
        #expect(try iterator?.next() == nil)
        #expect(try iterator?.next() == nil)
    }

    @Test func oneBatchOfSeveralIsRead() throws {
        let batch = try slice(.none)
        let both = batch.withBytes { Array($0) + Array($0) }
        let read = try both.withUnsafeBytes { try RecordBatchView(borrowing: $0).copyRecords() }
        #expect(read == records)
    }

    @Test func timestampsOfTheLogsClockAreAllTheLast() throws {
        var batch = BatchEditing(try slice(.none).withBytes { Array($0) })
        try batch.edit {
            $0.attributes |= RecordBatchAttributes.logAppendTime
            $0.maxTimestamp = Timestamp(milliseconds: 77)
        }
        #expect(try batch.copyRecords().map(\.timestamp?.milliseconds) == [77, 77, 77])
    }

    @Test func errorsOfTheBodyComeThrough() throws {
        struct Stop: Error {}
        let view = try RecordBatchView(slice(.none))
        var count = 0
        #expect(throws: Stop.self) {
            try view.forEachRecord { record in
                count += 1
                if record.offset == Offset(1) { throw Stop() }
            }
        }
        #expect(count == 2)
    }

    @Test func bytesThatEndEarlyAreRefused() throws {
        let batch = try slice(.none).withBytes { Array($0) }
        let error = RecordsError.truncated(needed: batch.count, remaining: batch.count - 1)
        #expect(throws: error) { try BatchEditing(batch.dropLast()).copyRecords() }
    }
}
