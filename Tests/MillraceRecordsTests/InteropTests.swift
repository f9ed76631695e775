import Foundation
import MillraceBytes
import MillraceModel
import MillraceRecords
import PythonInterop
import Testing

/// Our batches read by kafka-python, and its batches read by us.
@Suite(.enabled(if: PythonInterop.isAvailable, Comment(rawValue: PythonInterop.reason)))
struct InteropTests {
    private static func records(seed: UInt64) -> [Record] {
        var maker = RecordMaker(seed: seed)
        // Enough for several blocks of every codec, and some records that do not compress.
        return maker.records(count: 600) + [
            Record(
                key: [], value: [], headers: [RecordHeader(key: "", value: [])],
                timestamp: Timestamp(milliseconds: 0)),
            Record(
                key: nil, value: maker.bytes(count: 100_000),
                headers: [RecordHeader(key: "größe", value: nil)],
                timestamp: Timestamp(milliseconds: 1_800_000_000_000)),
        ]
    }

    @Test(arguments: CompressionCodec.allCases)
    func kafkaPythonReadsOurs(_ codec: CompressionCodec) throws {
        let records = Self.records(seed: 11)
        var batch = try RecordBatchBuilder.build(
            records, now: .none, codec: codec,
            producer: ProducerState(
                id: ProducerID(4000), epoch: ProducerEpoch(2), baseSequence: 17))
        try batch.withUnsafeMutableBytes {
            RecordBatch.assign(
                offset: Offset(1000), leaderEpoch: LeaderEpoch(5), in: try #require($0.baseAddress))
        }
        let second = try RecordBatchBuilder.build([records[0]], now: .none, codec: codec)
        try PythonInterop.withTemporaryDirectory { directory in
            let file = directory.appending(path: "batches")
            try Data(batch + second).write(to: file)
            let output = try PythonInterop.run("read_batches.py", [file.path])
            let read = try JSONDecoder().decode([InteropBatch].self, from: output)
            try #require(read.count == 2)
            #expect(read[0].codec == codec.description && read[0].checksumIsValid)
            #expect(read[0].baseOffset == 1000 && read[0].leaderEpoch == 5)
            #expect(read[0].lastOffset == 999 + Int64(records.count))
            #expect(read[0].producerID == 4000 && read[0].producerEpoch == 2)
            #expect(read[0].baseSequence == 17)
            #expect(!read[0].isTransactional && !read[0].isControl)
            #expect(read[0].maxTimestamp == records.compactMap(\.timestamp).max()?.milliseconds)
            for (index, record) in records.enumerated() {
                #expect(
                    read[0].records[index] == InteropRecord(record, offset: 1000 + Int64(index)))
            }
            #expect(read[0].records.count == records.count)
            #expect(read[1].records == [InteropRecord(records[0], offset: 0)])
            #expect(read[1].checksumIsValid)
        }
    }

    @Test(arguments: CompressionCodec.allCases)
    func weReadKafkaPythons(_ codec: CompressionCodec) throws {
        let records = Self.records(seed: 12)
        try PythonInterop.withTemporaryDirectory { directory in
            let input = directory.appending(path: "records.json")
            let output = directory.appending(path: "batches")
            try JSONEncoder().encode(records.map { InteropRecord($0) }).write(to: input)
            _ = try PythonInterop.run(
                "write_batches.py",
                [
                    "--records", input.path, "--output", output.path, "--codec", "\(codec)",
                    "--records-per-batch", "250", "--base-offset", "70", "--leader-epoch", "3",
                    "--producer-id", "9", "--producer-epoch", "1", "--base-sequence", "0",
                    "--transactional",
                ])
            let bytes = [UInt8](try Data(contentsOf: output))
            try bytes.withUnsafeBytes { (bytes) throws in
                var sequence = BatchSequence(bytes, limit: 1 << 20, verifiesChecksums: true)
                var read: [Record] = []
                while let batch = try sequence.next() {
                    let header = try RecordBatch.validateProduced(batch.bytes, limit: 1 << 20)
                    #expect(header.codec == codec && header.isTransactional)
                    #expect(header.baseOffset == Offset(70 + Int64(read.count)))
                    #expect(header.leaderEpoch == LeaderEpoch(3))
                    #expect(header.baseSequence == Int32(read.count))
                    try RecordBatch.validateRecords(batch.bytes)
                    read += try RecordBatchView(borrowing: batch.bytes).copyRecords()
                }
                #expect(sequence.remaining == 0)
                #expect(read == records)
            }
        }
    }
}
