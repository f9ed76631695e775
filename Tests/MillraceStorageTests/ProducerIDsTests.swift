import MillraceModel
import MillraceStorage
import Testing

@Suite struct ProducerIDsTests {
    @Test func noProducerIDIsGivenTwice() async throws {
        let harness = try StorageHarness()
        var seen: Set<ProducerID> = []
        for round in 0..<4 {
            let ids = try await harness.run(crash: round % 2 == 1) { storage in
                var ids: [ProducerID] = []
                for _ in 0..<1500 { ids.append(try await storage.allocateProducerID()) }
                return ids
            }
            #expect(ids.allSatisfy { seen.insert($0).inserted })
        }
        #expect(seen.count == 6000)
    }

    @Test func manyMayAskAtOnce() async throws {
        try await StorageHarness(shardCount: 2).run { storage in
            let ids = try await withThrowingTaskGroup(of: ProducerID.self) { group in
                for _ in 0..<2500 { group.addTask { try await storage.allocateProducerID() } }
                var ids: Set<ProducerID> = []
                for try await id in group { ids.insert(id) }
                return ids
            }
            #expect(ids.count == 2500)
        }
    }

    @Test func aDamagedFileStopsTheAllocation() async throws {
        let harness = try StorageHarness()
        try await harness.run { storage in _ = try await storage.allocateProducerID() }
        try harness.flip("millrace-producer-ids", at: 30)
        try await harness.run { storage in
            let error = await storageError { _ = try await storage.allocateProducerID() }
            guard case .damagedFile = error else {
                Issue.record("\(String(describing: error))")
                return
            }
        }
    }

    @Test func idsOfLogsThatCameFromElsewhereAreNotGivenAgain() async throws {
        let harness = try StorageHarness()
        try await harness.run { storage in
            try await storage.make()
            var producer = TestProducer(id: 4711)
            _ = try await producer.send(["v"], to: storage)
        }
        try await harness.run { storage in
            let id = try await storage.allocateProducerID()
            #expect(id == ProducerID(4712))
        }
    }

    /// A client says what its id is: none may use all of them up.
    @Test func aProducerThatCallsItselfByTheLargestNumberLeavesTheOthersTheirs() async throws {
        let harness = try StorageHarness()
        try await harness.run { storage in
            try await storage.make()
            for id: Int64 in [.max, .max - 1, 41] {
                var producer = TestProducer(id: id)
                _ = try await producer.send(["v"], to: storage)
            }
        }
        try await harness.run { storage in
            let id = try await storage.allocateProducerID()
            #expect(id == ProducerID(42))
        }
    }
}
