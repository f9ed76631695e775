import MillraceBytes
import MillraceModel
import MillraceRecords
import MillraceShard
import SystemPackage
import Testing

@testable import MillraceStorage

/// Compaction by its rules, on real files: what stays, what goes, and when.
@Suite struct CompactionTests {
    /// Every batch its own segment, unless the times say otherwise; compacted as soon as there is anything to.
    private static let settings = [
        "cleanup.policy": "compact", "segment.ms": "1", "min.cleanable.dirty.ratio": "0",
    ]

    private static func open(
        _ harness: StorageHarness, _ settings: [String: String] = [:],
        _ body: @escaping @Sendable (Storage) async throws -> Void
    ) async throws {
        let settings = Self.settings.merging(settings) { $1 }
        try await harness.run { storage in
            if storage.topic(try TopicName("t")) == nil { try await storage.make("t", settings) }
            try await body(storage)
        }
    }

    @Test func theLastRecordOfEachKeyStays() async throws {
        let harness = try StorageHarness()
        try await Self.open(harness) { storage in
            try await storage.put(["a": "1"], at: 10)
            try await storage.put(["b": "1"], at: 20)
            try await storage.put(["a": "2"], at: 30)
            try await storage.put(["c": "1"], at: 40)
            try await storage.put(["a": "3"], at: 50)
            try await storage.compact()
            // The active segment, with the last record, is not compacted.
            #expect(try await storage.pairs() == ["1:b=1", "2:a=2", "3:c=1", "4:a=3"])
            try await storage.put(["d": "1"], at: 60)
            try await storage.compact()
            #expect(try await storage.pairs() == ["1:b=1", "3:c=1", "4:a=3", "5:d=1"])
        }
        #expect(try harness.segments("t-0").map(\.base) == [0, 5])
        #expect(try await harness.verify().isIntact)
        try await Self.open(harness) { storage in
            #expect(try await storage.pairs() == ["1:b=1", "3:c=1", "4:a=3", "5:d=1"])
            let next = try await storage.put(["e": "1"], at: 70)
            #expect(next.baseOffset == Offset(6))
        }
    }

    /// Whoever asks for an offset that is gone gets the next one that is there.
    @Test func everyOffsetLeadsToTheNextRecord() async throws {
        let harness = try StorageHarness()
        try await Self.open(harness, ["segment.ms": "100"]) { storage in
            for number in 0..<200 {
                try await storage.put(["k\(number % 7)": "\(number)"], at: Int64(number) * 9)
            }
            try await storage.compact()
            let all = try await storage.pairs()
            let offsets = all.map { Int64($0.prefix { $0 != ":" }) ?? -1 }
            #expect(offsets.count < 40)
            for offset in Int64(0)..<200 {
                let found = try await storage.pairs(from: offset)
                #expect(found == zip(offsets, all).filter { $0.0 >= offset }.map(\.1))
            }
        }
    }

    /// The horizon is set when a cleaning first keeps the tombstone, and counts from there.
    @Test(arguments: ["3600000", "1"]) func aTombstoneStaysUntilItsDeleteHorizon(retention: String) async throws {
        let harness = try StorageHarness()
        try await Self.open(harness, ["delete.retention.ms": retention]) { storage in
            try await storage.put(["a": "1"], at: 10)
            try await storage.put(["a": nil], at: 20)
            try await storage.put(["b": "1"], at: 30)
            try await storage.put(["c": "1"], at: 40)
            try await storage.compact()
            #expect(try await storage.pairs() == ["1:a=-", "2:b=1", "3:c=1"])
            try await storage.shards[0].shard.sleep(for: .milliseconds(5))
            try await storage.put(["d": "1"], at: 50)
            try await storage.compact()
            let kept = retention == "1" ? [] : ["1:a=-"]
            #expect(try await storage.pairs() == kept + ["2:b=1", "3:c=1", "4:d=1"])
        }
        #expect(try await harness.verify().isIntact)
    }

    @Test func youngRecordsAreLeftAlone() async throws {
        let harness = try StorageHarness()
        try await Self.open(harness, ["min.compaction.lag.ms": "60000"]) { storage in
            let now = storage.shards[0].shard.wallClock.milliseconds
            for age in [90_000, 80_000, 50_000, 40_000, 0] as [Int64] {
                try await storage.put(["a": "\(age)"], at: now - age)
            }
            try await storage.compact()
            let values = try await storage.pairs().map { $0.drop { $0 != "=" } }
            #expect(values == ["=80000", "=50000", "=40000", "=0"])
        }
    }

