import Logging
import Millrace
import MillraceBytes
import MillraceShard
import MillraceSimulation
import MillraceStorage
import Testing

/// Idempotent producers on machines that lose their power, run full, and fail to write.
///
/// The story of every seed: each producer keeps up to five batches under way and, whatever happens,
/// sends those that were not acknowledged again, in order, in this life or the next. Every record
/// is in the log once, and those of a producer are in order.
@Suite struct ProducerSimulationTests {
    @Test(arguments: 0..<6)
    func nothingIsStoredTwiceOrOutOfOrder(seed: Int) throws {
        let story = ProducerStory(seed: UInt64(seed))
        for _ in 0..<6 { try story.live() }
        try story.live(isLast: true)
        #expect(story.broken.isEmpty, "\(story.broken.prefix(3))")
        #expect(story.acknowledgedCount > 0)
        #expect(story.simulation.escapeCount == 0)
    }
}

/// Everything happens on one thread.
private final class ProducerStory: @unchecked Sendable {
    let simulation: Simulation
    private let disk = SimulatedDisk()
    private let shardCount: Int
    private var producers: [Producer]
    private(set) var broken: [String] = []
    private(set) var acknowledgedCount = 0

    /// A batch that waits for its acknowledgement.
    private struct Batch {
        let bytes: [UInt8]
        let firstRecord: Int
        let count: Int
    }

    private struct Producer {
        let id: Int64
        let partition: Int32
        var epoch: Int16 = 0
        var sequence: Int32
        var recordCount = 0
        var unacknowledged: [Batch] = []
        /// Where its records are, by their number.
        var offsets: [Int: Int64] = [:]
    }

    init(seed: UInt64) {
        simulation = Simulation(seed: seed)
        shardCount = simulation.random.within(1...2)
        producers = []
        for id in 0..<simulation.random.within(2...5) {
            // Some wrap around soon.
            let first = simulation.random.oneIn(3) ? Int32.max - 20 : 0
            producers.append(
                Producer(id: Int64(id), partition: Int32(id % 2), sequence: first))
        }
    }

    func live(isLast: Bool = false) throws {
        disk.capacity = .max
        disk.faults = []
        let node = SimulatedNode(simulation, disk: disk, shardCount: shardCount)
        let shards = node.shards
        let engine = try node.run {
            var options = EngineOptions(shardCount: shards.count)
            options.journalFileBytes = 2 << 20
            options.journalFileCountMax = 2
            options.logger = Logger(label: "simulation") { _ in SwiftLogNoOpLogHandler() }
            let engine = try await Engine.open("/data", options: options, on: shards)
            if engine.topicNames().isEmpty {
                _ = try await engine.createTopic(
                    "t", partitions: 2, config: ["segment.bytes": "1048576"])
            }
            return engine
        }
        if isLast {
            // Whatever is left is sent once more, so that every record should be there.
            for index in producers.indices {
                try node.run { await self.send(index, to: engine, isLast: true) }
                if !producers[index].unacknowledged.isEmpty { broken.append("a producer is stuck") }
            }
            try node.run { try await self.check(engine) }
            return node.kill(powerCut: false)
        }
        for index in producers.indices {
            node.spawn(on: index % shardCount) {
                await self.send(index, to: engine, isLast: false)
            }
        }
        let pause = trouble(node)
        simulation.run(for: pause + .microseconds(simulation.random.within(1000...60_000)))
        if simulation.random.oneIn(3) { try node.run { await engine.close() } }
        node.kill(powerCut: !simulation.random.oneIn(4))
    }

    /// Lets the disk run full for a while, or fail.
    /// - Returns: how long the partitions then take nothing.
    private func trouble(_ node: SimulatedNode) -> Duration {
        switch simulation.random.below(4) {
        case 0:
            disk.capacity = disk.used + UInt64(simulation.random.within(50_000...300_000))
            node.spawn(on: 0) { [disk] in
                try? await node.shards[0].sleep(for: .milliseconds(30))
                disk.capacity = .max
            }
            return .seconds(1)
        case 1:
            let path = [".log", ".journal", ".snapshot"][simulation.random.below(3)]
            disk.faults.append(DiskFault(.write, path: path, count: 1))
        default: break
        }
        return .zero
    }

