import ArgumentParser
import Foundation
import Millrace
import Synchronization

/// Appends to an embedded engine as fast as it acknowledges, a fixed number of appends under way at
/// a time, and prints one line: throughput, latency, and the processor time the whole process took
/// for a gigabyte.
@main
struct EngineAppend: AsyncParsableCommand {
    @Option(help: "Partitions that the appends go round.")
    var partitions: Int32 = 1

    @Option(help: "Bytes of one record's value; each append is a batch of one record.")
    var bytes: Int = 4096

    @Option(help: "Appends under way at a time.")
    var inFlight: Int = 64

    @Option(help: "Seconds to measure.")
    var seconds: Double = 5

    @Option(help: "durable or relaxed.")
    var durability: String = "durable"

    @Option(help: "Threads with a ring each.")
    var shards: Int = 1

    @Option(help: "A directory on the disk to measure; what is in it is removed.")
    var directory: String = "engine-append-data"

    func run() async throws {
        try? FileManager.default.removeItem(atPath: directory)
        defer { try? FileManager.default.removeItem(atPath: directory) }
        let engine = try await Engine.open(directory, options: EngineOptions(shardCount: shards))
        try await engine.createTopic(
            "t", partitions: partitions,
            config: ["millrace.durability": durability, "segment.bytes": "268435456"])
        let batch = try await Self.batch(bytes, engine)
        // One round to make files and caches warm.
        _ = try await Self.load(engine, batch, partitions, inFlight, seconds: 1)
        let before = Self.processorSeconds()
        let started = ContinuousClock.now
        let latencies = try await Self.load(engine, batch, partitions, inFlight, seconds: seconds)
        let elapsed = started.duration(to: .now) / .seconds(1)
        let processor = Self.processorSeconds() - before
        await engine.close()

        let gigabytes = Double(latencies.count * batch.count) / 1e9
        let sorted = latencies.sorted()
        func percentile(_ p: Double) -> Int { Int(sorted[Int(Double(sorted.count - 1) * p)] / 1000) }
        print(
            """
            engine-append durability=\(durability) partitions=\(partitions) batch=\(batch.count) \
            inflight=\(inFlight) shards=\(shards) MB/s=\(Int(gigabytes * 1000 / elapsed)) \
            appends/s=\(Int(Double(latencies.count) / elapsed)) \
            cpu_s/GB=\(String(format: "%.2f", processor / gigabytes)) \
            p50_us=\(percentile(0.5)) p99_us=\(percentile(0.99))
            """)
    }

    /// A batch in its stored form, taken from the engine itself.
    private static func batch(_ bytes: Int, _ engine: Engine) async throws -> [UInt8] {
        try await engine.createTopic("one")
        try await engine.append(Record(value: [UInt8](repeating: 7, count: bytes)), to: "one")
        for try await batch in engine.batches(of: "one", partition: 0) { return batch.bytes }
        fatalError("the record that was acknowledged is not there")
    }

    /// Nanoseconds that each append took.
    private static func load(
        _ engine: Engine, _ batch: [UInt8], _ partitions: Int32, _ inFlight: Int, seconds: Double
    ) async throws -> [UInt64] {
        let turns = Turns()
        let end = ContinuousClock.now + .seconds(seconds)
        return try await withThrowingTaskGroup(of: [UInt64].self) { group in
            for _ in 0..<inFlight {
                group.addTask {
                    var latencies: [UInt64] = []
                    while true {
                        let started = ContinuousClock.now
                        if started >= end { return latencies }
                        let turn = turns.next()
                        try await engine.append(
                            batch: batch, to: "t", partition: Int32(turn % Int(partitions)))
                        latencies.append(
                            UInt64(started.duration(to: .now) / .nanoseconds(1)))
                    }
                }
            }
            return try await group.reduce(into: []) { $0 += $1 }
        }
    }

    private static func processorSeconds() -> Double {
        var usage = rusage()
        getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
        func seconds(_ time: timeval) -> Double { Double(time.tv_sec) + Double(time.tv_usec) / 1e6 }
        return seconds(usage.ru_utime) + seconds(usage.ru_stime)
    }
}

/// Numbers that tasks take in turn.
private final class Turns: Sendable {
    private let count = Atomic<Int>(0)

    func next() -> Int { count.add(1, ordering: .relaxed).oldValue }
}
