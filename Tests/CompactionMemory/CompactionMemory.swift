import ArgumentParser
import Foundation
import Logging
import Millrace
import MillraceModel
import MillraceShard
import MillraceStorage
import Synchronization

/// Writes a keyed log of some size, compacts it, and measures what that takes of memory. A program, so that nothing
/// else is in its process.
@main
struct CompactionMemory: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "compaction-memory",
        abstract: "Compacts a log of some size and fails where that takes more memory than it may.")

    @Option(help: "The size of the log, in megabytes.")
    var megabytes: Int

    @Option(help: "How many keys its records have.")
    var keys: Int

    @Option(help: "What compaction may take, in megabytes.")
    var limit = 64

    @Option(help: "Where a directory for the log is made, which is removed afterwards.")
    var directory = "/tmp"

    @Option(help: "What compaction reads and writes in a second, in megabytes; without it as much as it can.")
    var rate: Int?

    @Flag(help: "Times durable appends to another topic, before the compaction and while it goes on.")
    var timesAppends = false

    private static let valueBytes = 1000
    private static let recordsPerBatch = 500

    func validate() throws {
        guard megabytes > 0, keys > 0, limit > 0, rate ?? 1 > 0 else { throw ValidationError("use numbers above 0") }
    }

    func run() async throws {
        let place = "\(directory)/millrace-compaction-\(UUID())"
        defer { try? FileManager.default.removeItem(atPath: place) }
        var options = EngineOptions(
            shardCount: 1, durability: .relaxed,
            logger: Logger(label: "compaction-memory") { _ in SwiftLogNoOpLogHandler() })
        // This program says when, and how fast.
        options.cleanerInterval = .seconds(86_400)
        options.cleanerBytesPerSecond = rate.map { $0 * 1_000_000 } ?? 1 << 40
        let engine = try await Engine.open(place, options: options)
        _ = try await engine.createTopic(
            "t", partitions: 1,
            config: [
                "cleanup.policy": "compact", "segment.bytes": "\(64 << 20)",
                "min.cleanable.dirty.ratio": "0",
            ])
        let count = megabytes * 1_000_000 / Self.valueBytes
        try await write(count, to: engine)
        // The index of the last segment that was rolled may be on its way. A log that is compacted was written a while
        // ago, and the disk has it.
        try await Task.sleep(for: .seconds(1))
        sync()

        if timesAppends {
            try await engine.createTopic("appends", partitions: 1, config: ["millrace.durability": "durable"])
            print("appends before: \(try await Self.timeAppends(to: engine, until: .seconds(5)))")
        }
        let before = try Self.forgetPeak()
        let clock = ContinuousClock()
        let begun = clock.now
        async let times = timesAppends ? Self.timeAppends(to: engine, until: nil) : ""
        await engine.storage.shards[0].applyCompaction()
        let seconds = (clock.now - begun) / .seconds(1)
        Self.isOver.store(true, ordering: .releasing)
        if timesAppends { print("appends meanwhile: \(try await times)") }
        let growth = try Self.memory("VmHWM") - before
        let (kept, cleanEnd) = try await check(count, engine)
        await engine.close()
        print(
            """
            \(megabytes) MB, \(keys) keys: clean to offset \(cleanEnd) of \(count), \(kept) records kept, in \
            \(String(format: "%.1f", seconds)) s with \(growth >> 10) MiB of memory
            """)
        guard growth <= limit << 10 else {
            print("broken: \(growth >> 10) MiB is more than \(limit) MiB")
            throw ExitCode(1)
        }
    }

    // MARK: Appends

    /// The compaction has ended.
    private static let isOver = Atomic<Bool>(false)

    /// Appends a record of 1 KB after another.
    /// - Parameter duration: nil for as long as the compaction takes.
    /// - Returns: how long the appends took.
    private static func timeAppends(to engine: Engine, until duration: Duration?) async throws -> String {
        let clock = ContinuousClock()
        let begun = clock.now
        let record = Record(value: [UInt8](repeating: 1, count: valueBytes))
        var times: [Duration] = []
        while duration.map({ clock.now - begun < $0 }) ?? !isOver.load(ordering: .acquiring) {
            let start = clock.now
            try await engine.append(record, to: "appends", partition: 0)
            times.append(clock.now - start)
        }
        times.sort()
        guard let last = times.last else { return "none" }
        func microseconds(_ time: Duration) -> Int { Int(time / .microseconds(1)) }
        return """
            \(times.count) appends, p50 \(microseconds(times[times.count / 2])) us, \
            p99 \(microseconds(times[times.count * 99 / 100])) us, longest \(microseconds(last)) us
            """
    }

    /// The keys come in an order that is none.
    private func key(_ record: Int) -> Int { Int((UInt64(record) &* 0x9E37_79B9_7F4A_7C15) >> 20) % keys }

    private func write(_ count: Int, to engine: Engine) async throws {
        let filler = [UInt8](repeating: UInt8(ascii: "v"), count: Self.valueBytes - 30)
        var next = 0
        while next < count {
            let records = (next..<min(count, next + Self.recordsPerBatch)).map { number in
                Record(key: Array("key \(key(number))".utf8), value: Array("\(number) ".utf8) + filler)
            }
            try await engine.append(records, to: "t", partition: 0)
            next += records.count
        }
    }

    /// Each record that is the last of its key is there, and in the clean part nothing else.
    /// - Returns: how many records the clean part has, and where it ends.
    private func check(_ count: Int, _ engine: Engine) async throws -> (kept: Int, cleanEnd: Int64) {
        let log = try engine.storage.partition(
            TopicPartition(topic: try TopicName("t"), partition: 0))
        let cleanEnd = await log.storage.state(of: log).firstDirtyOffset.value
        // Records before the end of the clean part, by their keys: the last of each has to be there.
        var lastOffsets = [Int64](repeating: -1, count: keys)
        for record in 0..<Int(cleanEnd) { lastOffsets[key(record)] = Int64(record) }
        var isFound = [Bool](repeating: false, count: keys)
        var kept = 0
        for try await batch in engine.batches(of: "t", partition: 0) {
            try batch.forEachRecord { record in
                guard record.offset.value < cleanEnd else { return }
                let key = key(Int(record.offset.value))
                guard lastOffsets[key] == record.offset.value, !isFound[key] else {
                    throw ValidationError("offset \(record.offset) is there and is not the last of key \(key)")
                }
                isFound[key] = true
                kept += 1
            }
        }
        let wanted = lastOffsets.reduce(0) { $0 + ($1 < 0 ? 0 : 1) }
        guard kept == wanted, cleanEnd > 0 else {
            throw ValidationError("\(kept) records are there of \(wanted), clean to \(cleanEnd)")
        }
        return (kept, cleanEnd)
    }

    // MARK: Memory

    /// Has the kernel count the peak anew.
    /// - Returns: what the process has now, in KiB.
    private static func forgetPeak() throws -> Int {
        try "5".write(toFile: "/proc/self/clear_refs", atomically: false, encoding: .utf8)
        return try memory("VmRSS")
    }

    private static func memory(_ name: String) throws -> Int {
        let status = try String(contentsOfFile: "/proc/self/status", encoding: .utf8)
        for line in status.split(separator: "\n") where line.hasPrefix("\(name):") {
            if let number = line.split(whereSeparator: { !$0.isNumber }).first, let kib = Int(number) {
                return kib
            }
        }
        throw ValidationError("the kernel does not tell \(name)")
    }
}
