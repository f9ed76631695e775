import Foundation
import MillraceModel
import MillraceRecords
@testable import MillraceStorage
import Testing

/// Transactions in a partition, against a model of what is committed.
@Suite struct TransactionTests {
    @Test func whatIsOpenIsNotCommittedYet() async throws {
        let harness = try StorageHarness()
        try await harness.run { storage in
            try await storage.make()
            var producer = TransactionalProducer(id: 1)
            try await producer.send(["a"], to: storage)
            try await storage.append(["b"], to: "t")
            try await storage.expectStable(.zero)
            try await storage.expectCommitted([])
            try await producer.end(isCommit: true, in: storage)
            try await storage.expectStable(Offset(3))
            try await storage.expectCommitted(["a", "b"])
            try await producer.send(["c"], to: storage)
            try await producer.end(isCommit: false, in: storage)
            try await storage.expectStable(Offset(5))
            try await storage.expectCommitted(["a", "b"])
        }
    }

    @Test func whoIsNotInATransactionWritesNothingOfOne() async throws {
        let harness = try StorageHarness()
        try await harness.run { storage in
            try await storage.make()
            let log = try storage.log()
            let producer = TransactionalProducer(id: 1)
            let batch = try producer.batch(["a"])
            let unasked = await storageError { _ = try await log.storage.append(batch, to: log) }
            guard case .notInTransaction = unasked else {
                Issue.record("\(String(describing: unasked))")
                return
            }
            // An end comes between the question and the batch: the answer is worth nothing any more.
            let verification = await log.storage.verification(for: ProducerID(1), in: log)
            try await producer.end(isCommit: false, in: storage)
            let late = await storageError {
                _ = try await log.storage.append(batch, to: log, verification: verification)
            }
            guard case .notInTransaction = late else {
                Issue.record("\(String(describing: late))")
                return
            }
        }
    }

    @Test func besideATransactionItsProducerWritesNothing() async throws {
        let harness = try StorageHarness()
        try await harness.run { storage in
            try await storage.make()
            var producer = TransactionalProducer(id: 7)
            try await producer.send(["a"], to: storage)
            let error = await storageError {
                _ = try await TestProducer(id: 7).send(["b"], at: 1, to: storage)
            }
            guard case .openTransaction(_, ProducerID(7), since: .zero) = error else {
                Issue.record("\(String(describing: error))")
                return
            }
        }
    }

    /// A marker of a younger epoch ends what the older left, and fences it.
    @Test(arguments: [false, true]) func aYoungerEpochFences(crash: Bool) async throws {
        let harness = try StorageHarness()
        try await harness.run(crash: crash) { storage in
            try await storage.make()
            var producer = TransactionalProducer(id: 1)
            try await producer.send(["a"], to: storage)
            producer.epoch = 1
            try await producer.end(isCommit: false, in: storage)
        }
        try await harness.run { storage in
            var old = TransactionalProducer(id: 1)
            old.sequence = 1
            let log = try storage.log()
            let batch = try old.batch(["b"])
            let verification = await log.storage.verification(for: ProducerID(1), in: log)
            let error = await storageError {
                _ = try await log.storage.append(batch, to: log, verification: verification)
            }
            guard case .invalidProducerEpoch(_, _, found: ProducerEpoch(0), current: ProducerEpoch(1)) = error else {
                Issue.record("\(String(describing: error))")
                return
            }
            var young = TransactionalProducer(id: 1)
            young.epoch = 1
            try await young.send(["c"], to: storage)
            try await young.end(isCommit: true, in: storage)
            try await storage.expectCommitted(["c"])
        }
    }

