import MillraceModel
import MillraceShard
import MillraceStorage
import SystemPackage
import Testing

/// Appends of all sizes to many partitions, cut off at a random moment, opened again with another
/// number of shards, and compared with a model: what was acknowledged is there once and in its
/// place; of what was not, a beginning may be there, in order.
@Suite struct UncleanStopTests {
    /// What a partition should hold.
    private struct Model: Sendable {
        var acknowledged: [String] = []
        var pending: [String] = []
        var count = 0

        mutating func settle(_ found: [(Int64, String)]) -> String? {
            guard found.map(\.0) == (0..<Int64(found.count)).map({ $0 }) else {
                return "offsets \(found.map(\.0))"
            }
            let all = acknowledged + pending
            guard found.count >= acknowledged.count, found.count <= all.count else {
                return "\(found.count) records of \(acknowledged.count) to \(all.count)"
            }
            for (index, record) in found.enumerated() where record.1 != all[index] {
                return "offset \(index) is \(record.1.prefix(20)), not \(all[index].prefix(20))"
            }
            acknowledged = Array(all.prefix(found.count))
            pending = []
            return nil
        }
    }

    private struct Generator: RandomNumberGenerator {
        var state: UInt64

        mutating func next() -> UInt64 {
            state &+= 0x9E37_79B9_7F4A_7C15
            var mixed = state
            mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
            mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
            return mixed ^ (mixed >> 31)
        }
    }

    private static let topics = ["durable", "relaxed"]
    private static let partitionCount = 3

    @Test(arguments: [1, 2, 3] as [UInt64])
    func nothingAcknowledgedIsLost(seed: UInt64) async throws {
        var random = Generator(state: seed)
        let harness = try StorageHarness {
            $0.journalFileBytes = 4 << 20
            $0.journalFileCountMax = 3
        }
        var models: [[Model]] = Self.topics.map { _ in
            Array(repeating: Model(), count: Self.partitionCount)
        }
        for round in 0..<12 {
            let shards = Int.random(in: 1...3, using: &random)
            let crash = Int.random(in: 0..<5, using: &random) > 0
            let (before, start) = (models, random)
            (models, random) = try await harness.run(crash: crash, shardCount: shards) { storage in
                var models = before
                var random = start
                if round == 0 {
                    for topic in Self.topics { try await Self.create(topic, storage) }
                }
                try await Self.check(&models, storage, "seed \(seed), round \(round)")
                try await Self.fill(&models, storage, &random)
                return (models, random)
            }
            if !crash {
                for topic in models.indices {
                    for partition in models[topic].indices {
                        models[topic][partition].acknowledged += models[topic][partition].pending
                        models[topic][partition].pending = []
                    }
                }
            }
            let report = try await harness.verify()
            #expect(report.isIntact, "seed \(seed), round \(round): \(report.problems)")
        }
        let last = models
        try await harness.run { storage in
            var models = last
            try await Self.check(&models, storage, "seed \(seed), at the end")
        }
        #expect(models[0][0].count > 20)
    }

    private static func create(_ topic: String, _ storage: Storage) async throws {
        _ = try await storage.create(
            try TopicName(topic), partitionCount: Int32(partitionCount),
            config: try config(["millrace.durability": topic, "segment.bytes": "1048576"]))
    }

    private static func check(_ models: inout [[Model]], _ storage: Storage, _ place: String) async throws {
        for (index, topic) in topics.enumerated() {
            for partition in 0..<partitionCount {
                let found = try await storage.read(topic, Int32(partition))
                let fault = models[index][partition].settle(found)
                #expect(fault == nil, "\(place), \(topic)-\(partition)")
            }
        }
    }

    private static func fill(
        _ models: inout [[Model]], _ storage: Storage, _ random: inout Generator
    ) async throws {
        var tickets: [(Int, Int, String, AppendTicket)] = []
        for _ in 0..<Int.random(in: 0...60, using: &random) {
            let topic = Int.random(in: 0..<topics.count, using: &random)
            let partition = Int.random(in: 0..<partitionCount, using: &random)
            let size: Int =
                switch Int.random(in: 0..<10, using: &random) {
                case 0: .random(in: 100_000...400_000, using: &random)
                case 1...3: .random(in: 1_000...20_000, using: &random)
                default: .random(in: 10...200, using: &random)
                }
            let count = models[topic][partition].count
            models[topic][partition].count += 1
            let value = "\(count) " + String(repeating: "\(count % 10)", count: size)
            models[topic][partition].pending.append(value)
            tickets.append(
                (
                    topic, partition, value,
                    try await storage.begin([value], to: topics[topic], Int32(partition))
                ))
            if Int.random(in: 0..<15, using: &random) == 0 { _ = try await tickets.last?.3.result() }
        }
        // Some are waited for; the stop comes when others are under way.
        let waited = Int.random(in: 0...tickets.count, using: &random)
        for ticket in tickets.prefix(waited) { _ = try await ticket.3.result() }
        for (topic, partition, value, ticket) in tickets where ticket.isComplete {
            let result = try await ticket.result()
            let model = models[topic][partition]
            #expect(model.pending.first == value, "acknowledged out of order")
            #expect(result.baseOffset == Offset(Int64(model.acknowledged.count)))
            models[topic][partition].acknowledged.append(models[topic][partition].pending.removeFirst())
        }
    }
}
