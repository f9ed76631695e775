import MillraceModel
import MillraceStorage
import Testing

/// What an idempotent producer may send, and what it gets.
@Suite struct ProducerTableTests {
    @Test func aBatchThatComesTwiceIsStoredOnceAndAnsweredWithItsFirstOffset() async throws {
        try await StorageHarness().run { storage in
            try await storage.make()
            var producer = TestProducer()
            for round in 0..<8 {
                let result = try await producer.send(["a\(round)", "b\(round)"], to: storage)
                #expect(result.baseOffset == Offset(Int64(round) * 2) && !result.isDuplicate)
            }
            for round in 3..<8 {
                let again = try await producer.send(
                    ["a\(round)", "b\(round)"], at: Int32(round) * 2, to: storage
                ).result()
                #expect(again.baseOffset == Offset(Int64(round) * 2) && again.isDuplicate)
                #expect(again.nextOffset == Offset(Int64(round) * 2 + 2))
            }
            #expect(try await storage.read("t").count == 16)
            let found = try await storage.producers()
            #expect(found.map(\.id) == [ProducerID(7)] && found.map(\.lastSequence) == [15])
        }
    }

    @Test func aRepeatOfAnOldBatchIsADuplicateAndAGapIsRefused() async throws {
        try await StorageHarness().run { storage in
            try await storage.make()
            var producer = TestProducer()
            for _ in 0..<20 { _ = try await producer.send(["v"], to: storage) }
            let sender = producer
            let old = await storageError { _ = try await sender.send(["v"], at: 3, to: storage) }
            guard case .duplicateSequence(_, ProducerID(7), 3, 3, newest: 19) = old else {
                Issue.record("\(String(describing: old))")
                return
            }
            let gap = await storageError { _ = try await sender.send(["v"], at: 21, to: storage) }
            guard case .outOfOrderSequence(_, _, _, found: 21, expected: 20) = gap else {
                Issue.record("\(String(describing: gap))")
                return
            }
            // It has stored records and others besides, so it is no repeat.
            let half = await storageError {
                _ = try await sender.send(["v", "w"], at: 19, to: storage)
            }
            guard case .outOfOrderSequence = half else {
                Issue.record("\(String(describing: half))")
                return
            }
            #expect(try await producer.send(["v"], to: storage).baseOffset == Offset(20))
        }
    }

    @Test func anOlderEpochIsFencedAndANewOneBeginsAtZero() async throws {
        try await StorageHarness().run { storage in
            try await storage.make()
            var old = TestProducer(epoch: 3)
            _ = try await old.send(["a", "b"], to: storage)
            let new = TestProducer(epoch: 4)
            let late = await storageError { _ = try await new.send(["c"], at: 2, to: storage) }
            guard case .outOfOrderSequence(_, _, ProducerEpoch(4), found: 2, expected: 0) = late
            else {
                Issue.record("\(String(describing: late))")
                return
            }
            let first = try await new.send(["c"], at: 0, to: storage).result()
            #expect(first.baseOffset == Offset(2))
            let sender = old
            let fenced = await storageError {
                _ = try await sender.send(["d"], at: 2, to: storage)
            }
            guard
                case .invalidProducerEpoch(
                    _, _, found: ProducerEpoch(3), current: ProducerEpoch(4)) = fenced
            else {
                Issue.record("\(String(describing: fenced))")
                return
            }
        }
    }

    @Test func anUnknownProducerBeginsAnywhereAndItsEarlierRecordsAreNoRepeats() async throws {
        try await StorageHarness().run { storage in
            try await storage.make()
            let producer = TestProducer()
            let first = try await producer.send(["x", "y"], at: 100, to: storage).result()
            #expect(first.baseOffset == .zero)
            // Nobody knows whether these were stored.
            let earlier = await storageError {
                _ = try await producer.send(["u"], at: 50, to: storage)
            }
            guard case .outOfOrderSequence = earlier else {
                Issue.record("\(String(describing: earlier))")
                return
            }
            let next = try await producer.send(["z"], at: 102, to: storage).result()
            #expect(next.baseOffset == Offset(2))
        }
    }

    @Test func sequencesGoOnAtZeroAfterTheLargest() async throws {
        let harness = try StorageHarness()
        let largest = Int32.max
        try await harness.run { storage in
            try await storage.make()
            let producer = TestProducer()
            _ = try await producer.send(["a"], at: largest - 2, to: storage).result()
            let across = try await producer.send(
                ["b", "c", "d", "e"], at: largest - 1, to: storage
            ).result()
            #expect(across.baseOffset == Offset(1))
            let again = try await producer.send(
                ["b", "c", "d", "e"], at: largest - 1, to: storage
            ).result()
            #expect(again.isDuplicate && again.baseOffset == Offset(1))
            #expect(try await producer.send(["f"], at: 2, to: storage).result().baseOffset == Offset(5))
            #expect(try await storage.producers().map(\.lastSequence) == [2])
        }
        try await harness.run { storage in
            let next = try await TestProducer().send(["g"], at: 3, to: storage).result()
            #expect(next.baseOffset == Offset(6))
        }
    }

    @Test(arguments: [Durability.durable, .relaxed])
    func aRepeatWaitsForTheAcknowledgementOfTheFirst(durability: Durability) async throws {
        try await StorageHarness().run { storage in
            try await storage.make("t", ["millrace.durability": durability.rawValue])
            let producer = TestProducer()
            var tickets: [AppendTicket] = []
            for _ in 0..<3 {
                for sequence in 0..<5 {
                    tickets.append(
                        try await producer.send(["\(sequence)"], at: Int32(sequence), to: storage))
                }
            }
            for (index, ticket) in tickets.enumerated() {
                let result = try await ticket.result()
                #expect(result.baseOffset == Offset(Int64(index % 5)))
                #expect(result.isDuplicate == (index >= 5))
                let state = await log(storage)
                #expect(state > result.baseOffset, "acknowledged before it is safe")
            }
            #expect(try await storage.read("t").map(\.1) == ["0", "1", "2", "3", "4"])
        }
        @Sendable func log(_ storage: Storage) async -> Offset {
            guard let log = try? storage.log() else { return .zero }
            return await log.storage.state(of: log).highWatermark
        }
    }

    @Test func onlySoManyProducersAreRemembered() async throws {
        let harness = try StorageHarness { $0.producersMax = 10 }
        try await harness.run { storage in
            try await storage.make()
            for id in 0..<25 {
                var producer = TestProducer(id: Int64(id))
                _ = try await producer.send(["v"], to: storage)
            }
            let found = try await storage.producers()
            #expect(found.count <= 10 && found.last?.id == ProducerID(24))
        }
    }

    @Test func aSilentProducerIsForgotten() async throws {
        let harness = try StorageHarness { $0.producerExpiration = .milliseconds(1) }
        try await harness.run { storage in
            try await storage.make()
            var producer = TestProducer()
            _ = try await producer.send(["v"], to: storage)
            let log = try storage.log()
            try await log.storage.shard.sleep(for: .milliseconds(20))
            await log.storage.applyRetention()
            #expect(try await storage.producers().isEmpty)
            // Forgotten, not fenced: it goes on where it was.
            #expect(try await producer.send(["w"], to: storage).baseOffset == Offset(1))
        }
    }
}
