import Logging
import Millrace
import MillraceModel
import MillraceShard
import MillraceSimulation
import MillraceStorage
import SystemPackage

/// One seed's history of a compacted log: records are appended, the log is compacted while they are, readers read, and
/// the machine dies at any step of it.
final class CompactionStory: @unchecked Sendable {
    /// What came of a history, or of several.
    struct Figures {
        var records = 0
        var dropped = 0
        var crashes = 0
        /// Crashes that left a cleaned segment unfinished, or finished and not in its place.
        var cutWhileWriting = 0
        var cutWhileSwapping = 0
        var faults = 0
    }

    /// One life of the machine.
    private struct Life {
        let node: SimulatedNode
        let engine: Engine
        let log: PartitionLog
    }

    private let simulation: Simulation
    private let disk = SimulatedDisk()
    private let keyCount: Int
    private let settings: [String: String]
    private var model: CompactionModel
    private var recordCount = 0
    private(set) var figures = Figures()
    /// What a task of this life has found broken.
    private var broken: (any Error)?
    /// The compaction that was begun last has ended.
    private var isOver = false

    init(seed: UInt64) {
        simulation = Simulation(seed: seed)
        disk.allowsDirect = !simulation.random.oneIn(4)
        keyCount = simulation.random.within(1...25)
        let lag = simulation.random.oneIn(4) ? 60 : 0
        let retention = [0, 40, 100_000][simulation.random.below(3)]
        model = CompactionModel(lagMin: Int64(lag), deleteRetention: Int64(retention))
        settings = [
            "cleanup.policy": "compact", "min.cleanable.dirty.ratio": "0",
            "segment.ms": "\(simulation.random.within(1...30))",
            "index.interval.bytes": "\(simulation.random.within(0...800))",
            "min.compaction.lag.ms": "\(lag)", "delete.retention.ms": "\(retention)",
        ]
    }

    var stepCount: Int { simulation.stepCount }

    var history: UInt64 { simulation.history }

    private var options: EngineOptions {
        var options = EngineOptions(shardCount: 1)
        options.journalFileBytes = 2 << 20
        options.journalFileCountMax = 2
        // The story says when.
        options.cleanerInterval = .seconds(86_400)
        // Of a few keys, or of all.
        options.cleanerBufferBytes = 24 * simulation.random.within(2...60)
        options.cleanerBytesPerSecond = 1 << simulation.random.within(18...30)
        options.logger = Logger(label: "simulation") { _ in SwiftLogNoOpLogHandler() }
        return options
    }

    func play() throws {
        for _ in 0..<simulation.random.within(2...4) {
            let life = try begin()
            for _ in 0..<simulation.random.within(1...2) { try write(life) }
            try end(life)
        }
        try comeToRest()
        guard simulation.escapeCount == 0 else {
            throw CompactionModel.Violation(promise: "\(simulation.escapeCount) jobs left the simulation")
        }
        figures.records = model.count
        figures.dropped = model.missingCount
    }

    // MARK: Lives

    private func begin() throws -> Life {
        let node = SimulatedNode(simulation, disk: disk, shardCount: 1)
        let engine = try run(node) { [options, settings, shards = node.shards] in
            let engine = try await Engine.open("/data", options: options, on: shards)
            if engine.topicNames().isEmpty {
                _ = try await engine.createTopic("t", partitions: 1, config: settings)
            }
            return engine
        }
        let topic = TopicPartition(topic: try TopicName("t"), partition: 0)
        let life = Life(node: node, engine: engine, log: try engine.storage.partition(topic))
        try readAll(life)
        return life
    }

    /// Records, one batch after another, and time between them.
    private func write(_ life: Life) throws {
        let count = simulation.random.within(1...25)
        try run(life.node) { for _ in 0..<count { try await self.append(life) } }
    }

    /// Compacts the log, with or without others at work, and dies in the middle of it or after it.
    private func end(_ life: Life) throws {
        isOver = false
        func has(_ suffix: String) -> Bool {
            disk.names(in: "/data/t-0").contains { $0.hasSuffix(suffix) }
        }
        switch simulation.random.below(3) {
        case 0: life.node.spawn { while (try? await self.append(life)) != nil {} }
        case 1: life.node.spawn { await self.follow(life) }
        default: break
        }
        if simulation.random.oneIn(10) {
            let kind: DiskFault.Operation = simulation.random.oneIn(2) ? .write : .synchronize
            disk.faults = [DiskFault(kind, path: ".cleaned")]
        }
        life.node.spawn {
            await life.log.storage.applyCompaction()
            self.isOver = true
        }
        let stepsMax = 200_000
        switch simulation.random.below(5) {
        case 0: simulation.run(for: .microseconds(simulation.random.within(10...20_000)))
        case 1: _ = simulation.run(stepsMax: stepsMax) { isOver || has(".cleaned") }
        case 2: _ = simulation.run(stepsMax: stepsMax) { isOver || has(".swap") }
        case 3:
            _ = simulation.run(stepsMax: stepsMax) { isOver || has(".swap") }
            _ = simulation.run(stepsMax: stepsMax) { isOver || !has(".swap") }
        default:
            guard simulation.run(until: { isOver }) else {
                throw CompactionModel.Violation(promise: "a compaction does not end")
            }
            try readAll(life)
        }
        for _ in 0..<simulation.random.below(60) { _ = simulation.step() }
        try checkTasks()
        figures.crashes += 1
        if has(".swap") { figures.cutWhileSwapping += 1 }
        if has(".cleaned") { figures.cutWhileWriting += 1 }
        disk.faults = []
        figures.faults = disk.faultCount
        if simulation.random.oneIn(12) { try run(life.node) { await life.engine.close() } }
        life.node.kill(powerCut: !simulation.random.oneIn(3))
    }

