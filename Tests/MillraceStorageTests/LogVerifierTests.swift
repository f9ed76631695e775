import MillraceModel
import MillraceShard
import MillraceStorage
import SystemPackage
import Testing

@Suite struct LogVerifierTests {
    private func filled(crash: Bool) async throws -> StorageHarness {
        let harness = try StorageHarness(shardCount: 2)
        try await harness.run(crash: crash) { storage in
            for (topic, durability) in [("a", "durable"), ("b", "relaxed")] {
                _ = try await storage.create(
                    try TopicName(topic), partitionCount: 2,
                    config: try config(["millrace.durability": durability]))
                for number in 0..<20 {
                    try await storage.append(
                        ["\(number)", "x"], to: topic, Int32(number % 2),
                        codec: number % 3 == 0 ? .lz4 : .none)
                }
            }
        }
        return harness
    }

    @Test(arguments: [false, true])
    func itCountsWhatIsWhole(crash: Bool) async throws {
        let harness = try await filled(crash: crash)
        let report = try await harness.verify()
        #expect(report.problems.isEmpty && report.notes.isEmpty, "\(report.problems) \(report.notes)")
        #expect(report.topicCount == 2)
        #expect(report.partitionCount == 4)
        #expect(report.segmentCount == 4)
        #expect(report.batchCount == 40)
        #expect(report.recordCount == 80)
        let sizes = try ["a-0", "a-1", "b-0", "b-1"].map {
            try harness.bytes("\($0)/00000000000000000000.log").count
        }
        #expect(report.sizeInBytes == UInt64(sizes.reduce(0, +)))
    }

    @Test func aDirectoryInUseIsRefusedUnlessAskedFor() async throws {
        let harness = try await filled(crash: false)
        try await harness.run { _ in
            let error = await #expect(throws: StorageError.self) { try await harness.verify() }
            #expect(error?.description.contains("is open in another process") == true)
            let report = try await harness.verify(evenIfInUse: true)
            #expect(report.recordCount == 80)
        }
    }

    @Test func onePartitionAlone() async throws {
        let harness = try await filled(crash: false)
        try harness.flip("b-1/00000000000000000000.log", at: 70)
        let report = try await harness.onShard { shard in
            try await LogVerifier.verify(harness.directory.appending("a-1"), on: shard)
        }
        #expect(report.isIntact && report.partitionCount == 1 && report.recordCount == 20)
        let damaged = try await harness.onShard { shard in
            try await LogVerifier.verify(harness.directory.appending("b-1"), on: shard)
        }
        #expect(damaged.problems.map(\.first) == [.zero])
    }

    @Test func allThatIsDamagedIsNamed() async throws {
        let harness = try await filled(crash: false)
        try harness.flip("a-0/00000000000000000000.log", at: 80)
        try harness.remove("a-1/00000000000000000000.log")
        try harness.cut("b-0/00000000000000000000.log", to: 100)
        try harness.replace("b-1/00000000000000000000.timeindex", with: [1, 2, 3])
        let report = try await harness.verify()
        let found = report.problems.map { problem in
            let partition = problem.partition.map { "\($0)" } ?? ""
            return "\(problem.kind) \(partition) \(problem.first?.value ?? -1) \(problem.last?.value ?? -1)"
        }
        #expect(
            found == ["records a-0 0 1", "records a-1 0 19", "records b-0 2 19", "index b-1 -1 -1"]
                || found == ["records a-0 0 1", "records a-1 0 19", "records b-0 0 19", "index b-1 -1 -1"],
            "\(report.problems)")
        for problem in report.problems {
            #expect(problem.description.contains(problem.file.string))
        }
    }

    /// Bytes behind the last acknowledged batch are what an unclean stop leaves: a note, and gone
    /// after the next start.
    @Test func anUnacknowledgedTailIsNoDamage() async throws {
        let harness = try await filled(crash: true)
        for partition in ["a-0", "b-0"] {
            let name = "\(partition)/00000000000000000000.log"
            try harness.replace(name, with: try harness.bytes(name) + [UInt8](repeating: 7, count: 99))
        }
        let report = try await harness.verify()
        #expect(report.isIntact, "\(report.problems)")
        #expect(report.notes.map(\.partition?.description) == ["a-0", "b-0"])
        #expect(report.notes.allSatisfy { $0.reason.contains("unacknowledged tail") })
        try await harness.run { storage in
            let found = try await storage.read("a").count
            #expect(found == 20)
            let relaxed = try await storage.read("b").count
            #expect(relaxed == 20)
        }
        #expect(try await harness.verify().notes.isEmpty)
    }
}
