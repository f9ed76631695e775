import MillraceBytes
import MillraceModel
import Testing

@testable import MillraceRecords

/// What compaction makes of single batches.
@Suite struct RecordBatchCompactionTests {
    private static let horizon = Timestamp(milliseconds: 1_800_000_000_000)

    private static func batch(
        _ records: [Record], codec: CompressionCodec = .none
    ) throws -> [UInt8] {
        var bytes = try RecordBatchBuilder.build(
            records, now: Timestamp(milliseconds: 5), codec: codec,
            producer: ProducerState(id: ProducerID(9), epoch: ProducerEpoch(3), baseSequence: 70))
        bytes.withUnsafeMutableBytes {
            guard let base = $0.baseAddress else { return }
            RecordBatch.assign(offset: Offset(1000), leaderEpoch: LeaderEpoch(4), in: base)
        }
        return bytes
    }

    private static func record(_ number: Int, value: String?) -> Record {
        Record(
            key: Array("k\(number)".utf8), value: value.map { Array($0.utf8) },
            headers: [RecordHeader(key: "h", value: [UInt8(number)])],
            timestamp: Timestamp(milliseconds: 1_700_000_000_000 + Int64(number) * 7 % 5))
    }

    private static func views(_ bytes: UnsafeRawBufferPointer) throws -> [(Offset, Record)] {
        _ = try RecordBatch.validate(bytes, limit: bytes.count)
        var found: [(Offset, Record)] = []
        try RecordBatchView(borrowing: bytes).forEachRecord {
            found.append(($0.offset, try $0.record()))
        }
        return found
    }

    @Test(arguments: CompressionCodec.allCases)
    func whatStaysKeepsItsPlaceAndItsTime(codec: CompressionCodec) throws {
        let records = (0..<50).map { Self.record($0, value: "value \($0)") }
        let bytes = try Self.batch(records, codec: codec)
        let result = try bytes.withUnsafeBytes {
            try RecordBatch.compact($0, horizon: Self.horizon) { $0.offset.value % 3 == 1 }
        }
        guard case .rewritten(let rewritten) = result else { throw Unexpected() }
        try rewritten.withBytes { (bytes) throws in
            let found = try Self.views(bytes)
            let offsets = found.map(\.0.value)
            let expected = (Int64(1000)..<1050).filter { $0 % 3 == 1 }
            #expect(offsets == expected)
            let those = offsets.map { records[Int($0) - 1000] }
            #expect(found.map(\.1) == those)
            let header = try RecordBatchHeader(parsing: bytes)
            #expect(header.baseOffset == Offset(1000) && header.lastOffset == Offset(1049))
            #expect(header.leaderEpoch == LeaderEpoch(4) && header.codec == codec)
            #expect(header.producerID == ProducerID(9) && header.producerEpoch == ProducerEpoch(3))
            #expect(header.baseSequence == 70 && header.deleteHorizon == nil)
            #expect(header.maxTimestamp == found.map(\.1.timestamp).compactMap { $0 }.max())
        }
    }

    @Test func aBatchOfWhichAllStaysIsLeftAlone() throws {
        let bytes = try Self.batch([Self.record(1, value: "v")])
        let result = try bytes.withUnsafeBytes {
            try RecordBatch.compact($0, horizon: Self.horizon) { _ in true }
        }
        guard case .unchanged = result else { throw Unexpected() }
    }