    /// Sends what is not acknowledged, in order, and then more, until the life ends.
    private func send(_ index: Int, to engine: Engine, isLast: Bool) async {
        guard let topic = engine.storage.topics.first else { return }
        let log = topic.partitions[Int(producers[index].partition)]
        while true {
            if !isLast { make(index) }
            var tickets: [AppendTicket] = []
            var failure: StorageError?
            for (place, batch) in producers[index].unacknowledged.enumerated() {
                let slice = batch.bytes.withUnsafeBytes { ByteSlice(copying: $0) }
                do throws(StorageError) {
                    tickets.append(try await log.storage.append(slice, to: log))
                } catch {
                    if place == 0 { judge(error) }
                    failure = error
                    break
                }
            }
            for ticket in tickets {
                do throws(StorageError) {
                    let result = try await ticket.result()
                    // Behind a failure an answer would be out of order.
                    if failure == nil { acknowledged(index, result) }
                } catch {
                    failure = failure ?? error
                }
            }
            if case .closed = failure { return }
            if isLast, failure != nil || producers[index].unacknowledged.isEmpty { return }
            let shard = log.storage.shard
            guard
                (try? await shard.sleep(for: failure == nil ? .microseconds(200) : .milliseconds(20)))
                    != nil
            else { return }
        }
    }

    /// The oldest batch that is not acknowledged always fits what the log knows.
    private func judge(_ error: StorageError) {
        switch error {
        case .readOnly, .closed, .io: break
        default: broken.append("\(error)")
        }
    }

    private func make(_ index: Int) {
        if producers[index].unacknowledged.isEmpty, simulation.random.oneIn(40) {
            producers[index].epoch += 1
            producers[index].sequence = 0
        }
        while producers[index].unacknowledged.count < 5, !simulation.random.oneIn(4) {
            let producer = producers[index]
            let count = simulation.random.within(1...4)
            let size =
                simulation.random.oneIn(20)
                ? simulation.random.within(50_000...150_000) : simulation.random.below(500)
            let records = (0..<count).map {
                let text = "\(producer.id) \(producer.recordCount + $0) "
                return Record(value: Array(text.utf8) + [UInt8](repeating: 120, count: size))
            }
            let state = ProducerState(
                id: ProducerID(producer.id), epoch: ProducerEpoch(producer.epoch),
                baseSequence: producer.sequence)
            guard
                let bytes = try? RecordBatchBuilder.build(
                    records, now: Timestamp(milliseconds: 1_700_000_000_000), producer: state)
            else { return }
            producers[index].unacknowledged.append(
                Batch(bytes: bytes, firstRecord: producer.recordCount, count: count))
            producers[index].recordCount += count
            producers[index].sequence = (producer.sequence &+ Int32(count)) & .max
        }
    }

    private func acknowledged(_ index: Int, _ result: AppendResult) {
        let batch = producers[index].unacknowledged.removeFirst()
        acknowledgedCount += 1
        for delta in 0..<batch.count {
            producers[index].offsets[batch.firstRecord + delta] =
                result.baseOffset.value + Int64(delta)
        }
    }

    /// Every record of every producer is there once, where it was acknowledged, and in order.
    private func check(_ engine: Engine) async throws {
        for partition in Int32(0)..<2 {
            var next = [Int](repeating: 0, count: producers.count)
            for try await batch in engine.batches(of: "t", partition: partition) {
                try batch.forEachRecord { record in
                    let words = String(decoding: record.value ?? [], as: UTF8.self).split(separator: " ")
                    guard let index = Int(words[0]), let number = Int(words[1]) else { return }
                    if next[index] != number {
                        broken.append("producer \(index): \(number) comes where \(next[index]) should")
                    }
                    next[index] = number + 1
                    if producers[index].offsets[number] != record.offset.value {
                        broken.append("producer \(index): \(number) is at \(record.offset)")
                    }
                }
            }
            for (index, producer) in producers.enumerated() where producer.partition == partition {
                if next[index] != producer.recordCount {
                    broken.append("producer \(index): \(next[index]) of \(producer.recordCount)")
                }
            }
        }
    }
}