    /// The dirty part has to be larger than the ratio, unless a record has waited for too long.
    @Test func aLogIsCleanedWhenItIsDirtyEnough() async throws {
        let harness = try StorageHarness()
        try await Self.open(harness, ["min.cleanable.dirty.ratio": "0.6"]) { storage in
            let now = storage.shards[0].shard.wallClock.milliseconds
            for number in Int64(0)..<5 { try await storage.put(["k\(number)": "1"], at: now - 90_000 + number * 10) }
            try await storage.compact()
            let state = try await storage.cleaningState()
            #expect(state == Offset(4))
            for number in Int64(0)..<4 { try await storage.put(["k0": "2"], at: now - 80_000 + number * 10) }
            try await storage.compact()
            #expect(try await storage.cleaningState() == Offset(4))
            _ = try await storage.alterConfig(try TopicName("t")) { (config) throws(TopicConfigError) in
                try config.set("max.compaction.lag.ms", to: "60000")
            }
            try await storage.compact()
            #expect(try await storage.cleaningState() == Offset(8))
            #expect(try await storage.pairs().count == 6)
        }
    }

    /// Memory for two keys at a time: it takes several rounds, and comes to the same.
    @Test func aSmallMapTakesSeveralRounds() async throws {
        let harness = try StorageHarness { $0.cleanerBufferBytes = 96 }
        try await Self.open(harness, ["segment.ms": "40"]) { storage in
            for number in 0..<90 {
                try await storage.put(
                    ["a\(number % 5)": "\(number)", "b\(number % 3)": "\(number)"], at: Int64(number) * 10)
            }
            try await storage.compact()
            let pairs = try await storage.pairs()
            let cleaned = try await storage.cleaningState().value
            #expect(cleaned > 160)
            let keys = pairs.filter { Int64($0.prefix { $0 != ":" }) ?? 0 < cleaned }
                .map { $0.drop { $0 != ":" }.prefix { $0 != "=" } }
            #expect(Set(keys).count == keys.count && keys.count == 8)
        }
        #expect(try await harness.verify().isIntact)
    }

    @Test(arguments: CompressionCodec.allCases)
    func batchesKeepTheirCodec(codec: CompressionCodec) async throws {
        let harness = try StorageHarness()
        try await Self.open(harness) { storage in
            for number in 0..<4 {
                let records = (0..<20).map { Record.pair("k\($0 % (10 + number))", "\(number) \($0)", 10 * number) }
                try await storage.append(records: records, to: "t", codec: codec)
            }
            try await storage.compact()
            // Each of the first two has lost all, and the third what the fourth, which is active, has not.
            #expect(try await storage.pairs().count == 12 + 20)
        }
        let lines = try await harness.dump(try harness.segments("t-0")[0].name)
        #expect(lines.filter { $0.contains("count: 12 ") && $0.contains("compresscodec: \(codec)") }.count == 1)
        #expect(try await harness.verify().isIntact)
    }

    @Test func recordsWithoutAKeyAreRefused() async throws {
        let harness = try StorageHarness()
        try await Self.open(harness) { storage in
            for codec in CompressionCodec.allCases {
                let error = await storageError {
                    try await storage.append(["a", "b"], to: "t", codec: codec)
                }
                guard case .recordWithoutKey(_, index: 0)? = error else {
                    Issue.record("\(String(describing: error))")
                    return
                }
            }
            try await storage.put(["a": "1"], at: 1)
        }
    }

    /// A topic that was not compacted may have such records; they do not survive.
    @Test func recordsWithoutAKeyFromBeforeAreDropped() async throws {
        let harness = try StorageHarness()
        try await Self.open(harness, ["cleanup.policy": "delete"]) { storage in
            try await storage.append(["keyless"], to: "t", at: 10)
            try await storage.put(["a": "1"], at: 20)
            try await storage.put(["b": "1"], at: 30)
            try await storage.compact()
            #expect(try await storage.pairs().count == 3)
            _ = try await storage.alterConfig(try TopicName("t")) { (config) throws(TopicConfigError) in
                try config.set("cleanup.policy", to: "compact")
            }
            try await storage.compact()
            #expect(try await storage.pairs() == ["1:a=1", "2:b=1"])
        }
    }

    /// What a producer sent last stays known, even where its record is superseded.
    @Test func theLastSequenceOfAProducerStays() async throws {
        let harness = try StorageHarness()
        try await Self.open(harness) { storage in
            let log = try storage.log()
            for (number, producer) in [(0, 5), (1, 6), (2, 5)] as [(Int32, Int64)] {
                let batch = try RecordBatchBuilder.build(
                    [Record.pair("a", "\(number)", Int(number) * 10)], now: .none,
                    producer: ProducerState(
                        id: ProducerID(producer), epoch: ProducerEpoch(0), baseSequence: number / 2))
                _ = try await log.storage.append(
                    batch.withUnsafeBytes { ByteSlice(copying: $0) }, to: log
                ).result()
            }
            try await storage.put(["a": "3"], at: 40)
            try await storage.put(["b": "3"], at: 50)
            try await storage.compact()
            #expect(try await storage.pairs() == ["3:a=3", "4:b=3"])
        }
        for name in try harness.snapshots() { try harness.remove(name) }
        try await Self.open(harness) { storage in
            let producers = try await storage.producers()
            #expect(producers.map(\.id.value) == [5, 6] && producers.map(\.lastSequence) == [1, 0])
        }
    }

