import MillraceModel
import MillraceShard
import MillraceStorage
import SystemPackage
import Testing

@Suite struct LogDumpTests {
    private static let log = "t-0/00000000000000000000.log"

    private func filled() async throws -> StorageHarness {
        let harness = try StorageHarness()
        try await harness.run { storage in
            _ = try await storage.create(
                try TopicName("t"), partitionCount: 1, config: try config(["index.interval.bytes": "0"]))
            try await storage.append(["one", "two"], to: "t", at: 1000)
            let record = Record(
                key: Array("k".utf8), value: Array("a\nb".utf8),
                headers: [RecordHeader(key: "h1", value: nil), RecordHeader(key: "h2", value: [1])],
                timestamp: Timestamp(milliseconds: 2000))
            _ = try await storage.append(records: [record], to: "t", codec: .zstd)
            _ = try await storage.append(
                records: [Record(value: nil, timestamp: Timestamp(milliseconds: 3000))], to: "t")
        }
        return harness
    }

    @Test func aLineForEachBatch() async throws {
        let harness = try await filled()
        let lines = try await harness.dump(Self.log)
        #expect(lines.count == 5)
        #expect(lines[0] == "Dumping \(harness.path(Self.log))")
        #expect(lines[1] == "Log starting offset: 0")
        #expect(
            lines[2].hasPrefix(
                """
                baseOffset: 0 lastOffset: 1 count: 2 baseSequence: -1 lastSequence: -1 producerId: -1 \
                producerEpoch: -1 partitionLeaderEpoch: 0 isTransactional: false isControl: false \
                deleteHorizonMs: none position: 0 CreateTime: 1000 size: 81 magic: 2 \
                compresscodec: none crc: 
                """), "\(lines[2])")
        #expect(lines.dropFirst(2).allSatisfy { $0.hasSuffix("isvalid: true") })
        #expect(lines[3].contains("position: 81 ") && lines[3].contains("compresscodec: zstd"))
    }

    @Test func aLineForEachRecord() async throws {
        let harness = try await filled()
        let lines = try await harness.dump(Self.log, records: true).filter { $0.hasPrefix("|") }
        #expect(
            lines == [
                "| offset: 0 CreateTime: 1000 keySize: -1 valueSize: 3 headerKeys: []",
                "| offset: 1 CreateTime: 1000 keySize: -1 valueSize: 3 headerKeys: []",
                "| offset: 2 CreateTime: 2000 keySize: 1 valueSize: 3 headerKeys: [h1,h2]",
                "| offset: 3 CreateTime: 3000 keySize: -1 valueSize: -1 headerKeys: []",
            ])
        // No value can pass for a line of its own.
        let payloads = try await harness.dump(Self.log, payloads: true).filter { $0.hasPrefix("|") }
        #expect(payloads[2].hasSuffix(#"key: k payload: a\nb"#))
    }

    @Test func damageIsShownAndPassed() async throws {
        let harness = try await filled()
        try harness.flip(Self.log, at: 70)
        let lines = try await harness.dump(Self.log)
        #expect(lines[2].hasPrefix("baseOffset: 0 ") && lines[2].hasSuffix("isvalid: false"))
        #expect(lines[3] == "damaged from byte 0 to 81: the CRC-32C does not match")
        #expect(lines[4].hasPrefix("baseOffset: 2 "))
    }

    @Test func theOtherFiles() async throws {
        let harness = try await filled()
        let size = try harness.bytes(Self.log).count
        let last = size - 68
        let index = try await harness.dump("t-0/00000000000000000000.index")
        #expect(index.dropFirst() == ["offset: 2 position: 81", "offset: 3 position: \(last)"])
        let times = try await harness.dump("t-0/00000000000000000000.timeindex")
        #expect(times.dropFirst().first == "timestamp: 1000 offset: 1")
        let journal = try await harness.dump(try #require(try harness.journals().first))
        #expect(journal.filter { $0.hasPrefix("group generation: ") }.count == 3)
        #expect(journal.contains { $0.contains("kind: batches baseOffset: 2 nextOffset: 3 segment: 0 position: 81") })
        let checkpoint = try await harness.dump("journal/shard-0.checkpoint")
        #expect(checkpoint.contains { $0.hasPrefix("partition ") && $0.hasSuffix(" 0 4 0") })
        #expect(try await harness.dump("topics.millrace").contains { $0.hasPrefix("topic t ") })
        // A directory stands for the files in it.
        let all = try await harness.dump("t-0")
        #expect(all.filter { $0.hasPrefix("Dumping ") }.count == 5)
        await #expect(throws: StorageError.self) { try await harness.dump(".lock") }
    }
}