    /// The horizon is written once, and the times are told all the same.
    @Test(arguments: CompressionCodec.allCases)
    func aTombstoneGetsADeleteHorizonOnce(codec: CompressionCodec) throws {
        let records = [Self.record(1, value: nil), Self.record(2, value: "v")]
        let bytes = try Self.batch(records, codec: codec)
        let first = try bytes.withUnsafeBytes {
            try RecordBatch.compact($0, horizon: Self.horizon) { _ in true }
        }
        guard case .rewritten(let marked) = first else { throw Unexpected() }
        try marked.withBytes { (bytes) throws in
            let found = try Self.views(bytes).map(\.1)
            #expect(found == records)
            #expect(try RecordBatchHeader(parsing: bytes).deleteHorizon == Self.horizon)
        }
        let later = Timestamp(milliseconds: 1_900_000_000_000)
        let second = try marked.withBytes {
            try RecordBatch.compact($0, horizon: later) { _ in true }
        }
        guard case .unchanged = second else { throw Unexpected() }
        let third = try marked.withBytes {
            try RecordBatch.compact($0, horizon: later) { $0.valueBytes == nil }
        }
        guard case .rewritten(let rest) = third else { throw Unexpected() }
        try rest.withBytes { (bytes) throws in
            let found = try Self.views(bytes).map(\.1)
            #expect(found == [records[0]])
            #expect(try RecordBatchHeader(parsing: bytes).deleteHorizon == Self.horizon)
        }
    }

    @Test(arguments: CompressionCodec.allCases)
    func aBatchWithoutRecordsKeepsItsOffsetsAndSequence(codec: CompressionCodec) throws {
        let bytes = try Self.batch((0..<5).map { Self.record($0, value: "v") }, codec: codec)
        let result = try bytes.withUnsafeBytes {
            try RecordBatch.compact($0, horizon: Self.horizon) { _ in false }
        }
        guard case .emptied = result else { throw Unexpected() }
        let original = try bytes.withUnsafeBytes { try RecordBatchHeader(parsing: $0) }
        let empty = RecordBatch.emptied(original)
        try empty.withBytes { (bytes) throws in
            #expect(bytes.count == RecordBatchHeader.size)
            let found = try Self.views(bytes)
            #expect(found.isEmpty)
            let header = try RecordBatchHeader(parsing: bytes)
            #expect(header.lastOffset == original.lastOffset && header.baseSequence == 70)
            #expect(header.producerID == ProducerID(9) && header.recordCount == 0)
            #expect(header.maxTimestamp == original.maxTimestamp)
        }
        // It stays what it is.
        let again = try empty.withBytes {
            try RecordBatch.compact($0, horizon: Self.horizon) { _ in true }
        }
        guard case .emptied = again else { throw Unexpected() }
    }

    @Test func recordsWithoutAKeyAreFound() throws {
        var records = (0..<4).map { Self.record($0, value: "v") }
        let keyed = try Self.batch(records, codec: .zstd)
        let none = try keyed.withUnsafeBytes { try RecordBatch.indexOfKeylessRecord(in: $0) }
        #expect(none == nil)
        records[2].key = nil
        let bytes = try Self.batch(records, codec: .zstd)
        let found = try bytes.withUnsafeBytes { try RecordBatch.indexOfKeylessRecord(in: $0) }
        #expect(found == 2)
    }

    /// Any subset of any records.
    @Test(arguments: 0..<40)
    func anySubset(seed: UInt64) throws {
        var maker = RecordMaker(seed: seed)
        let records = (0..<Int.random(in: 1...60, using: &maker.random)).map { _ in maker.record() }
        let codec = CompressionCodec.allCases[Int(seed) % CompressionCodec.allCases.count]
        let bytes = try Self.batch(records, codec: codec)
        let kept = records.map { _ in Bool.random(using: &maker.random) }
        let result = try bytes.withUnsafeBytes {
            try RecordBatch.compact($0, horizon: Self.horizon) { kept[Int($0.offset.value) - 1000] }
        }
        let expected = zip(records, kept).filter(\.1).map(\.0)
        switch result {
        case .unchanged: #expect(expected == records)
        case .emptied: #expect(expected.isEmpty)
        case .rewritten(let bytes):
            let found = try bytes.withBytes { (bytes) throws in try Self.views(bytes).map(\.1) }
            #expect(found == expected)
        }
    }

    private struct Unexpected: Error {}
}
