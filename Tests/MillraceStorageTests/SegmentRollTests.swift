import MillraceModel
import MillraceRecords
import MillraceShard
import MillraceStorage
import SystemPackage
import Testing

/// Segments: when a new one begins, how records are found in them by offset and by time, and when
/// they are deleted.
@Suite struct SegmentRollTests {
    private static func log(_ storage: Storage) throws -> PartitionLog {
        try storage.partition(TopicPartition(topic: try TopicName("t"), partition: 0))
    }

    @Test func aNewSegmentBeginsBySize() async throws {
        let harness = try StorageHarness()
        let value = String(repeating: "s", count: 100_000)
        try await harness.run { storage in
            _ = try await storage.create(
                try TopicName("t"), partitionCount: 1, config: try config(["segment.bytes": "1048576"]))
            for _ in 0..<35 { try await storage.append([value], to: "t") }
        }
        let segments = try harness.segments("t-0")
        #expect(segments.map(\.base) == [0, 10, 20, 30])
        for segment in segments {
            let size = try harness.bytes(segment.name).count
            #expect(size <= 1 << 20 && size > 450_000)
        }
    }

    @Test func aNewSegmentBeginsByTime() async throws {
        let harness = try StorageHarness()
        try await harness.run { storage in
            _ = try await storage.create(
                try TopicName("t"), partitionCount: 1, config: try config(["segment.ms": "1000"]))
            for number in 0..<10 {
                try await storage.append(["v"], to: "t", at: 1_000_000 + Int64(number) * 400)
            }
        }
        #expect(try harness.segments("t-0").map(\.base) == [0, 3, 6, 9])
        #expect(try await harness.verify().isIntact)
    }

    /// Batches of ten records, every second one compressed, in several segments; every record is
    /// found by its offset, and by its time inside its batch.
    @Test(arguments: CompressionCodec.allCases)
    func everyRecordIsFound(codec: CompressionCodec) async throws {
        let harness = try StorageHarness()
        let filler = String(repeating: "abcdefgh", count: 4)
        try await harness.run { storage in
            _ = try await storage.create(
                try TopicName("t"), partitionCount: 1,
                config: try config(["index.interval.bytes": "600", "segment.ms": "9000"]))
            for batch in 0..<40 {
                let records = (0..<10).map { index in
                    Record(
                        value: Array("\(batch * 10 + index) \(filler)".utf8),
                        timestamp: Timestamp(milliseconds: 5000 + Int64(batch * 10 + index) * 100))
                }
                _ = try await storage.append(
                    records: records, to: "t", codec: batch % 2 == 0 ? codec : .none)
            }
        }
        #expect(try harness.segments("t-0").count >= 4)
        try await harness.run { storage in
            let log = try Self.log(storage)
            for number in Int64(0)..<400 {
                if number % 13 == 0 {
                    let found = try await storage.read("t", from: number)
                    #expect(found.first?.0 == number && found.count == 400 - Int(number))
                    #expect(found.first?.1.hasPrefix("\(number) ") == true)
                }
                let time = Timestamp(milliseconds: 5000 + number * 100 - 50)
                #expect(try await log.storage.offset(atOrAfter: time, of: log) == Offset(number))
            }
            let late = Timestamp(milliseconds: 5000 + 400 * 100)
            #expect(try await log.storage.offset(atOrAfter: late, of: log) == nil)
        }
    }

    @Test func oldSegmentsAreDeleted() async throws {
        let harness = try StorageHarness()
        try await harness.run { storage in
            _ = try await storage.create(
                try TopicName("t"), partitionCount: 1,
                config: try config(["retention.ms": "3600000", "segment.ms": "60000"]))
            let log = try Self.log(storage)
            let now = log.storage.shard.wallClock.milliseconds
            for age in [9_000_000, 8_900_000, 7_200_000, 1_800_000, 0] as [Int64] {
                try await storage.append(["\(age)"], to: "t", at: now - age)
            }
            await log.storage.applyRetention()
            #expect(await log.storage.state(of: log).logStartOffset == Offset(3))
            let found = try await storage.read("t").map(\.1)
            #expect(found == ["1800000", "0"])
            await #expect(throws: StorageError.self) {
                _ = try await log.storage.cursor(at: Offset(2), of: log)
            }
        }
        #expect(try harness.segments("t-0").map(\.base) == [3, 4])
        #expect(try await harness.verify().isIntact)
        let next = try await harness.run { try await $0.append(["x"], to: "t") }
        #expect(next.baseOffset == Offset(5))
    }

    /// The active segment ends when all in it is too old, and the offsets go on.
    @Test func aSegmentThatIsStillWrittenToIsDeletedToo() async throws {
        let harness = try StorageHarness()
        try await harness.run { storage in
            _ = try await storage.create(
                try TopicName("t"), partitionCount: 1, config: try config(["retention.ms": "1000"]))
            for _ in 0..<7 { try await storage.append(["old"], to: "t", at: 1000) }
            let log = try Self.log(storage)
            await log.storage.applyRetention()
            let state = await log.storage.state(of: log)
            #expect(state.logStartOffset == Offset(7) && state.highWatermark == Offset(7))
        }
        #expect(try harness.segments("t-0").map(\.base) == [7])
        #expect(try await harness.verify().isIntact)
        try await harness.run { storage in
            let next = try await storage.append(["new"], to: "t").baseOffset
            #expect(next == Offset(7))
            let found = try await storage.read("t").map(\.1)
            #expect(found == ["new"])
        }
    }
}
