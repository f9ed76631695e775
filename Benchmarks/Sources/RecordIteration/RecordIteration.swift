import ArgumentParser
import Foundation
import Millrace

/// Reads small records out of an embedded engine, batch by batch, record by record, and prints one
/// line: records a second of processor time (user and system, of the whole process, the engine's
/// threads included) and a second of the clock.
///
/// `engine` reads the log anew every round, its checksums included; `batches` goes over batches that
/// have been read already, which is what a record alone costs.
@main
struct RecordIteration: AsyncParsableCommand {
    @Option(help: "Bytes of one record's value.")
    var bytes: Int = 32

    @Option(help: "Bytes of one record's key; 0 for none.")
    var keyBytes: Int = 8

    @Option(help: "Headers of one record, of 8 bytes each.")
    var headers: Int = 0

    @Option(help: "Records of one batch.")
    var batch: Int = 1000

    @Option(help: "Records in the log.")
    var records: Int = 2_000_000

    @Option(help: "Rounds to measure; the best and the median are printed.")
    var rounds: Int = 7

    @Option(help: "A directory for the log; what is in it is removed.")
    var directory: String = "record-iteration-data"

    func run() async throws {
        try? FileManager.default.removeItem(atPath: directory)
        defer { try? FileManager.default.removeItem(atPath: directory) }
        let engine = try await Engine.open(directory, options: EngineOptions(shardCount: 1))
        try await engine.createTopic("t", config: ["millrace.durability": "relaxed"])
        try await fill(engine)
        var read: [ReadBatch] = []
        for try await batch in engine.batches(of: "t", partition: 0) { read.append(batch) }

        try await measure("engine") {
            var sum = Sum()
            for try await batch in engine.batches(of: "t", partition: 0) { try sum.add(batch) }
            return sum
        }
        let batches = read
        try await measure("batches") {
            var sum = Sum()
            for batch in batches { try sum.add(batch) }
            return sum
        }
        await engine.close()
    }

    private func fill(_ engine: Engine) async throws {
        let key = keyBytes > 0 ? [UInt8](repeating: 1, count: keyBytes) : nil
        let record = Record(
            key: key, value: [UInt8](repeating: 7, count: bytes),
            headers: (0..<headers).map { RecordHeader(key: "h\($0)", value: Array("12345678".utf8)) },
            timestamp: Timestamp(milliseconds: 1_700_000_000_000))
        let records = [Record](repeating: record, count: batch)
        for _ in 0..<(self.records / batch) { try await engine.append(records, to: "t", partition: 0) }
    }

    private func measure(_ name: String, _ body: () async throws -> Sum) async throws {
        var processor: [Double] = []
        var clock: [Double] = []
        let expected = records / batch * batch
        for round in 0...rounds {
            let (before, started) = (Self.processorSeconds(), ContinuousClock.now)
            let sum = try await body()
            let seconds = started.duration(to: .now) / .seconds(1)
            let used = Self.processorSeconds() - before
            guard sum.records == expected, sum.bytes == expected * (bytes + keyBytes) else {
                throw ValidationError("read \(sum) instead of \(expected) records")
            }
            // The first round makes caches warm.
            guard round > 0 else { continue }
            processor.append(Double(sum.records) / used)
            clock.append(Double(sum.records) / seconds)
        }
        func millions(_ rate: Double) -> String { String(format: "%.1f", rate / 1e6) }
        processor.sort()
        clock.sort()
        print(
            """
            record-iteration \(name) value=\(bytes) key=\(keyBytes) headers=\(headers) batch=\(batch) \
            M_records/cpu_s=\(millions(processor[processor.count / 2])) \
            best=\(millions(processor[processor.count - 1])) \
            M_records/s=\(millions(clock[clock.count / 2]))
            """)
    }

    private static func processorSeconds() -> Double {
        var usage = rusage()
        getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
        func seconds(_ time: timeval) -> Double { Double(time.tv_sec) + Double(time.tv_usec) / 1e6 }
        return seconds(usage.ru_utime) + seconds(usage.ru_stime)
    }
}

/// What a round has seen: it looks at every part of a record, so that none can be left unread.
private struct Sum {
    var records = 0
    var bytes = 0
    var offsets: Int64 = 0
    var times: Int64 = 0

    mutating func add(_ batch: ReadBatch) throws {
        try batch.forEachRecord { record in
            records += 1
            bytes += (record.keyBytes?.count ?? 0) + (record.valueBytes?.count ?? 0)
            offsets &+= record.offset.value
            times &+= record.timestamp.milliseconds
        }
    }
}
