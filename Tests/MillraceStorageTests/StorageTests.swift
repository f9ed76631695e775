import MillraceModel
import MillraceShard
import MillraceStorage
import SystemPackage
import Testing

@Suite struct StorageTests {
    @Test(arguments: [Durability.durable, .relaxed], [false, true])
    func whatWasAcknowledgedIsThereAfterAStop(durability: Durability, crash: Bool) async throws {
        let harness = try StorageHarness(shardCount: 2)
        let topic = try TopicName("orders")
        try await harness.run(crash: crash) { storage in
            _ = try await storage.create(
                topic, partitionCount: 3,
                config: try config(["millrace.durability": durability.rawValue]))
            for round in 0..<100 {
                let result = try await storage.append(
                    ["a\(round)", "b\(round)"], to: "orders", Int32(round % 3))
                #expect(result.baseOffset == Offset(Int64(round / 3 * 2)))
                #expect(result.durability == durability)
            }
        }
        for _ in 0..<2 {
            try await harness.run(crash: crash) { storage in
                #expect(storage.topics.map(\.entry.name) == [topic])
                for partition in 0..<Int32(3) {
                    let rounds = (0..<100).filter { $0 % 3 == Int(partition) }
                    let found = try await storage.read("orders", partition)
                    #expect(found.map(\.1) == rounds.flatMap { ["a\($0)", "b\($0)"] })
                    #expect(found.map(\.0) == (0..<Int64(rounds.count * 2)).map { $0 })
                }
            }
        }
        try await harness.run { storage in
            let last = try await storage.append(["last"], to: "orders", 0)
            #expect(last.baseOffset == Offset(68))
        }
    }

    @Test(arguments: [Durability.durable, .relaxed], [false, true])
    func smallAndLargeRunsKeepTheirOrder(durability: Durability, crash: Bool) async throws {
        let harness = try StorageHarness()
        let large = String(repeating: "x", count: 200_000)
        try await harness.run(crash: crash) { storage in
            _ = try await storage.create(
                try TopicName("t"), partitionCount: 1,
                config: try config([
                    "millrace.durability": durability.rawValue, "segment.bytes": "1048576",
                ]))
            var tickets: [AppendTicket] = []
            for round in 0..<200 {
                let value = round % 7 == 0 ? "\(round) \(large)" : "\(round)"
                tickets.append(try await storage.begin([value], to: "t"))
            }
            for (round, ticket) in tickets.enumerated() {
                let result = try await ticket.result()
                #expect(result.baseOffset == Offset(Int64(round)))
            }
        }
        try await harness.run { storage in
            let found = try await storage.read("t")
            #expect(found.map(\.0) == (0..<200).map { $0 })
            #expect(found.allSatisfy { $0.1.hasPrefix("\($0.0)") })
            #expect(try await storage.read("t", from: 150).count == 50)
            let log = try storage.partition(TopicPartition(topic: try TopicName("t"), partition: 0))
            #expect(await log.storage.state(of: log).segmentCount > 4)
        }
    }

    @Test func findsOffsetsByTime() async throws {
        let harness = try StorageHarness()
        try await harness.run { storage in
            _ = try await storage.create(
                try TopicName("t"), partitionCount: 1, config: try config(["index.interval.bytes": "0"]))
            for round in 0..<50 {
                try await storage.append(["v"], to: "t", at: 1000 + Int64(round) * 10)
            }
            let log = try storage.partition(TopicPartition(topic: try TopicName("t"), partition: 0))
            for (time, offset) in [(0, 0), (1000, 0), (1001, 1), (1010, 1), (1490, 49)] {
                let found = try await log.storage.offset(
                    atOrAfter: Timestamp(milliseconds: Int64(time)), of: log)
                #expect(found == Offset(Int64(offset)))
            }
            #expect(try await log.storage.offset(atOrAfter: Timestamp(milliseconds: 1491), of: log) == nil)
        }
    }

    @Test func findsTheLatestRecord() async throws {
        let harness = try StorageHarness()
        try await harness.run { storage in
            _ = try await storage.create(
                try TopicName("t"), partitionCount: 1, config: try config(["index.interval.bytes": "0"]))
            let log = try storage.partition(TopicPartition(topic: try TopicName("t"), partition: 0))
            #expect(try await log.storage.latestRecord(of: log) == nil)
            for time in [1000, 5000, 2000, 5000, 3000] {
                try await storage.append(["v"], to: "t", at: Int64(time))
            }
            let latest = try #require(try await log.storage.latestRecord(of: log))
            #expect(latest.offset == Offset(1) && latest.timestamp.milliseconds == 5000)
            // Deleted records are not found, though their segment is still there.
            try await log.storage.trim(log, to: Offset(4))
            let left = try #require(try await log.storage.latestRecord(of: log))
            #expect(left.offset == Offset(4) && left.timestamp.milliseconds == 3000)
        }
    }

    @Test func topicsAreGrownAndDeleted() async throws {
        let harness = try StorageHarness(shardCount: 2)
        let topic = try TopicName("t")
        try await harness.run { storage in
            _ = try await storage.create(topic, partitionCount: 1, config: TopicConfig())
            await #expect(throws: StorageError.self) {
                _ = try await storage.create(topic, partitionCount: 1, config: TopicConfig())
            }
            let grown = try await storage.addPartitions(topic, upTo: 4)
            #expect(grown.partitions.count == 4)
            try await storage.append(["x"], to: "t", 3)
        }
        try await harness.run { storage in
            let found = try await storage.read("t", 3)
            #expect(found.map(\.1) == ["x"])
            try await storage.delete(topic)
            #expect(storage.topic(topic) == nil)
            _ = try await storage.create(topic, partitionCount: 2, config: TopicConfig())
            #expect(try await storage.read("t", 0).isEmpty)
            try await storage.delete(topic)
        }
        try await harness.run { storage in #expect(storage.topics.isEmpty) }
    }

    @Test func trimmedAndExpiredRecordsAreGone() async throws {
        let harness = try StorageHarness()
        let topic = try TopicName("t")
        let value = String(repeating: "y", count: 300_000)
        try await harness.run { storage in
            _ = try await storage.create(
                topic, partitionCount: 1,
                config: try config([
                    "segment.bytes": "1048576", "retention.ms": "-1", "retention.bytes": "2500000",
                ]))
            for _ in 0..<20 { try await storage.append([value], to: "t") }
            let log = try storage.partition(TopicPartition(topic: topic, partition: 0))
            await log.storage.applyRetention()
            let state = await log.storage.state(of: log)
            #expect(state.logStartOffset > Offset(6))
            #expect(state.sizeInBytes < 4_000_000)
            try await log.storage.trim(log, to: Offset(18))
            #expect(await log.storage.state(of: log).logStartOffset == Offset(18))
            await #expect(throws: StorageError.self) {
                _ = try await log.storage.cursor(at: Offset(17), of: log)
            }
        }
        try await harness.run { storage in
            let found = try await storage.read("t")
            #expect(found.map(\.0) == [18, 19])
        }
    }

    @Test func aDirectoryOpensOnce() async throws {
        let harness = try StorageHarness()
        try await harness.run { _ in
            let second = await #expect(throws: StorageError.self) { try await harness.run { _ in } }
            #expect(second?.description.contains("is open in another process") == true)
        }
    }
}
