import MillraceModel
import MillraceRecords
import Testing

@Suite struct RecordViewTests {
    @Test func headersAreReadInOrderAndMayRepeat() throws {
        let headers = [
            RecordHeader(key: "a", value: [1]), RecordHeader(key: "a", value: nil),
            RecordHeader(key: "", value: []), RecordHeader(key: "größe", value: [2]),
        ]
        let batch = try RecordBatchBuilder.build([Record(value: [9], headers: headers)], now: .none)
        try batch.withUnsafeBytes { bytes in
            try RecordBatchView(borrowing: bytes).forEachRecord { record in
                #expect(try record.headers() == headers)
                #expect(try record.record().headers == headers)
                var count = 0
                try record.forEachHeader { _, _ in count += 1 }
                #expect(count == 4)
            }
        }
    }

    /// Keys and values can be had from a record whose headers are malformed; the headers cannot.
    @Test func headersAreParsedOnlyWhenAskedFor() throws {
        let batch = BatchEditing.holding([14, 0, 0, 0, 1, 1, 0x7e, 0], count: 1)
        try batch.bytes.withUnsafeBytes { bytes in
            let view = try RecordBatchView(borrowing: bytes)
            var records = view.makeRecordIterator()
            let record = try #require(try records.next())
            #expect(record.key == nil && record.value == nil)
            let error = RecordsError.malformedRecord(
                .truncated(needed: 1, remaining: 0), index: 0, baseOffset: .zero)
            #expect(throws: error) { try record.headers() }
        }
    }

    @Test func namesThatAreNotUTF8AreRepaired() throws {
        let batch = BatchEditing.holding([18, 0, 0, 0, 1, 1, 2, 2, 0xff, 1], count: 1)
        #expect(try batch.copyRecords()[0].headers == [RecordHeader(key: "\u{fffd}", value: nil)])
    }
}
