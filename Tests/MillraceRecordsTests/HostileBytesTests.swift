import MillraceBytes
import MillraceModel
import MillraceRecords
import Testing

/// Bytes from a socket or a disk may be anything. Whatever they are, the answer is a
/// `RecordsError` or a result: a trap would end this process.
@Suite struct HostileBytesTests {
    /// Calls all that reads a batch, and returns how many of the calls accepted it.
    @discardableResult
    private func readEverything(_ bytes: [UInt8]) throws -> Int {
        let batch = BatchEditing(bytes)
        let limit = 1 << 16
        var accepted = 0
        let calls: [() throws -> Void] = [
            { _ = try batch.validate(limit: limit) },
            { try batch.validateProduced(limit: limit) },
            { try batch.validateRecords(limit: limit) },
            { _ = try batch.copyRecords(limit: limit) },
            {
                try bytes.withUnsafeBytes { bytes in
                    for verifiesChecksums in [false, true] {
                        var sequence = BatchSequence(
                            bytes, limit: limit, verifiesChecksums: verifiesChecksums)
                        while try sequence.next() != nil {}
                    }
                }
            },
        ]
        for call in calls {
            do {
                try call()
                accepted += 1
            } catch let error as RecordsError {
                #expect(!error.description.isEmpty)
            }
        }
        return accepted
    }

    private func sample(_ codec: CompressionCodec) throws -> [UInt8] {
        let records = (0..<3).map {
            Record(
                key: [UInt8($0), 1, 2], value: [UInt8](repeating: 5, count: 20),
                headers: [RecordHeader(key: "h", value: [1])])
        }
        return try RecordBatchBuilder.build(
            records, now: Timestamp(milliseconds: 1), codec: codec)
    }

    @Test(arguments: CompressionCodec.allCases)
    func everyByteChanged(_ codec: CompressionCodec) throws {
        let batch = try sample(codec)
        #expect(try readEverything(batch) == 5)
        for position in batch.indices {
            for change: UInt8 in [0x01, 0x10, 0x7f, 0x80, 0xff] {
                var damaged = BatchEditing(batch)
                damaged.bytes[position] ^= change
                try readEverything(damaged.bytes)
                // And as one who knows how to compute a checksum would send it.
                damaged.mend()
                try readEverything(damaged.bytes)
            }
        }
    }

    @Test(arguments: CompressionCodec.allCases)
    func everyShorterBatch(_ codec: CompressionCodec) throws {
        let batch = try sample(codec)
        for count in batch.indices { try readEverything(Array(batch[..<count])) }
    }

    @Test(arguments: CompressionCodec.allCases)
    func randomRecordsBehindAHeader(_ codec: CompressionCodec) throws {
        var random = SeededGenerator(seed: 5)
        for round in 0..<400 {
            let bytes = (0..<Int.random(in: 0..<200, using: &random)).map { _ in random.byte() }
            let count = Int32.random(in: 1...4, using: &random)
            let batch = BatchEditing.holding(bytes, count: count, codec: codec.rawValue)
            #expect(throws: Never.self, "round \(round)") { try batch.validate() }
            try readEverything(batch.bytes)
        }
    }

    @Test func randomBytes() throws {
        var random = SeededGenerator(seed: 6)
        for _ in 0..<2000 {
            var bytes = (0..<Int.random(in: 0..<150, using: &random)).map { _ in random.byte() }
            if bytes.count > 16 { bytes[16] = 2 }
            if bytes.count > 11 { bytes.replaceSubrange(8..<11, with: [0, 0, 0]) }
            try readEverything(bytes)
        }
    }

    /// The extremes of every field of the header, with a checksum that is right.
    @Test(arguments: CompressionCodec.allCases)
    func extremeHeaderFields(_ codec: CompressionCodec) throws {
        let sample = try sample(codec)
        for value: Int64 in [.min, -1, 0, 1, .max] {
            let edits: [(inout RecordBatchHeader) -> Void] = [
                { $0.baseOffset = Offset(value) },
                { $0.batchLength = Int32(clamping: value) },
                { $0.lastOffsetDelta = Int32(clamping: value) },
                { $0.baseTimestamp = Timestamp(milliseconds: value) },
                { $0.maxTimestamp = Timestamp(milliseconds: value) },
                { $0.recordCount = Int32(clamping: value) },
                { $0.attributes = Int16(clamping: value) },
                {
                    $0.recordCount = Int32(clamping: value)
                    $0.lastOffsetDelta = Int32(clamping: value) &- 1
                },
            ]
            for edit in edits {
                var batch = BatchEditing(sample)
                try batch.edit(edit)
                try readEverything(batch.bytes)
            }
        }
    }
}
