import ArgumentParser
import Foundation
import MillraceClient
import Synchronization

/// What is acknowledged survives kill -9.
///
/// The broker is killed at random moments while a client streams batches into three partitions.
/// After each restart the client goes on. Every record that was acknowledged must be there once, at
/// the offset that the acknowledgement gave, in order; a record that was sent and not acknowledged
/// may be there too, but never twice.
struct Acknowledged: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Under a client that gives up with it: every acknowledged record is there once, at its offset.")

    @OptionGroup var options: KillOptions

    private static let partitions: Int32 = 3

    func run() async throws {
        var generator = options.generator()
        let config = FileManager.default.temporaryDirectory
            .appendingPathComponent("millrace-\(UUID()).properties")
        defer { try? FileManager.default.removeItem(at: config) }
        // Small journal files, so that they are recycled under way.
        try Data("millrace.journal.file.bytes=4194304\nmillrace.journal.files.max=4\n".utf8)
            .write(to: config)
        let broker = try Broker(program: options.millrace, arguments: ["--config", config.path])
        defer { broker.remove() }
        let setUp = try await broker.connect()
        try await setUp.createTopic(
            "t", partitions: Self.partitions, config: ["segment.bytes": "1048576"])
        await setUp.close()

        let log = AcknowledgedLog(partitions: Int(Self.partitions))
        for _ in 0..<options.kills {
            let load = Task { await Self.load(broker, log) }
            try await Task.sleep(for: .milliseconds(Int64(generator.next() % 250) + 20))
            broker.kill()
            await load.value
            try broker.start()
        }
        let found = try await Self.check(broker, log)
        try broker.stop()
        print(
            "\(options.kills) kills: \(log.acknowledgedCount) records acknowledged, each there once and at its offset, "
                + "\(found) found")
    }

    /// Streams until the broker is gone.
    private static func load(_ broker: Broker, _ log: AcknowledgedLog) async {
        // What is not acknowledged in a life of the broker is given up with it.
        guard let client = try? await broker.connect(reconnect: .never) else { return }
        await withTaskGroup(of: Void.self) { group in
            for partition in 0..<partitions {
                group.addTask {
                    while true {
                        guard let producer = try? await client.producer(topic: "t") else { return }
                        let batch = log.nextValues(partition)
                        let records = batch.map { Record(value: Array($0.utf8)) }
                        do {
                            try await producer.send(
                                records, partition: partition, now: Timestamp(milliseconds: 1))
                            for receipt in try await producer.close() {
                                log.acknowledge(receipt, batch)
                            }
                        } catch {
                            return
                        }
                    }
                }
            }
        }
        await client.close()
    }

    /// - Returns: how many records there are.
    private static func check(_ broker: Broker, _ log: AcknowledgedLog) async throws -> Int {
        let client = try await broker.connect()
        var count = 0
        for partition in 0..<partitions {
            var found: [String] = []
            for try await batch in try client.subscribe(to: "t", partition: partition) {
                try batch.forEachRecord { record in
                    guard record.offset == Offset(Int64(found.count)) else {
                        throw Failure("partition \(partition): \(record.offset) comes where \(found.count) should")
                    }
                    found.append(String(decoding: record.value ?? [], as: UTF8.self))
                }
            }
            guard Set(found).count == found.count else {
                throw Failure("partition \(partition) has a record twice")
            }
            for (offset, value) in log.acknowledged(partition) {
                guard Int(offset.value) < found.count else {
                    throw Failure("partition \(partition): '\(value)' at \(offset) is lost")
                }
                guard found[Int(offset.value)] == value else {
                    throw Failure(
                        "partition \(partition), offset \(offset): '\(found[Int(offset.value)])' instead of '\(value)'")
                }
            }
            count += found.count
        }
        await client.close()
        return count
    }
}

/// What the broker has said yes to.
private final class AcknowledgedLog: Sendable {
    private struct State {
        var counters: [Int]
        var acknowledged: [[(Offset, String)]]
    }

    private let state: Mutex<State>

    init(partitions: Int) {
        state = Mutex(
            State(
                counters: Array(repeating: 0, count: partitions),
                acknowledged: Array(repeating: [], count: partitions)))
    }

    var acknowledgedCount: Int { state.withLock { $0.acknowledged.reduce(0) { $0 + $1.count } } }

    /// Values that no other batch has; now and then large ones, which go straight to the segment.
    func nextValues(_ partition: Int32) -> [String] {
        state.withLock { state in
            let number = state.counters[Int(partition)]
            state.counters[Int(partition)] += 1
            let padding = number % 20 == 7 ? String(repeating: "x", count: 150_000) : ""
            return (0..<5).map { "p\(partition) b\(number) r\($0) \(padding)" }
        }
    }

    /// One producer writes a partition at a time, so a receipt's offsets are those of its batch.
    func acknowledge(_ receipt: ProduceReceipt, _ values: [String]) {
        state.withLock { state in
            for (index, value) in values.enumerated() {
                state.acknowledged[Int(receipt.partition)].append(
                    (receipt.firstOffset.advanced(by: Int64(index)), value))
            }
        }
    }

    func acknowledged(_ partition: Int32) -> [(Offset, String)] {
        state.withLock { $0.acknowledged[Int(partition)] }
    }
}
