import Foundation
import MillraceModel
import MillraceRecords
import MillraceStorage
import SystemPackage
import Testing

/// Transactional records in a log that came from a Kafka broker: the end of a transaction stays while one of its
/// batches does, and then until its delete horizon.
@Suite struct CompactedTransactionsTests {
    /// A batch of one record of a transaction, or its end.
    private static func batch(
        _ key: [UInt8], _ value: [UInt8], at offset: Int64, sequence: Int32?
    ) throws -> [UInt8] {
        var builder = RecordBatchBuilder()
        try builder.append(
            Record(key: key, value: value, timestamp: Timestamp(milliseconds: offset * 10)), now: .none)
        let producer = ProducerState(
            id: ProducerID(1), epoch: ProducerEpoch(0), baseSequence: sequence ?? -1)
        var bytes = try builder.finish(
            producer: producer, isTransactional: true, isControl: sequence == nil)
        bytes.withUnsafeMutableBytes {
            guard let start = $0.baseAddress else { return }
            RecordBatch.assign(offset: Offset(offset), leaderEpoch: .zero, in: start)
        }
        return bytes
    }

    /// Version 0, and type 1 for a commit; its value is of version 0 and says coordinator epoch 0.
    private static func commit(at offset: Int64) throws -> [UInt8] {
        try batch([0, 0, 0, 1], [0, 0, 0, 0, 0, 0], at: offset, sequence: nil)
    }

    private static func ends(_ harness: StorageHarness) async throws -> [Int] {
        var found: [Int] = []
        for segment in try harness.segments("t-0") {
            found += try await harness.dump(segment.name).filter { $0.contains("isControl: true") }
                .compactMap { number("lastOffset", in: $0) }
        }
        return found
    }

    @Test func theEndOfATransactionOutlivesItsRecords() async throws {
        let harness = try StorageHarness()
        try FileManager.default.createDirectory(
            atPath: harness.path("t-0"), withIntermediateDirectories: true)
        let batches = [
            try Self.batch(Array("a".utf8), [1], at: 0, sequence: 0), try Self.commit(at: 1),
            try Self.batch(Array("b".utf8), [1], at: 2, sequence: 1), try Self.commit(at: 3),
        ]
        try harness.replace("t-0/00000000000000000000.log", with: batches.flatMap { $0 })
        try await harness.run { storage in
            _ = try await storage.alterConfig(try TopicName("t")) { (config) throws(TopicConfigError) in
                for (key, value) in [
                    ("cleanup.policy", "compact"), ("segment.ms", "1"), ("delete.retention.ms", "0"),
                    ("min.cleanable.dirty.ratio", "0"),
                ] { try config.set(key, to: value) }
            }
            try await storage.put(["a": "2"], at: 100)
            try await storage.put(["c": "1"], at: 200)
            try await storage.compact()
        }
        // The first transaction had a batch when the way began.
        #expect(try await Self.ends(harness) == [1, 3])
        for (number, left) in [[1, 3], [3]].enumerated() {
            try await harness.run { storage in
                try await storage.put(["d": "\(number)"], at: Int64(300 + number * 100))
                try await storage.put(["d": "\(number)"], at: Int64(350 + number * 100))
                try await storage.compact()
            }
            // It is marked on the first way without a batch, and goes on the next: none is kept any longer.
            #expect(try await Self.ends(harness) == left)
        }
        try await harness.run { storage in
            let pairs = try await storage.pairs().filter { !$0.contains("\u{0}") }
            #expect(pairs.prefix(2) == ["2:b=\u{1}", "4:a=2"])
        }
        #expect(try await harness.verify().isIntact)
    }

    /// What was aborted goes at once, and with it the word that it was: whoever reads on must not take what its
    /// producer has committed since for a part of it.
    @Test(arguments: [false, true]) func whatWasAbortedGoesFirst(crash: Bool) async throws {
        let harness = try StorageHarness()
        let expected = ["b1", "a3", "c1"]
        try await harness.run(crash: crash) { storage in
            try await storage.make(
                "t",
                [
                    "cleanup.policy": "compact", "segment.ms": "1", "min.cleanable.dirty.ratio": "0",
                    "delete.retention.ms": "0",
                ])
            var producer = TransactionalProducer(id: 1)
            for (key, value, isCommit) in [
                ("a", "a1", true), ("a", "a2", false), ("b", "b1", true), ("a", "a3", true), ("d", "d1", false),
                ("c", "c1", true),
            ] {
                try await producer.send([value], key: key, to: storage)
                try await storage.shards[0].shard.sleep(for: .milliseconds(3))
                try await producer.end(isCommit: isCommit, in: storage)
                try await storage.shards[0].shard.sleep(for: .milliseconds(3))
            }
            try await storage.expectCommitted(["a1"] + expected)
            for _ in 0..<3 {
                try await storage.compact()
                try await storage.expectCommitted(expected)
                try await storage.shards[0].shard.sleep(for: .milliseconds(5))
            }
            // In one response or in many.
            try await storage.expectCommitted(expected, bytesMax: 1)
        }
        for _ in 0..<2 {
            try await harness.run(crash: crash) { storage in
                try await storage.expectCommitted(expected)
                try await storage.expectStable(Offset(12))
            }
        }
        let names = try FileManager.default.contentsOfDirectory(atPath: harness.path("t-0"))
        #expect(!names.contains { $0.hasSuffix(".txnindex") })
    }
}
