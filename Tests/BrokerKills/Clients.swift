import ArgumentParser
import Foundation
import MillraceClient

/// The Swift client goes on over a broker that is killed and started again: producers and the members of a group lose
/// nothing, and nothing is in the log twice.
struct Clients: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Under producers and a consumer group that go on over it: nothing lost, nothing in the log twice.")

    @OptionGroup var options: KillOptions

    private static let topic = "soak"
    private static let partitions: Int32 = 8
    private static let producers = 4
    private static let consumers = 8
    /// For what takes a moment unless it hangs: a new acknowledgement after a kill, the rest of the log at the end.
    private static let patience = Duration.seconds(60)

    func run() async throws {
        var generator = options.generator()
        let broker = try Broker(program: options.millrace)
        defer { broker.remove() }
        let admin = try await broker.connect()
        try await admin.createTopic(
            Self.topic, partitions: Self.partitions, config: ["segment.bytes": "1048576"])

        let ledger = Ledger(producers: Self.producers, partitions: Int(Self.partitions))
        let writing = Flag()
        let consumers = try await Self.join(broker)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for number in 0..<Self.producers {
                group.addTask { try await Self.produce(number, broker, ledger, while: writing) }
            }
            for consumer in consumers {
                group.addTask { try await Self.consume(consumer, ledger) }
            }
            let moments = (0..<options.kills).map { _ in
                (life: Int.random(in: 0..<1500, using: &generator), absence: Int.random(in: 0..<300, using: &generator))
            }
            group.addTask {
                for moment in moments {
                    try await ledger.waitForProgress(within: Self.patience)
                    try await Task.sleep(for: .milliseconds(moment.life))
                    broker.kill()
                    try await Task.sleep(for: .milliseconds(moment.absence))
                    try broker.start()
                }
                try await ledger.waitForProgress(within: Self.patience)
                writing.clear()
                try await ledger.waitUntilAllIsConsumed(within: Self.patience)
                for consumer in consumers { await consumer.leave() }
            }
            // The first that fails ends the others.
            while try await group.next() != nil {}
        }
        let outcome = try await Self.verify(admin, ledger)
        await admin.close()
        try broker.stop()
        print(
            "\(options.kills) kills under \(Self.producers) producers and \(Self.consumers) group consumers: "
                + "\(outcome.records) records acknowledged, each in the log once and in order, each consumed, "
                + "\(outcome.again) of them more than once")
    }

    // MARK: The clients, each with a connection of its own

    private static func produce(
        _ number: Int, _ broker: Broker, _ ledger: Ledger, while writing: Flag
    ) async throws {
        let client = try await broker.connect()
        let producer = try await client.producer(
            topic: topic, options: ProducerOptions(compression: .lz4, batchBytesMax: 4096))
        var round = 0
        while writing.isSet {
            for partition in 0..<partitions {
                let values = ledger.nextValues(producer: number, partition: partition, count: 10)
                try await producer.send(
                    values.map { Record(value: $0) }, partition: partition, now: Timestamp(milliseconds: 1))
            }
            round += 1
            // Seldom, so that many batches are under way when the broker dies.
            if round % 10 == 0 {
                try await producer.flush()
                ledger.acknowledged(producer: number)
            }
            try await Task.sleep(for: .milliseconds(10))
        }
        try await producer.close()
        ledger.finished(producer: number)
        await client.close()
    }

    private static func join(_ broker: Broker) async throws -> [GroupConsumer] {
        var joined: [GroupConsumer] = []
        for _ in 0..<consumers {
            let client = try await broker.connect()
            joined.append(
                try client.groupConsumer(
                    group: "soak", topics: [topic],
                    options: GroupConsumerOptions(
                        assignors: [.sticky], autoCommitInterval: .milliseconds(500), offsetReset: .earliest)))
        }
        return joined
    }

    private static func consume(_ consumer: GroupConsumer, _ ledger: Ledger) async throws {
        while let batch = try await consumer.nextBatch() {
            try batch.forEachRecord { record in
                try ledger.consumed(record.value ?? [], partition: batch.partition, offset: record.offset)
            }
        }
    }

    // MARK: What the log says

    private static func verify(_ client: MillraceClient, _ ledger: Ledger) async throws -> Ledger.Outcome {
        var log = LogReading(producers: producers)
        for partition in 0..<partitions {
            for try await batch in try client.subscribe(to: topic, partition: partition) {
                try batch.forEachRecord { record in
                    try log.read(record.value ?? [], partition: partition, offset: record.offset)
                }
            }
        }
        return try ledger.compare(with: log)
    }
}