    /// Whoever writes in the name of a producer with a later epoch would have its end refused, and its transaction open
    /// for ever.
    @Test func aYoungerEpochDoesNotGoOnWithATransaction() async throws {
        let harness = try StorageHarness()
        try await harness.run { storage in
            try await storage.make()
            var producer = TransactionalProducer(id: 1)
            try await producer.send(["a"], to: storage)
            var other = TransactionalProducer(id: 1)
            other.epoch = 1
            let batch = try other.batch(["b"])
            let log = try storage.log()
            let error = await storageError { _ = try await log.storage.append(batch, to: log) }
            guard case .notInTransaction = error else {
                Issue.record("\(String(describing: error))")
                return
            }
            try await producer.end(isCommit: true, in: storage)
            try await storage.expectStable(Offset(2))
        }
    }

    @Test func theLogStartIsStableWhateverIsOpen() async throws {
        let harness = try StorageHarness()
        try await harness.run { storage in
            try await storage.make()
            var producer = TransactionalProducer(id: 1)
            try await producer.send(["a"], to: storage)
            try await storage.append(["b"], to: "t")
            let log = try storage.log()
            try await log.storage.trim(log, to: Offset(1))
            try await storage.expectStable(Offset(1))
        }
    }

    @Test(arguments: [Durability.durable, .relaxed], 1...6 as ClosedRange<UInt64>)
    func whatIsCommittedIsReadWhateverHappens(durability: Durability, seed: UInt64) async throws {
        let harness = try StorageHarness()
        var story = TransactionStory(seed: seed)
        try await harness.run { [durability] storage in
            try await storage.make(
                "t", ["millrace.durability": durability.rawValue, "segment.bytes": "1048576"])
        }
        for _ in 0..<6 {
            // A crash of the process takes nothing back that was acknowledged.
            let crash = story.chance.next() % 2 == 0
            let before = story
            story = try await harness.run(crash: crash) { storage in
                var story = before
                try await story.check(storage)
                for _ in 0..<40 { try await story.step(storage) }
                try await story.check(storage)
                return story
            }
        }
        #expect(story.abortedCount > 0 && story.expected.count > 0)
    }

    @Test(arguments: ["flipped", "cut", "gone"])
    func aDamagedIndexIsMadeAgainFromTheLog(damage: String) async throws {
        let messages = Messages()
        let harness = try StorageHarness(messages: messages)
        try await harness.run { storage in
            try await storage.make()
            for number in 0..<5 {
                var producer = TransactionalProducer(id: Int64(number))
                try await producer.send(["\(number)"], to: storage)
                try await producer.end(isCommit: number == 2, in: storage)
            }
        }
        let name = "t-0/00000000000000000000.txnindex"
        #expect(try harness.bytes(name).count == 4 * 34)
        #expect(try await harness.dump(name).count == 5)
        switch damage {
        case "flipped": try harness.flip(name, at: 0)
        case "cut": try harness.cut(name, to: 40)
        default:
            // With the snapshots, as where somebody has tidied up.
            try harness.remove(name)
            for file in try FileManager.default.contentsOfDirectory(atPath: harness.path("t-0"))
            where file.hasSuffix(".snapshot") { try harness.remove("t-0/\(file)") }
        }
        try await harness.run { storage in
            try await storage.expectCommitted(["2"])
        }
        #expect(try harness.bytes(name).count == 4 * 34)
        #expect(messages.all.contains { $0.contains("transaction index is damaged") } == (damage != "gone"))
    }

    /// As `kafka-dump-log` shows them.
    @Test func theDumpShowsMarkers() async throws {
        let harness = try StorageHarness()
        try await harness.run(crash: true) { storage in
            try await storage.make()
            var producer = TransactionalProducer(id: 1)
            try await producer.send(["a"], to: storage)
            try await producer.end(isCommit: true, in: storage)
            try await producer.send(["b"], to: storage)
            try await producer.end(isCommit: false, in: storage)
        }
        let lines = try await harness.dump("t-0/00000000000000000000.log", records: true)
        #expect(lines.filter { $0.contains("endTxnMarker: COMMIT") }.count == 1)
        #expect(lines.filter { $0.contains("endTxnMarker: ABORT") }.count == 1)
    }
}
