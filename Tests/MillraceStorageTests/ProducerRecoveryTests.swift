import Foundation
import MillraceModel
import MillraceStorage
import Testing

/// What a partition knows of its producers survives a stop of any kind.
@Suite struct ProducerRecoveryTests {
    private static let large = String(repeating: "z", count: 100_000)

    private func snapshots(_ harness: StorageHarness) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: harness.path("t-0")).sorted()
            .filter { $0.hasSuffix(".snapshot") }
    }

    @Test(arguments: [Durability.durable, .relaxed], [false, true])
    func aRepeatIsKnownAfterAStop(durability: Durability, crash: Bool) async throws {
        let harness = try StorageHarness()
        try await harness.run(crash: crash) { storage in
            try await storage.make(
                "t", ["millrace.durability": durability.rawValue, "segment.bytes": "1048576"])
            var producer = TestProducer()
            for round in 0..<50 {
                _ = try await producer.send([Self.large, "\(round)"], to: storage)
            }
        }
        for _ in 0..<2 {
            try await harness.run(crash: crash) { storage in
                #expect(try await storage.producers().map(\.lastSequence) == [99])
                let again = try await TestProducer().send(
                    [Self.large, "49"], at: 98, to: storage
                ).result()
                #expect(again.isDuplicate && again.baseOffset == Offset(98))
                let gap = await storageError {
                    _ = try await TestProducer().send(["x"], at: 101, to: storage)
                }
                guard case .outOfOrderSequence(_, _, _, found: 101, expected: 100) = gap else {
                    Issue.record("\(String(describing: gap))")
                    return
                }
            }
        }
        #expect(try snapshots(harness).count <= 2)
    }

    /// The answers to all that a producer had under way may be lost with the connection.
    @Test(arguments: [false, true])
    func theLastFiveBatchesAreKnownAfterAStop(crash: Bool) async throws {
        let harness = try StorageHarness()
        try await harness.run(crash: crash) { storage in
            try await storage.make()
            var producer = TestProducer()
            for round in 0..<8 { _ = try await producer.send(["\(round)", "x"], to: storage) }
        }
        try await harness.run { storage in
            for round in 3..<8 {
                let again = try await TestProducer().send(
                    ["\(round)", "x"], at: Int32(round) * 2, to: storage
                ).result()
                #expect(again.isDuplicate && again.baseOffset == Offset(Int64(round) * 2))
            }
            #expect(try await storage.producers().count == 1)
            #expect(try await storage.read("t").count == 16)
        }
    }

    @Test(arguments: ["flipped", "cut", "gone", "empty"])
    func aDamagedSnapshotIsMadeAgainFromTheLog(damage: String) async throws {
        let messages = Messages()
        let harness = try StorageHarness(messages: messages)
        try await harness.run { storage in
            try await storage.make("t", ["segment.bytes": "1048576"])
            for id in 0..<3 {
                var producer = TestProducer(id: Int64(id), epoch: 2)
                for _ in 0..<15 { _ = try await producer.send([Self.large], to: storage) }
            }
        }
        let names = try snapshots(harness)
        #expect(names.last == "00000000000000000045.snapshot")
        for name in names.map({ "t-0/\($0)" }) {
            switch damage {
            case "flipped": try harness.flip(name, at: 30)
            case "cut": try harness.cut(name, to: 20)
            case "empty": try harness.cut(name, to: 0)
            default: try harness.remove(name)
            }
        }
        let report = try await harness.verify()
        #expect(report.problems.count == (damage == "gone" ? 0 : names.count))
        #expect(report.problems.allSatisfy { $0.kind == .index })
        try await harness.run { storage in
            let found = try await storage.producers()
            #expect(found.map(\.id) == (0..<3).map { ProducerID($0) })
            #expect(found.allSatisfy { $0.lastSequence == 14 && $0.epoch == ProducerEpoch(2) })
            // The log tells of the last five, where a snapshot has one.
            let again = try await TestProducer(id: 1, epoch: 2).send(
                [Self.large], at: 10, to: storage
            ).result()
            #expect(again.isDuplicate && again.baseOffset == Offset(25))
        }
        #expect(messages.all.contains { $0.contains("snapshot is damaged") } == (damage != "gone"))
    }

    @Test func aSnapshotHasKafkasForm() async throws {
        let harness = try StorageHarness()
        try await harness.run { storage in
            try await storage.make()
            var producer = TestProducer(id: 0x0102_0304_0506, epoch: 9)
            _ = try await producer.send(["a", "b", "c"], to: storage)
        }
        let bytes = try harness.bytes("t-0/00000000000000000003.snapshot")
        #expect(bytes.count == 10 + 46)
        #expect(Array(bytes[..<2]) == [0, 1] && Array(bytes[6..<10]) == [0, 0, 0, 1])
        #expect(
            Array(bytes[10..<36])
                == [
                    0, 0, 1, 2, 3, 4, 5, 6, 0, 9, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 2,
                ])
        #expect(Array(bytes[44...]) == [UInt8](repeating: 0xff, count: 12))
        let lines = try await harness.dump("t-0/00000000000000000003.snapshot")
        #expect(lines.last?.contains("lastSequence: 2") == true)
        #expect(lines.last?.contains("lastOffset: 2") == true)
    }

    /// A snapshot beyond the end of the log speaks of records that a power cut took back.
    @Test func aSnapshotBeyondTheEndIsNotBelieved() async throws {
        let harness = try StorageHarness()
        try await harness.run { storage in
            try await storage.make("t", ["millrace.durability": "relaxed"])
            var producer = TestProducer()
            for _ in 0..<10 { _ = try await producer.send(["abc"], to: storage) }
        }
        let log = "t-0/00000000000000000000.log"
        try harness.cut(log, to: try harness.bytes(log).count / 2)
        for name in try FileManager.default.contentsOfDirectory(atPath: harness.path("journal"))
        where name.hasSuffix(".checkpoint") {
            try harness.remove("journal/\(name)")
        }
        try await harness.run { storage in
            #expect(try await storage.producers().map(\.lastSequence) == [4])
            let next = try await TestProducer().send(["def"], at: 5, to: storage).result()
            #expect(next.baseOffset == Offset(5) && !next.isDuplicate)
        }
    }

    @Test func recordsThatWereTrimmedLeaveTheirProducerKnown() async throws {
        let harness = try StorageHarness()
        try await harness.run { storage in
            try await storage.make("t", ["segment.bytes": "1048576"])
            var producer = TestProducer()
            for _ in 0..<30 { _ = try await producer.send([Self.large], to: storage) }
            let log = try storage.log()
            try await log.storage.trim(log, to: Offset(30))
        }
        try await harness.run { storage in
            #expect(try await storage.producers().map(\.lastSequence) == [29])
            let next = try await TestProducer().send(["x"], at: 30, to: storage).result()
            #expect(next.baseOffset == Offset(30))
        }
    }
}