    @Test func aTopicMayBeCompactedAndDeleted() async throws {
        let harness = try StorageHarness()
        try await Self.open(harness, ["cleanup.policy": "compact,delete", "retention.ms": "3600000"]) { storage in
            let log = try storage.log()
            let now = log.storage.shard.wallClock.milliseconds
            for (number, age) in ([9_000_000, 8_000_000, 1000, 500, 0] as [Int64]).enumerated() {
                try await storage.put(["k\(number % 2)": "\(number)"], at: now - age)
            }
            await log.storage.applyRetention()
            #expect(try await storage.pairs() == ["2:k0=2", "3:k1=3", "4:k0=4"])
            try await storage.compact()
            #expect(try await storage.pairs() == ["2:k0=2", "3:k1=3", "4:k0=4"])
        }
        #expect(try await harness.verify().isIntact)
    }

    @Test func aCompactedTopicIsKeptForever() async throws {
        let harness = try StorageHarness()
        try await Self.open(harness, ["retention.ms": "1", "retention.bytes": "1"]) { storage in
            try await storage.put(["a": "1"], at: 10)
            try await storage.put(["b": "1"], at: 20)
            await storage.shards[0].applyRetention()
            #expect(try await storage.pairs() == ["0:a=1", "1:b=1"])
        }
    }

    /// A reader in the middle of a segment that is replaced goes on where it was.
    @Test func readersGoOnWhileSegmentsAreReplaced() async throws {
        let harness = try StorageHarness()
        try await Self.open(harness, ["segment.ms": "100", "index.interval.bytes": "200"]) { storage in
            let log = try storage.log()
            for number in 0..<100 { try await storage.put(["k\(number % 40)": "\(number)"], at: Int64(number) * 9) }
            for start in stride(from: Int64(0), through: 99, by: 7) {
                var cursor = try await log.storage.cursor(at: Offset(start), of: log)
                let end = try await log.storage.cursor(at: Offset(100), of: log)
                let first = try await log.storage.range(from: cursor, of: log, bytesMax: 300, notBeyond: end)
                let held = try #require(first)
                cursor = held.next
                // Every turn changes something: one more record is superseded.
                try await storage.put(["k\(start % 40)": "new"], at: 2000 + start * 200)
                try await storage.put(["x": "new"], at: 2100 + start * 200)
                try await storage.compact()
                let buffer = AlignedBuffer(count: held.count)
                #expect(try await held.file.read(into: buffer.mutableBytes, at: held.position) == held.count)
                var batches = BatchSequence(buffer.bytes, limit: held.count, verifiesChecksums: true)
                var next = Offset(0)
                while let batch = try batches.next() { next = batch.header.nextOffset }
                withExtendedLifetime(buffer) {}
                #expect(batches.remaining == 0 && next.value > start)
                var found: [Int64] = []
                while let range = try await log.storage.range(from: cursor, of: log, bytesMax: 300, notBeyond: end) {
                    let buffer = AlignedBuffer(count: range.count)
                    _ = try await range.file.read(into: buffer.mutableBytes, at: range.position)
                    var batches = BatchSequence(buffer.bytes, limit: range.count, verifiesChecksums: true)
                    while let batch = try batches.next() {
                        if batch.header.recordCount > 0 { found.append(batch.header.baseOffset.value) }
                    }
                    withExtendedLifetime(buffer) {}
                    cursor = range.next
                }
                let there = try await storage.pairs(from: next.value)
                    .compactMap { Int64($0.prefix { $0 != ":" }) }.filter { $0 < 100 }
                #expect(found == there)
            }
        }
        #expect(try await harness.verify().isIntact)
    }

    @Test func aDamagedLogIsNotCompacted() async throws {
        let harness = try StorageHarness()
        try await Self.open(harness) { storage in
            for number in 0..<6 { try await storage.put(["a": "\(number)"], at: Int64(number) * 10) }
        }
        try harness.flip(try harness.segments("t-0")[2].name, at: 65)
        try await Self.open(harness) { storage in
            try await storage.compact()
            #expect(try await storage.cleaningState() == .zero)
        }
        #expect(try harness.segments("t-0").count == 6)
    }