    /// Nothing bad happens any more: what is due is compacted, and the files are as they should be.
    private func comeToRest() throws {
        let life = try begin()
        try run(life.node) {
            try await life.node.shards[0].sleep(for: .milliseconds(200))
            try await self.append(life)
            try await life.node.shards[0].sleep(for: .milliseconds(200))
            await life.log.storage.applyCompaction()
        }
        let found = try readAll(life)
        let clean = try run(life.node) { await life.log.storage.state(of: life.log).firstDirtyOffset }
        try CompactionModel.checkClean(found, before: clean.value)
        try run(life.node) { await life.engine.close() }
        life.node.kill(powerCut: false)
        let node = SimulatedNode(simulation, disk: disk, shardCount: 1)
        let report = try run(node) { [shard = node.shards[0]] in
            try await LogVerifier.verify("/data", on: shard)
        }
        node.kill(powerCut: false)
        guard report.isIntact else {
            throw CompactionModel.Violation(promise: "log verify says: \(report.problems[0])")
        }
    }

    // MARK: What happens in a life

    private func append(_ life: Life) async throws {
        let now = life.node.shards[0].wallClock
        var entries: [CompactionModel.Entry] = []
        for _ in 0..<simulation.random.within(1...8) {
            recordCount += 1
            let filler = simulation.random.oneIn(12) ? simulation.random.below(3000) : simulation.random.below(40)
            let value = "\(recordCount) " + String(repeating: "v", count: filler)
            entries.append(
                CompactionModel.Entry(
                    key: "k\(simulation.random.below(keyCount))",
                    value: simulation.random.oneIn(5) ? nil : value, time: now.milliseconds))
        }
        model.attempt(entries)
        let codecs = CompressionCodec.allCases
        let codec = codecs[simulation.random.below(codecs.count)]
        let records = entries.map {
            Record(key: Array($0.key.utf8), value: $0.value.map { Array($0.utf8) }, timestamp: now)
        }
        let positions = try await life.engine.append(
            records, to: "t", partition: 0, compression: codec)
        for (position, entry) in zip(positions, entries) {
            try model.acknowledge(entry, at: position.offset.value)
        }
        let pause = simulation.random.within(10...3000)
        try await life.node.shards[0].sleep(for: .microseconds(pause))
    }

    /// Reads from the beginning to the end while the log is compacted.
    private func follow(_ life: Life) async {
        do {
            let end = await life.log.storage.bounds(of: life.log).highWatermark
            var state: [String: String] = [:]
            for (_, entry) in try await read(life, pausing: true) { state[entry.key] = entry.value }
            if life.node.isAlive { try model.checkState(state, end: end.value) }
        } catch is EngineError {
            // The machine is gone.
        } catch {
            broken = error
        }
    }

    private func read(
        _ life: Life, pausing: Bool
    ) async throws -> [(offset: Int64, entry: CompactionModel.Entry)] {
        var found: [(offset: Int64, entry: CompactionModel.Entry)] = []
        for try await batch in life.engine.batches(of: "t", partition: 0) {
            try batch.forEachRecord { record in
                found.append(
                    (
                        record.offset.value,
                        CompactionModel.Entry(
                            key: String(decoding: record.key ?? [], as: UTF8.self),
                            value: record.value.map { String(decoding: $0, as: UTF8.self) },
                            time: record.timestamp.milliseconds)
                    ))
            }
            guard pausing else { continue }
            try? await life.node.shards[0].sleep(for: .microseconds(simulation.random.below(200)))
        }
        return found
    }

    @discardableResult
    private func readAll(
        _ life: Life
    ) throws -> [(offset: Int64, entry: CompactionModel.Entry)] {
        let (found, state) = try run(life.node) {
            let state = await life.log.storage.state(of: life.log)
            return (try await self.read(life, pausing: false), state)
        }
        try model.check(
            found, end: state.highWatermark.value, active: state.activeBaseOffset.value,
            now: life.node.shards[0].wallClock.milliseconds)
        return found
    }

    // MARK: Running

    private func checkTasks() throws { if let broken { throw broken } }

    private func run<Result>(
        _ node: SimulatedNode, _ body: @escaping @Sendable () async throws -> Result
    ) throws -> Result {
        let outcome = Outcome<Result>()
        node.spawn {
            do {
                outcome.result = .success(try await body())
            } catch {
                outcome.result = .failure(error)
            }
        }
        guard simulation.run(until: { outcome.result != nil }), let result = outcome.result else {
            throw CompactionModel.Violation(promise: "nothing happens any more")
        }
        try checkTasks()
        return try result.get()
    }
}

/// What a task leaves; all of it happens on one thread.
private final class Outcome<Value>: @unchecked Sendable {
    var result: Result<Value, any Error>?
}
