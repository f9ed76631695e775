import Foundation
import MillraceClient
import Synchronization
import Testing

/// Clients of a real broker that is started again under them.
@Suite(.serialized, .timeLimit(.minutes(2))) struct RestartTests {
    private static let policy = ReconnectPolicy(
        initial: .milliseconds(5), max: .milliseconds(100), total: .seconds(60))
    private static let recordCount = 20_000
    private static let partitions: Int32 = 2

    private static func connect(_ broker: RestartingBroker) async throws -> MillraceClient {
        try await MillraceClient.connect(port: broker.port, reconnect: policy)
    }

    private static func text(_ record: ConsumedRecord) -> String {
        String(decoding: record.record.value ?? [], as: UTF8.self)
    }

    /// Produces numbered records to both partitions, whatever happens to the broker.
    private static func produce(_ client: MillraceClient) async throws {
        let producer = try await client.producer(
            topic: "orders", options: ProducerOptions(compression: .lz4, batchBytesMax: 2000))
        for start in stride(from: 0, to: recordCount, by: 100) {
            for partition in 0..<partitions {
                let records = (start..<(start + 100)).map { Record(value: Array("\($0)".utf8)) }
                try await producer.send(
                    records, partition: partition, now: Timestamp(milliseconds: 1))
            }
            try await Task.sleep(for: .milliseconds(5))
        }
        let receipts = try await producer.close()
        #expect(receipts.map(\.recordCount) == [Int64](repeating: Int64(recordCount), count: 2))
    }

    /// A producer and a consumer go on through three restarts: every record is there once, in order.
    @Test func nothingIsLostOrDoubledThroughRestarts() async throws {
        let broker = RestartingBroker()
        defer { try? FileManager.default.removeItem(atPath: broker.path) }
        try await broker.start()
        let client = try await Self.connect(broker)
        try await client.createTopic("orders", partitions: Self.partitions)
        let starts = (0..<Self.partitions).map {
            (TopicPartition(topic: try! TopicName("orders"), partition: $0), StartPosition.beginning)
        }
        let consumer = client.consumer(of: Dictionary(uniqueKeysWithValues: starts))
        let load = Task { try await Self.produce(client) }
        let reading = Task {
            var found = [[String]](repeating: [], count: Int(Self.partitions))
            for try await record in consumer.records {
                found[Int(record.partition)].append(Self.text(record))
                if found.allSatisfy({ $0.count >= Self.recordCount }) { break }
            }
            return found
        }
        for _ in 0..<3 {
            try await Task.sleep(for: .milliseconds(300))
            await broker.stop()
            try await Task.sleep(for: .milliseconds(50))
            try await broker.start()
        }
        try await load.value
        let expected = (0..<Self.recordCount).map(String.init)
        for found in try await reading.value { #expect(found == expected) }
        await client.close()
        await broker.stop()
    }

    /// What the members of a group were given, by partition.
    private final class Seen: Sendable {
        let texts = Mutex([Set<String>](repeating: [], count: Int(RestartTests.partitions)))
    }

    private static func read(_ member: GroupConsumer, _ seen: Seen) async throws {
        for try await record in member.records {
            seen.texts.withLock { _ = $0[Int(record.partition)].insert(text(record)) }
        }
    }

    /// Two members share the partitions and keep them through a restart; together they are given every record.
    @Test func membersOfAGroupGoOnAfterARestart() async throws {
        let broker = RestartingBroker()
        defer { try? FileManager.default.removeItem(atPath: broker.path) }
        try await broker.start()
        let client = try await Self.connect(broker)
        try await client.createTopic("orders", partitions: Self.partitions)
        let seen = Seen()
        let options = GroupConsumerOptions(
            autoCommitInterval: .milliseconds(100), offsetReset: .earliest)
        var members: [GroupConsumer] = []
        var tasks: [Task<Void, any Error>] = []
        for _ in 0..<2 {
            let member = try client.groupConsumer(
                group: "billing", topics: ["orders"], options: options)
            members.append(member)
            tasks.append(Task { try await Self.read(member, seen) })
        }
        let load = Task { try await Self.produce(client) }
        try await Task.sleep(for: .milliseconds(500))
        await broker.stop()
        try await broker.start()
        try await load.value
        while seen.texts.withLock({ $0.contains { $0.count < Self.recordCount } }) {
            try await Task.sleep(for: .milliseconds(10))
        }
        for member in members {
            try? await member.commit()
            await member.leave()
        }
        for task in tasks { try await task.value }
        let committed = try await client.committedOffsets(of: "billing", topic: "orders")
        #expect(committed.count == Int(Self.partitions))
        await client.close()
        await broker.stop()
    }
}
