import MillraceModel
import MillraceShard
import MillraceStorage
import SystemPackage
import Testing

/// Records by their time, ends by leader epoch, and what the directory takes.
@Suite struct LookupTests {
    private func time(_ milliseconds: Int64) -> Timestamp { Timestamp(milliseconds: milliseconds) }

    /// Batches whose times overlap and go back and forth.
    private func fill(_ storage: Storage, codec: CompressionCodec) async throws {
        for base in [100, 400, 200, 500, 300] as [Int64] {
            let records = [base, base + 50, base + 10].map {
                Record(value: [1], timestamp: time($0))
            }
            try await storage.append(records: records, to: "t", codec: codec)
        }
    }

    @Test(arguments: [CompressionCodec.none, .zstd], [false, true])
    func theFirstRecordOfATimeIsFoundInsideItsBatch(codec: CompressionCodec, reopen: Bool) async throws {
        let harness = try StorageHarness()
        let check: @Sendable (Storage) async throws -> Void = { storage in
            let log = try storage.log()
            for (wanted, offset, found) in [
                (0, 0, 100), (101, 1, 150), (111, 1, 150), (151, 3, 400), (401, 4, 450),
                (451, 9, 500), (501, 10, 550), (550, 10, 550),
            ] as [(Int64, Int64, Int64)] {
                let record = try await log.storage.record(
                    atOrAfter: Timestamp(milliseconds: wanted), of: log)
                #expect(record?.offset == Offset(offset) && record?.timestamp.milliseconds == found)
            }
            #expect(try await log.storage.record(atOrAfter: Timestamp(milliseconds: 551), of: log) == nil)
            let latest = try await log.storage.latestRecord(of: log)
            #expect(latest?.offset == Offset(10) && latest?.timestamp.milliseconds == 550)
        }
        try await harness.run { storage in
            try await storage.make("t", ["index.interval.bytes": "0"])
            try await fill(storage, codec: codec)
            if !reopen { try await check(storage) }
        }
        if reopen { try await harness.run { try await check($0) } }
    }

    @Test func theLatestRecordIsFoundInAnySegmentAndNotBelowTheLogStart() async throws {
        try await StorageHarness().run { storage in
            try await storage.make("t", ["segment.bytes": "1048576"])
            let log = try storage.log()
            #expect(try await log.storage.latestRecord(of: log) == nil)
            let large = String(repeating: "x", count: 300_000)
            for number in 0..<12 {
                let stamp: Int64 = number == 4 ? 9000 : 1000 + Int64(number)
                try await storage.append([large], to: "t", at: stamp)
            }
            #expect(await log.storage.state(of: log).segmentCount > 2)
            let latest = try await log.storage.latestRecord(of: log)
            #expect(latest?.offset == Offset(4) && latest?.timestamp == Timestamp(milliseconds: 9000))
            try await log.storage.trim(log, to: Offset(5))
            let later = try await log.storage.latestRecord(of: log)
            #expect(later?.offset == Offset(11) && later?.timestamp == Timestamp(milliseconds: 1011))
        }
    }

    /// An offset index that leads into the middle of a batch is given up, and no log called damaged
    /// for it.
    @Test func anIndexThatLeadsAstrayIsNotFollowed() async throws {
        let harness = try StorageHarness()
        try await harness.run { storage in
            try await storage.make("t", ["index.interval.bytes": "0"])
            try await fill(storage, codec: .none)
        }
        let index = "t-0/00000000000000000000.index"
        var bytes = try harness.bytes(index)
        for entry in 0..<bytes.count / 8 { bytes[entry * 8 + 7] &+= 3 }
        try harness.replace(index, with: bytes)
        try await harness.run { storage in
            let log = try storage.log()
            let found = try await log.storage.record(atOrAfter: Timestamp(milliseconds: 501), of: log)
            #expect(found?.offset == Offset(10))
            #expect(try await log.storage.latestRecord(of: log)?.offset == Offset(10))
            #expect(await log.storage.state(of: log).damage.isEmpty)
        }
    }

    @Test func thereIsOneLeaderEpoch() async throws {
        try await StorageHarness().run { storage in
            try await storage.make()
            try await storage.append(["a", "b"], to: "t")
            let log = try storage.log()
            #expect(await log.storage.endOffset(forEpoch: .zero, of: log) == Offset(2))
            #expect(await log.storage.endOffset(forEpoch: LeaderEpoch(1), of: log) == nil)
            #expect(await log.storage.endOffset(forEpoch: LeaderEpoch(-1), of: log) == nil)
        }
    }

    @Test func theDirectoryTellsItsSizeAndItsVolumes() async throws {
        let harness = try StorageHarness(shardCount: 2)
        try await harness.run { [directory = harness.directory] storage in
            _ = try await storage.create(try TopicName("t"), partitionCount: 3, config: TopicConfig())
            try await storage.append([String(repeating: "v", count: 1000)], to: "t", 1)
            let found = try await storage.logDirectory()
            #expect(found.path == directory)
            #expect(found.totalBytes > 0 && found.usableBytes > 0)
            #expect(found.usableBytes <= found.totalBytes)
            #expect(found.partitions.map(\.partition.partition) == [0, 1, 2])
            #expect(found.partitions.map { $0.sizeInBytes > 1000 } == [false, true, false])
        }
    }
}
