import Foundation
import Millrace
import Synchronization
import Testing

@Suite struct GroupConsumerTests {
    private static func withEngine(_ body: (Engine) async throws -> Void) async throws {
        let path = FileManager.default.temporaryDirectory.appendingPathComponent(
            "millrace-test-\(UUID())")
        defer { try? FileManager.default.removeItem(at: path) }
        var options = EngineOptions(shardCount: 2)
        options.journalFileBytes = 4 << 20
        options.offsetsPartitionCount = 2
        let engine = try await Engine.open(path.path, options: options)
        try await engine.createTopic("t", partitions: 4)
        do {
            try await body(engine)
        } catch {
            await engine.close()
            throw error
        }
        await engine.close()
    }

    private static func append(_ range: Range<Int>, to engine: Engine) async throws {
        for number in range {
            try await engine.append(
                Record(value: Array("\(number)".utf8)), to: "t", partition: Int32(number % 4))
        }
    }

    /// What consumers have read, by who it was.
    private final class Seen: Sendable {
        private let values = Mutex<[Int: [Int]]>([:])

        func add(_ value: Int, by consumer: Int) {
            values.withLock { $0[value, default: []].append(consumer) }
        }

        var count: Int { values.withLock { $0.count } }
        var readers: Set<Int> { values.withLock { Set($0.values.flatMap { $0 }) } }
        var total: Int { values.withLock { $0.values.reduce(0) { $0 + $1.count } } }
    }

    private static func read(_ consumer: GroupConsumer, as number: Int, into seen: Seen) async throws {
        while let next = try await consumer.next() {
            try next.batch.forEachRecord { record in
                let text = String(decoding: try record.record().value ?? [], as: UTF8.self)
                seen.add(try #require(Int(text)), by: number)
            }
        }
    }

    @Test func consumersOfAGroupShareAndOfTwoGroupsBothRead() async throws {
        try await Self.withEngine { engine in
            try await Self.append(0..<100, to: engine)
            let (queue, other) = (Seen(), Seen())
            let consumers = [
                try await engine.join(group: "queue", topics: ["t"]),
                try await engine.join(group: "queue", topics: ["t"]),
                try await engine.join(group: "other", topics: ["t"]),
            ]
            let tasks = consumers.enumerated().map { number, consumer in
                Task { try await Self.read(consumer, as: number, into: number < 2 ? queue : other) }
            }
            try await eventually {
                let counts = (
                    try await consumers[0].partitions.count, try await consumers[1].partitions.count
                )
                return counts == (2, 2)
            }
            try await Self.append(100..<200, to: engine)
            try await eventually { queue.count == 200 && other.count == 200 }
            #expect(queue.readers == [0, 1])
            #expect(other.total == 200)
            for consumer in consumers { try await consumer.leave() }
            for task in tasks { try await task.value }
            let committed = try await engine.committedOffsets(of: "other")
            #expect(committed.values.map(\.value) == [50, 50, 50, 50])
        }
    }

    @Test func theNextConsumerGoesOnWhereTheLastOneLeft() async throws {
        try await Self.withEngine { engine in
            try await Self.append(0..<4, to: engine)
            var options = GroupConsumerOptions()
            options.commitsAutomatically = false
            let first = try await engine.join(group: "g", topics: ["t"], options: options)
            let read = try #require(try await first.next())
            try await first.commit()
            _ = try await first.next()
            try await first.leave()
            #expect(try await first.next() == nil)
            #expect(
                try await engine.committedOffsets(of: "g") == [read.partition: read.nextOffset])
            let second = try await engine.join(group: "g", topics: ["t"], options: options)
            var rest: Set<TopicPartition> = []
            for _ in 0..<3 { rest.insert(try #require(try await second.next()).partition) }
            #expect(rest.count == 3 && !rest.contains(read.partition))
            // Whoever waits for more can be cancelled.
            let task = Task { try await second.next() == nil }
            task.cancel()
            #expect(try await task.value)
        }
    }

    @Test func aTrimmedPartitionIsReadFromItsStart() async throws {
        try await Self.withEngine { engine in
            try await Self.append(0..<40, to: engine)
            let partition = TopicPartition(topic: try TopicName("t"), partition: 1)
            try await engine.commit([partition: Offset(2)], for: "g")
            try await engine.trim("t", partition: 1, to: Offset(5))
            let consumer = try await engine.join(group: "g", topics: ["t"])
            while let next = try await consumer.next() {
                guard next.partition == partition else { continue }
                #expect(next.batch.first == Offset(5))
                break
            }
        }
    }

    @Test func closingTheEngineEndsWhoWaits() async throws {
        try await Self.withEngine { engine in
            let consumer = try await engine.join(group: "g", topics: ["t"])
            let task = Task { try await consumer.next() == nil }
            try await eventually { try await consumer.partitions.count == 4 }
            await engine.close()
            let error = await #expect(throws: EngineError.self) { try await task.value }
            #expect(error?.kind == .closed)
            await #expect(throws: EngineError.self) { try await consumer.leave() }
        }
    }

    @Test func whatCannotBeIsRefused() async throws {
        try await Self.withEngine { engine in
            var short = GroupConsumerOptions()
            short.sessionTimeout = .milliseconds(1)
            for (group, topics, options) in [
                ("", ["t"], GroupConsumerOptions()), ("g", [], GroupConsumerOptions()),
                ("g", ["a/b"], GroupConsumerOptions()), ("g", ["t"], short),
            ] {
                let error = await #expect(throws: EngineError.self) {
                    _ = try await engine.join(group: group, topics: topics, options: options)
                }
                #expect(error?.kind == .invalidArgument)
            }
        }
    }
}
