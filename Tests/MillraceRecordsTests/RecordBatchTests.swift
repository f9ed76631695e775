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

    @Test func aBatchIsCheckedAgainstItsLimitAndWhatRemains() throws {
        let batch = try BatchEditing.plain()
        let size = batch.bytes.count
        #expect(try batch.validate(limit: size).sizeInBytes == size)
        #expect(throws: RecordsError.batchTooLarge(bytes: size, limit: size - 1)) {
            try batch.validate(limit: size - 1)
        }
        let short = BatchEditing(Array(batch.bytes.dropLast()))
        #expect(throws: RecordsError.truncated(needed: size, remaining: size - 1)) {
            try short.validate()
        }
        // What follows is another's, except that a producer's batch stands alone.
        let long = BatchEditing(batch.bytes + [0])
        #expect(try long.validate().sizeInBytes == size)
        #expect(throws: RecordsError.trailingBytes(1)) { try long.validateProduced() }
    }

    @Test func aLengthOfTwoGigabytesIsOverTheLimit() throws {
        var batch = try BatchEditing.plain()
        try batch.edit { $0.batchLength = .max }
        #expect(throws: RecordsError.batchTooLarge(bytes: Int(Int32.max) + 12, limit: 1 << 20)) {
            try batch.validate()
        }
    }

    /// The checksum covers all from the attributes on, and finds every single flipped bit there.
    @Test func everyFlippedBitUnderTheChecksumIsFound() throws {
        let batch = try BatchEditing.plain()
        for position in RecordBatchHeader.attributesPosition..<batch.bytes.count {
            for bit in 0..<8 {
                var damaged = batch
                damaged.bytes[position] ^= 1 << bit
                let error = #expect(throws: RecordsError.self) { try damaged.validate() }
                guard case .checksumMismatch = error else {
                    Issue.record("\(position).\(bit): \(String(describing: error))")
                    continue
                }
            }
        }
    }

    @Test(arguments: [5, 6, 7] as [Int16])
    func unknownCodecsAreRefused(_ codec: Int16) throws {
        var batch = try BatchEditing.plain()
        try batch.edit { $0.attributes |= codec }
        #expect(throws: RecordsError.unknownCodec(UInt8(codec), baseOffset: .zero)) {
            try batch.validate()
        }
    }

    @Test(arguments: [(-1, 2), (4, 2), (1, -1), (.max, 2), (.min, .min)] as [(Int32, Int32)])
    func countsThatDoNotFitTheOffsetsAreRefused(_ count: Int32, _ lastDelta: Int32) throws {
        var batch = try BatchEditing.plain()
        try batch.edit {
            $0.recordCount = count
            $0.lastOffsetDelta = lastDelta
        }
        let error = RecordsError.illegalRecordCount(
            count, lastOffsetDelta: lastDelta, baseOffset: .zero)
        #expect(throws: error) { try batch.validate() }
    }

    /// A batch of few bytes that says it has a billion records would take as many offsets.
    @Test(arguments: [0, 3] as [UInt8])
    func moreRecordsThanTheBytesCanHoldAreRefused(_ codec: UInt8) throws {
        let records: [UInt8] = (0..<10 as Range<UInt8>).flatMap {
            [12, 0, 0, 2 * $0, 1, 1, 0] as [UInt8]
        }
        try BatchEditing.holding(records, count: 10, codec: codec).validateProduced()
        let count: Int32 = codec == 0 ? 11 : 1 << 30
        let error = RecordsError.illegalRecordCount(
            count, lastOffsetDelta: count - 1, baseOffset: .zero)
        #expect(throws: error) {
            try BatchEditing.holding(records, count: count, codec: codec).validateProduced()
        }
    }

    /// Kafka's compaction leaves such batches in the log; no producer makes them.
    @Test(arguments: [0, 1, 2] as [Int32])
    func batchesWithGapsAreTheLogsOnly(_ count: Int32) throws {
        var batch = try BatchEditing.plain()
        try batch.edit { $0.recordCount = count }
        #expect(try batch.validate().recordCount == count)
        let error = RecordsError.illegalRecordCount(count, lastOffsetDelta: 2, baseOffset: .zero)
        #expect(throws: error) { try batch.validateProduced() }
    }

    @Test func controlBatchesAreTheBrokersOnly() throws {
        var batch = try BatchEditing.plain()
        try batch.edit { $0.attributes |= RecordBatchAttributes.control }
        #expect(try batch.validate().isControl)
        #expect(throws: RecordsError.controlBatchFromProducer(baseOffset: .zero)) {
            try batch.validateProduced()
        }
    }

    @Test(arguments: [
        (-1, -1, -1, false, true), (-1, 0, 0, false, true), (0, 0, 0, false, true),
        (5, 1, .max, true, true), (5, -1, 0, false, false), (5, 0, -1, false, false),
        (-2, 0, 0, false, false), (.min, 0, 0, false, false), (-1, -1, -1, true, false),
    ] as [(Int64, Int16, Int32, Bool, Bool)])
    func producerFieldsGoTogether(
        _ id: Int64, _ epoch: Int16, _ sequence: Int32, _ isTransactional: Bool, _ isLegal: Bool
    ) throws {
        var batch = try BatchEditing.plain()
        try batch.edit {
            $0.producerID = ProducerID(id)
            $0.producerEpoch = ProducerEpoch(epoch)
            $0.baseSequence = sequence
            if isTransactional { $0.attributes |= RecordBatchAttributes.transactional }
        }
        #expect(try batch.validate().producerID == ProducerID(id))
        if isLegal {
            try batch.validateProduced()
        } else {
            let error = RecordsError.illegalProducer(
                id: id, epoch: epoch, baseSequence: sequence, isTransactional: isTransactional)
            #expect(throws: error) { try batch.validateProduced() }
        }
    }

    @Test(arguments: [
        // Each is a record or two; the plain one is 14 | 0, 0, 0, 1, 1, 0 with more to follow.
        ([], 1, .missing(of: 1), 0),
        ([12, 0, 0, 0, 1, 1, 0], 2, .missing(of: 2), 1),
        ([12, 0, 0, 0, 1, 1, 0, 9], 1, .trailingBytes(1), 1),
        ([12, 0, 0, 0, 1, 1], 1, .truncated(needed: 6, remaining: 5), 0),
        ([1, 0, 0, 0, 1, 1, 0], 1, .illegalLength(-1), 0),
        ([12, 0, 0, 0, 3, 1, 0], 1, .illegalLength(-2), 0),
        ([12, 0, 0, 0, 1, 3, 0], 1, .illegalLength(-2), 0),
        ([12, 0, 0, 0, 1, 1, 1], 1, .illegalLength(-1), 0),
        ([12, 0, 0, 0, 8, 1, 0], 1, .truncated(needed: 4, remaining: 2), 0),
        ([12, 0, 0, 2, 1, 1, 0], 1, .illegalOffsetDelta(1, expected: 0...0), 0),
        ([12, 0, 0, 1, 1, 1, 0], 1, .illegalOffsetDelta(-1, expected: 0...0), 0),
        ([14, 0, 0, 0, 1, 1, 0, 0], 1, .trailingBytes(1), 0),
        ([10, 0, 0, 0, 1, 1], 1, .truncated(needed: 1, remaining: 0), 0),
        ([14, 0, 0, 0, 1, 1, 2, 0], 1, .truncated(needed: 1, remaining: 0), 0),
        ([16, 0, 0, 0, 1, 1, 2, 1, 1], 1, .illegalLength(-1), 0),
        ([20, 0, 0, 0, 1, 0xff, 0xff, 0xff, 0xff, 0x7f, 0], 1, .varintOverflow, 0),
    ] as [([UInt8], Int32, RecordFault, Int)])
    func malformedRecordsAreFound(
        _ records: [UInt8], _ count: Int32, _ fault: RecordFault, _ index: Int
    ) throws {
        let batch = BatchEditing.holding(records, count: count)
        _ = try batch.validate()
        let error = RecordsError.malformedRecord(fault, index: index, baseOffset: .zero)
        #expect(throws: error) { try batch.validateRecords() }
        #expect(throws: error) { try batch.copyRecords() }
    }

    @Test func offsetsOfAProducerHaveNoGaps() throws {
        var batch = BatchEditing.holding([12, 0, 0, 0, 1, 1, 0, 12, 0, 0, 4, 1, 1, 0], count: 2)
        try batch.edit { $0.lastOffsetDelta = 2 }
        #expect(try batch.copyRecords().count == 2)
        let error = RecordsError.malformedRecord(
            .illegalOffsetDelta(2, expected: 1...1), index: 1, baseOffset: .zero)
        #expect(throws: error) { try batch.validateRecords() }
    }

    @Test func messagesNameTheirValues() {
        let error = RecordsError.batchTooLarge(bytes: 70, limit: 61)
        #expect("\(error)".contains("70") && "\(error)".contains("max.message.bytes"))
        let damaged = RecordsError.checksumMismatch(baseOffset: Offset(8), stored: 1, computed: 2)
        #expect("\(damaged)".hasPrefix("the batch at offset 8 is damaged"))
    }
}

extension RecordBatchView {
    func offsets() throws -> [Offset] {
        var offsets: [Offset] = []
        try forEachRecord { offsets.append($0.offset) }
        return offsets
    }
}
