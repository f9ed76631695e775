import Foundation
import MillraceModel
import MillraceShard
import MillraceStorage
import PythonInterop
import SystemPackage
import Testing

/// Segments that kafka-python wrote, opened by us; ours, read by kafka-python.
@Suite(.enabled(if: PythonInterop.isAvailable, Comment(rawValue: PythonInterop.reason)))
struct InteropTests {
    private static let records: [Record] = (0..<2000).map { (number: Int) -> Record in
        var record = Record(value: nil)
        if number % 3 != 0 { record.key = Array("key \(number)".utf8) }
        if number % 7 != 0 { record.value = Array("value \(number) of this and that".utf8) }
        if number % 5 == 0 { record.headers = [RecordHeader(key: "h", value: [1, 2])] }
        record.timestamp = Timestamp(milliseconds: 1_700_000_000_000 + Int64(number))
        return record
    }

    @Test(arguments: CompressionCodec.allCases)
    func aForeignPartitionIsTakenOver(codec: CompressionCodec) async throws {
        let harness = try StorageHarness()
        let directory = harness.directory.appending("foreign-0").string
        try FileManager.default.createDirectory(
            atPath: directory, withIntermediateDirectories: true)
        try PythonInterop.withTemporaryDirectory { place in
            let input = place.appending(path: "records.json")
            try JSONEncoder().encode(Self.records.map { InteropRecord($0) }).write(to: input)
            _ = try PythonInterop.run(
                "write_batches.py",
                [
                    "--records", input.path, "--output",
                    directory + "/00000000000000000000.log", "--codec", "\(codec)",
                    "--records-per-batch", "300",
                ])
        }
        try await harness.run { storage in
            let found = try await storage.records("foreign")
            #expect(found == Self.records)
            // The log goes on behind what was there.
            let appended = try await storage.append(["more"], to: "foreign")
            #expect(appended.baseOffset == Offset(2000))
        }
        try await harness.run { storage in
            let found = try await storage.records("foreign")
            #expect(found.count == 2001)
        }
    }

    @Test(arguments: CompressionCodec.allCases)
    func ourSegmentsAreKafkas(codec: CompressionCodec) async throws {
        let harness = try StorageHarness()
        try await harness.run { storage in
            _ = try await storage.create(
                try TopicName("ours"), partitionCount: 1, config: TopicConfig())
            for start in stride(from: 0, to: 2000, by: 250) {
                _ = try await storage.append(
                    records: Array(Self.records[start..<(start + 250)]), to: "ours", codec: codec)
            }
        }
        let segment = harness.directory.appending("ours-0/00000000000000000000.log").string
        // Java's LZ4 reads no blocks that depend on each other, and its snappy only the xerial
        // framing.
        let payload = [UInt8](try Data(contentsOf: URL(fileURLWithPath: segment)).dropFirst(61))
        if codec == .lz4 { #expect(payload[4] & 0x20 != 0) }
        if codec == .snappy { #expect(payload.starts(with: [0x82] + Array("SNAPPY".utf8) + [0])) }
        let output = try PythonInterop.run("read_batches.py", [segment])
        let batches = try JSONDecoder().decode([InteropBatch].self, from: output)
        #expect(batches.count == 8)
        #expect(batches.allSatisfy { $0.checksumIsValid && $0.codec == codec.description })
        let read = batches.flatMap(\.records)
        #expect(
            read == Self.records.enumerated().map { InteropRecord($1, offset: Int64($0)) })
    }
}
