@testable import MillraceCoordination
import MillraceModel
import MillraceShard
import MillraceSimulation
import SystemPackage

/// A coordinator on a simulated shard, over a log in memory. Everything happens on one thread, and
/// time passes only while something is run.
final class CoordinatorUnderTest: @unchecked Sendable {
    let simulation: Simulation
    let log: MemoryLog
    private let options: GroupOptions
    private(set) var node: SimulatedNode
    private(set) var coordinator: GroupCoordinator

    init(
        options: GroupOptions = GroupOptions(), log: MemoryLog = MemoryLog(), seed: UInt64 = 1
    ) throws {
        simulation = Simulation(seed: seed)
        self.log = log
        self.options = options
        (node, coordinator) = try Self.start(simulation, log, options)
    }

    private static func start(
        _ simulation: Simulation, _ log: MemoryLog, _ options: GroupOptions
    ) throws -> (SimulatedNode, GroupCoordinator) {
        let node = SimulatedNode(simulation, disk: SimulatedDisk(), shardCount: 1)
        log.shard = node.shards[0]
        let coordinator = GroupCoordinator(on: node.shards[0], log: log, options: options)
        try node.run { try await coordinator.load() }
        return (node, coordinator)
    }

    /// What is in the log stays, all else is gone.
    func restart() throws {
        node.kill(powerCut: false)
        (node, coordinator) = try Self.start(simulation, log, options)
    }

    func end() { node.kill(powerCut: false) }

    func run<Result: Sendable>(
        _ body: @escaping @Sendable (GroupCoordinator) async throws -> Result
    ) throws -> Result {
        try node.run { [coordinator] in try await body(coordinator) }
    }

    /// Runs the body as a task of its own, and leaves its result.
    func start<Result: Sendable>(
        _ body: @escaping @Sendable (GroupCoordinator) async throws -> Result
    ) -> Outcome<Result> {
        let outcome = Outcome<Result>()
        node.spawn { [coordinator] in
            do {
                outcome.result = .success(try await body(coordinator))
            } catch {
                outcome.result = .failure(error)
            }
        }
        return outcome
    }

    func pass(_ duration: Duration) { simulation.run(for: duration) }

    // MARK: Members

    static let topic = try! TopicName("t")

    static func partition(_ number: Int32, of topic: TopicName = topic) -> TopicPartition {
        TopicPartition(topic: topic, partition: number)
    }

    /// Joins new members and assigns each its own name.
    /// - Returns: their ids.
    func makeStable(group: String = "g", members count: Int) throws -> [String] {
        var request = GroupUnderTest.request()
        request.group = group
        let joining = request
        let joins = (0..<count).map { _ in start { try await $0.join(joining) } }
        pass(.seconds(1))
        let answers = try joins.map { try $0.get() }
        let ids = answers.map(\.memberID)
        let syncs = answers.map { answer in
            var sync = SyncRequest(
                group: group, generation: answer.generation, memberID: answer.memberID)
            if answer.memberID == answer.leader {
                sync.assignments = ids.map { .init(memberID: $0, bytes: Array($0.utf8)) }
            }
            let request = sync
            return start { try await $0.sync(request) }
        }
        pass(.seconds(1))
        for (id, sync) in zip(ids, syncs) {
            guard try sync.get().assignment == Array(id.utf8) else { throw Errno.badMessage }
        }
        return ids
    }
}

/// What a task has come to.
final class Outcome<Value>: @unchecked Sendable {
    var result: Result<Value, any Error>?

    /// - Throws: what the task threw, and `EAGAIN` where it has not ended.
    func get() throws -> Value {
        guard let result else { throw Errno.resourceTemporarilyUnavailable }
        return try result.get()
    }

    var error: CoordinationError? {
        guard case .failure(let error) = result else { return nil }
        return error as? CoordinationError
    }
}

extension SimulatedNode {
    /// Runs the body as a task of the node and everything else with it, until it ends.
    func run<Result: Sendable>(
        _ body: @escaping @Sendable () async throws -> Result
    ) throws -> Result {
        let outcome = Outcome<Result>()
        spawn {
            do {
                outcome.result = .success(try await body())
            } catch {
                outcome.result = .failure(error)
            }
        }
        guard simulation.run(until: { outcome.result != nil }) else { throw Errno.timedOut }
        return try outcome.get()
    }
}

/// A log in memory that takes its time, and fails when it is told to.
final class MemoryLog: CoordinatorLog, @unchecked Sendable {
    var shard: Shard?
    var partitions: [[Record]] = [[], [], []]
    /// How many records each append had.
    private(set) var batchSizes: [Int] = []
    /// What the next appends come to.
    var failures: [CoordinationError] = []
    var delay = Duration.milliseconds(5)
    /// As much as it takes at once.
    var bytesMax = Int.max

    func partitionCount() async throws(CoordinationError) -> Int32 { Int32(partitions.count) }

    /// Of records in transactions, by partition and index; and the ends, by the index of the record behind them.
    private var owners: [Int32: [Int: ProducerID]] = [:]
    private var ends: [Int32: [Int: [(producer: ProducerID, isCommit: Bool)]]] = [:]

    func append(
        _ records: [Record], in transaction: TransactionOwner?, to partition: Int32
    ) async throws(CoordinationError) {
        try await takeTime()
        let bytes = records.reduce(0) { $0 + ($1.key?.count ?? 0) + ($1.value?.count ?? 0) }
        guard bytes <= bytesMax else { throw .recordsTooLarge(bytes: bytes, limit: bytesMax) }
        for record in records {
            owners[partition, default: [:]][partitions[Int(partition)].count] = transaction?.producerID
            partitions[Int(partition)].append(record)
        }
        batchSizes.append(records.count)
    }

    func end(
        _ transaction: TransactionOwner, isCommit: Bool, in partition: Int32
    ) async throws(CoordinationError) {
        try await takeTime()
        ends[partition, default: [:]][partitions[Int(partition)].count, default: []].append(
            (transaction.producerID, isCommit))
    }

    private func takeTime() async throws(CoordinationError) {
        guard (try? await shard?.sleep(for: delay)) != nil else { throw .log("the end") }
        guard failures.isEmpty else { throw failures.removeFirst() }
    }

    func load(_ body: (Int32, CoordinatorLogEntry) -> Void) async throws(CoordinationError) {
        for (number, records) in partitions.enumerated() {
            let partition = Int32(number)
            for index in 0...records.count {
                for end in ends[partition]?[index] ?? [] {
                    body(partition, .end(end.producer, isCommit: end.isCommit))
                }
                guard index < records.count else { break }
                let owner = owners[partition]?[index]
                records[index].key?.withUnsafeBytes { key in
                    if let value = records[index].value {
                        value.withUnsafeBytes {
                            body(partition, .record(key: key, value: $0, transactionOf: owner))
                        }
                    } else {
                        body(partition, .record(key: key, value: nil, transactionOf: owner))
                    }
                }
            }
        }
    }

    var records: [GroupRecord] {
        partitions.joined().compactMap { record in
            record.key?.withUnsafeBytes { key in
                record.value.map { value in
                    value.withUnsafeBytes { GroupRecord(key: key, value: $0) }
                } ?? GroupRecord(key: key, value: nil)
            }
        }
    }
}
