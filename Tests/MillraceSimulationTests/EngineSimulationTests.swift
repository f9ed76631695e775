import Logging
import Millrace
import MillraceShard
import MillraceSimulation
import SystemPackage
import Testing

/// The engine as it is, on simulated machines that lose their power at any instant.
///
/// The story of every seed: a node opens the data directory, reads all that is there, and several
/// writers append until the machine or the process dies; then the next life begins on the same
/// disk. Whatever was acknowledged in any life is there in every later one, once, at its offset.
@Suite struct EngineSimulationTests {
    @Test(arguments: 0..<4)
    func acknowledgedRecordsSurvive(seed: Int) throws {
        let story = EngineStory(seed: UInt64(seed))
        for _ in 0..<4 { try story.live() }
        try story.live(writing: false)
        #expect(story.broken.isEmpty, "\(story.broken.prefix(3))")
        #expect(story.simulation.escapeCount == 0)
    }
}

/// The lives of one data directory, and the promises made in them. Everything happens on one
/// thread.
final class EngineStory: @unchecked Sendable {
    let simulation: Simulation
    let disk = SimulatedDisk()
    private let shardCount: Int
    /// What was acknowledged, by partition and offset.
    private var acknowledged: [[Int64: String]] = [[:], [:], [:]]
    /// What was read, in the same form.
    private var seen: [[Int64: String]] = [[:], [:], [:]]
    private var recordCount = 0
    private var lifeCount = 0
    private(set) var broken: [String] = []

    init(seed: UInt64) {
        simulation = Simulation(seed: seed)
        shardCount = simulation.random.within(1...2)
        disk.allowsDirect = !simulation.random.oneIn(4)
    }

    var acknowledgedCount: Int { acknowledged.reduce(0) { $0 + $1.count } }

    private var options: EngineOptions {
        var options = EngineOptions(shardCount: shardCount)
        options.journalFileBytes = 2 << 20
        options.journalFileCountMax = 2
        options.offsetsPartitionCount = 2
        options.logger = Logger(label: "simulation") { _ in SwiftLogNoOpLogHandler() }
        return options
    }

    /// One life: everything is read and checked, then written to until the end comes.
    func live(writing: Bool = true) throws {
        lifeCount += 1
        let node = SimulatedNode(simulation, disk: disk, shardCount: shardCount)
        let shards = node.shards
        // A start that is cut off is a life too, now and then.
        if simulation.random.oneIn(8) {
            node.spawn { [options] in
                _ = try? await Engine.open("/data", options: options, on: shards)
            }
            simulation.run(for: .microseconds(simulation.random.within(10...20_000)))
            return node.kill(powerCut: true)
        }
        let engine = try node.run { [options] in
            let engine = try await Engine.open("/data", options: options, on: shards)
            if engine.topicNames().isEmpty {
                _ = try await engine.createTopic(
                    "t", partitions: 3, config: ["segment.bytes": "1048576"])
            }
            return engine
        }
        try node.run { try await self.check(engine) }
        guard writing else { return node.kill(powerCut: false) }
        for writer in 0..<simulation.random.within(1...5) {
            node.spawn(on: writer % shardCount) { await self.write(engine, Int32(writer % 3)) }
        }
        simulation.run(for: .microseconds(simulation.random.within(100...200_000)))
        if simulation.random.oneIn(6) {
            try node.run { await engine.close() }
        }
        node.kill(powerCut: !simulation.random.oneIn(4))
    }

    /// Appends until it is refused.
    private func write(_ engine: Engine, _ partition: Int32) async {
        while true {
            recordCount += 1
            let size =
                simulation.random.oneIn(20)
                ? simulation.random.within(100_000...400_000) : simulation.random.below(3000)
            let values = (0..<simulation.random.within(1...4)).map { index in
                let name = "life \(lifeCount) record \(recordCount).\(index) "
                return name + String(repeating: "x", count: index == 0 ? size : 0)
            }
            do {
                let positions = try await engine.append(
                    values.map { Record(value: Array($0.utf8)) }, to: "t", partition: partition)
                for (position, value) in zip(positions, values) { promise(position, value) }
            } catch { return }
        }
    }

    private func promise(_ position: RecordPosition, _ value: String) {
        let index = Int(position.partition)
        if let other = acknowledged[index].updateValue(value, forKey: position.offset.value) {
            broken.append("offset \(position) was given to two records: \(brief(other)), \(brief(value))")
        }
    }

    private func brief(_ value: String) -> String { String(value.prefix(40)) }

    /// Reads every partition and holds it against the promises.
    private func check(_ engine: Engine) async throws {
        for partition in 0..<3 {
            var expected: Int64 = 0
            var missing = acknowledged[partition].merging(seen[partition]) { promised, _ in promised }
            for try await batch in engine.batches(of: "t", partition: Int32(partition)) {
                try batch.forEachRecord { record in
                    let value = String(decoding: record.value ?? [], as: UTF8.self)
                    let offset = record.offset.value
                    if offset != expected {
                        broken.append(
                            "life \(lifeCount): \(partition) goes from \(expected) to \(offset)")
                    }
                    expected = offset + 1
                    if let promised = missing.removeValue(forKey: offset), promised != value {
                        broken.append(
                            """
                            life \(lifeCount): \(partition)@\(offset) is \(brief(value)), and was \
                            acknowledged as \(brief(promised))
                            """)
                    }
                    // What a reader has seen is not taken back either.
                    seen[partition][offset] = value
                }
            }
            for offset in missing.keys.sorted() {
                broken.append(
                    """
                    life \(lifeCount): \(partition)@\(offset) is gone, which ends at \(expected): \
                    \(brief(missing[offset] ?? ""))
                    """)
            }
        }
    }
}