    /// A damaged checkpoint of the cleaner costs a second cleaning, and nothing else.
    @Test func theCleanersCheckpointIsAHint() async throws {
        let harness = try StorageHarness()
        try await Self.open(harness) { storage in
            for number in 0..<6 { try await storage.put(["a": "\(number)"], at: Int64(number) * 10) }
            try await storage.compact()
        }
        try harness.flip("t-0/cleaner-offset-checkpoint", at: 40)
        try await Self.open(harness) { storage in
            #expect(try await storage.cleaningState() == .zero)
            #expect(try await storage.pairs() == ["4:a=4", "5:a=5"])
            try await storage.compact()
            #expect(try await storage.cleaningState() == Offset(5))
            #expect(try await storage.pairs() == ["4:a=4", "5:a=5"])
        }
    }

    /// Records that were asked for by offset before the log start are gone, compacted or not.
    @Test func trimmingAndCompactingGoTogether() async throws {
        let harness = try StorageHarness()
        try await Self.open(harness, ["cleanup.policy": "compact,delete", "retention.ms": "-1"]) { storage in
            let log = try storage.log()
            for number in 0..<10 { try await storage.put(["k\(number % 4)": "\(number)"], at: Int64(number) * 10) }
            try await storage.compact()
            try await log.storage.trim(log, to: Offset(7))
            #expect(try await storage.pairs() == ["7:k3=7", "8:k0=8", "9:k1=9"])
            for number in 10..<14 { try await storage.put(["k\(number % 4)": "\(number)"], at: Int64(number) * 10) }
            try await storage.compact()
            #expect(try await storage.pairs() == ["9:k1=9", "10:k2=10", "11:k3=11", "12:k0=12", "13:k1=13"])
        }
        #expect(try await harness.verify().isIntact)
    }

    @Test func aTopicThatIsOnlyCompactedIsNotTrimmed() async throws {
        let harness = try StorageHarness()
        try await Self.open(harness) { storage in
            try await storage.put(["a": "1"], at: 10)
            let error = await storageError {
                let log = try storage.log()
                try await log.storage.trim(log, to: Offset(1))
            }
            guard case .onlyCompacted? = error else {
                Issue.record("\(String(describing: error))")
                return
            }
        }
    }

    @Test func theThrottleKeepsToItsRate() {
        var throttle = CleanerThrottle(bytesPerSecond: 1000, at: Instant(nanoseconds: 0))
        #expect(throttle.delay(after: 500, at: Instant(nanoseconds: 0)) == .milliseconds(500))
        #expect(throttle.delay(after: 500, at: Instant(nanoseconds: 600_000_000)) == .milliseconds(400))
        #expect(throttle.delay(after: 1, at: Instant(nanoseconds: 5_000_000_000)) == nil)
        // Idle time is not saved up.
        #expect(throttle.delay(after: 1000, at: Instant(nanoseconds: 5_000_000_000)) == .seconds(1))
    }
}

extension Record {
    static func pair(_ key: String, _ value: String?, _ time: Int) -> Record {
        Record(
            key: Array(key.utf8), value: value.map { Array($0.utf8) },
            timestamp: Timestamp(milliseconds: Int64(time)))
    }
}

extension Storage {
    /// Appends one batch with the pairs, by key.
    @discardableResult
    func put(_ pairs: [String: String?], at time: Int64) async throws -> AppendResult {
        let records = pairs.sorted { $0.key < $1.key }.map { Record.pair($0.key, $0.value, Int(time)) }
        return try await append(records: records, to: "t")
    }

    /// Everything that is there, as `offset:key=value`.
    func pairs(from offset: Int64? = nil) async throws -> [String] {
        var found: [String] = []
        try await forEachRecord("t", 0, from: offset) { record in
            let key = record.key.map { String(decoding: $0, as: UTF8.self) } ?? ""
            let value = record.value.map { String(decoding: $0, as: UTF8.self) } ?? "-"
            found.append("\(record.offset):\(key)=\(value)")
        }
        return found
    }

    /// Cleans whatever is due.
    func compact() async throws {
        // A rolled segment is compacted when its index is written.
        for shard in shards {
            while await shard.isFinishing { try await shard.shard.sleep(for: .milliseconds(1)) }
            await shard.applyCompaction()
        }
    }

    func cleaningState() async throws -> Offset {
        let log = try log()
        return await log.storage.firstDirtyOffset(of: log)
    }
}

extension StorageShard {
    fileprivate var isFinishing: Bool { logs.values.contains { $0.finishingCount > 0 } }

    fileprivate func firstDirtyOffset(of log: PartitionLog) -> Offset { log.cleaning.firstDirtyOffset }
}

extension StorageHarness {
    fileprivate func snapshots() throws -> [String] {
        try names("t-0").filter { $0.hasSuffix(".snapshot") }.map { "t-0/\($0)" }
    }
}
