@testable import MillraceCoordination
import MillraceModel
import MillraceShard
import MillraceSimulation
import Testing

/// The transaction coordinator on a simulated shard, over a log in memory and partitions that note what they are told.
@Suite struct TransactionCoordinatorTests {
    private static let partitions = Set((0..<3).map { CoordinatorUnderTest.partition($0) })

    @Test func anEndReachesEveryPartitionBeforeItIsAnswered() throws {
        let test = try TransactionsUnderTest()
        let (producer, epoch) = try test.begin()
        try test.run { try await $0.end("id", producer, epoch, isCommit: true) }
        #expect(test.partitions.ends.map(\.partition).sorted() == Self.partitions.sorted())
        #expect(test.partitions.ends.allSatisfy { $0.isCommit && $0.producer == producer && $0.epoch == epoch })
        #expect(test.states == [.empty, .ongoing, .prepareCommit, .completeCommit])
        // An answer that was lost is given again, and the other end is none.
        try test.run { try await $0.end("id", producer, epoch, isCommit: true) }
        #expect(test.partitions.ends.count == 3)
        let error = try test.refusal { try await $0.end("id", producer, epoch, isCommit: false) }
        #expect(error == .invalidState(id: "id", state: .completeCommit, doing: "an abort"))
    }

    @Test(arguments: [false, true]) func aPreparedEndIsGoneOnWithAfterAStop(isCommit: Bool) throws {
        let test = try TransactionsUnderTest()
        let (producer, epoch) = try test.begin()
        // The partitions are out of reach, and then the broker is gone.
        test.partitions.failures = .max
        let ending = test.start { try await $0.end("id", producer, epoch, isCommit: isCommit) }
        test.pass(.seconds(1))
        #expect(ending.result == nil && test.partitions.ends.isEmpty)
        let busy = try test.refusal { try await $0.add(Self.partitions, to: "id", producer, epoch) }
        #expect(busy == .concurrentTransactions(id: "id"))
        test.partitions.failures = 0
        try test.restart()
        test.pass(.seconds(1))
        #expect(test.partitions.ends.map(\.partition).sorted() == Self.partitions.sorted())
        #expect(test.partitions.ends.allSatisfy { $0.isCommit == isCommit })
        #expect(test.states.last == (isCommit ? .completeCommit : .completeAbort))
        try test.run { try await $0.add(Self.partitions, to: "id", producer, epoch) }
    }

    @Test func theNextInstanceFencesAndAborts() throws {
        let test = try TransactionsUnderTest()
        let (producer, epoch) = try test.begin()
        let next = try test.run { try await $0.initProducer("id", timeoutMilliseconds: 60_000) }
        #expect(next.0 == producer && next.1.value == epoch.value + 2)
        // The markers are of an epoch that is over before anything is written in the new one.
        #expect(test.partitions.ends.count == 3)
        #expect(test.partitions.ends.allSatisfy { !$0.isCommit && $0.epoch.value == epoch.value + 1 })
        for body: @Sendable (TransactionCoordinator) async throws -> Void in [
            { try await $0.add(Self.partitions, to: "id", producer, epoch) },
            { try await $0.end("id", producer, epoch, isCommit: true) },
            { try await $0.verify(CoordinatorUnderTest.partition(0), in: "id", producer, epoch) },
            { _ = try await $0.initProducer("id", timeoutMilliseconds: 60_000, given: (producer, epoch)) },
        ] {
            #expect(try test.refusal(body) == .producerFenced(id: "id", given: epoch, current: next.1))
        }
    }

    @Test(arguments: [false, true]) func whatTakesTooLongIsAborted(restarts: Bool) throws {
        let test = try TransactionsUnderTest()
        let (producer, epoch) = try test.begin(timeoutMilliseconds: 5000)
        test.pass(.seconds(4))
        #expect(test.partitions.ends.isEmpty)
        if restarts { try test.restart() }
        test.pass(.seconds(2))
        #expect(test.partitions.ends.count == 3)
        let error = try test.refusal { try await $0.end("id", producer, epoch, isCommit: true) }
        #expect(error == .producerFenced(id: "id", given: epoch, current: ProducerEpoch(epoch.value + 1)))
    }

    @Test func onlyPartitionsOfTheTransactionAreWrittenTo() throws {
        let test = try TransactionsUnderTest()
        let (producer, epoch) = try test.begin()
        try test.run { try await $0.verify(CoordinatorUnderTest.partition(2), in: "id", producer, epoch) }
        let other = CoordinatorUnderTest.partition(3)
        #expect(
            try test.refusal { try await $0.verify(other, in: "id", producer, epoch) }
                == .notInTransaction(id: "id", other))
        #expect(
            try test.refusal { try await $0.verify(other, in: "id", ProducerID(99), epoch) }
                == .invalidProducerIDMapping(id: "id", producer: ProducerID(99)))
        try test.run { try await $0.end("id", producer, epoch, isCommit: true) }
        #expect(
            try test.refusal { try await $0.verify(CoordinatorUnderTest.partition(2), in: "id", producer, epoch) }
                == .invalidState(id: "id", state: .completeCommit, doing: "writing to t-2"))
    }

    /// The partitions have their markers: a log that takes no record for a moment is no error.
    @Test func aLogThatFailsForAMomentDoesNotUndoAnEnd() throws {
        let test = try TransactionsUnderTest()
        let (producer, epoch) = try test.begin()
        let ending = test.start { try await $0.end("id", producer, epoch, isCommit: true) }
        while test.partitions.ends.count < 3 { test.pass(.milliseconds(1)) }
        test.log.failures = [.log("full"), .log("full")]
        test.pass(.seconds(1))
        _ = try ending.get()
        #expect(test.states.last == .completeCommit)
    }

    /// The answer that named its new epoch was lost (KIP-360).
    @Test func whoAsksAgainForItsNextEpochGetsIt() throws {
        let test = try TransactionsUnderTest()
        let (producer, epoch) = try test.begin()
        try test.run { try await $0.end("id", producer, epoch, isCommit: true) }
        let next = try test.run {
            try await $0.initProducer("id", timeoutMilliseconds: 1000, given: (producer, epoch))
        }
        #expect(next.1.value == epoch.value + 1)
        let again = try test.run {
            try await $0.initProducer("id", timeoutMilliseconds: 1000, given: (producer, epoch))
        }
        #expect(again == next)
    }

    @Test func aStopDoesNotWaitForAPartitionThatTakesNoEnd() throws {
        let test = try TransactionsUnderTest()
        let (producer, epoch) = try test.begin()
        test.partitions.failures = .max
        let ending = test.start { try await $0.end("id", producer, epoch, isCommit: true) }
        test.pass(.seconds(1))
        try test.run { await $0.stop() }
        test.pass(.seconds(1))
        guard case .failure(let error as TransactionError) = ending.result, case .notAvailable = error else {
            Issue.record("\(String(describing: ending.result))")
            return
        }
    }

    @Test func badTimeoutsAndIDsAreRefused() throws {
        let test = try TransactionsUnderTest()
        for timeout in [0, -1, 900_001] as [Int32] {
            #expect(
                try test.refusal { _ = try await $0.initProducer("id", timeoutMilliseconds: timeout) }
                    == .invalidTimeout(milliseconds: timeout, limit: .seconds(900)))
        }
        #expect(
            try test.refusal { _ = try await $0.initProducer("", timeoutMilliseconds: 1) }
                == .illegalID("", limit: 32_000))
    }

    /// Epochs are 16 bits: where they end, the producer gets another id.
    @Test func anEpochThatIsUsedUpIsFollowedByAnotherProducer() throws {
        let test = try TransactionsUnderTest()
        var last = try test.run { try await $0.initProducer("id", timeoutMilliseconds: 1000) }
        let first = last.0
        while last.0 == first {
            let before = last
            last = try test.run { try await $0.initProducer("id", timeoutMilliseconds: 1000) }
            guard last.0 == first else { break }
            try #require(last.1.value == before.1.value + 1)
        }
        #expect(last.1 == ProducerEpoch(0))
    }

    @Test func aRecordHasKafkasForm() throws {
        let metadata = TransactionMetadata(
            producerID: ProducerID(0x0102), producerEpoch: ProducerEpoch(3), timeout: .milliseconds(60_000),
            state: .ongoing, partitions: [CoordinatorUnderTest.partition(1), CoordinatorUnderTest.partition(0)],
            updatedAt: Timestamp(milliseconds: 5), startedAt: Timestamp(milliseconds: 4))
        let record = TransactionRecord(id: "id", value: metadata).record
        #expect(record.key == [0, 0, 0, 2, 0x69, 0x64])
        #expect(
            record.value == [
                0, 0, 0, 0, 0, 0, 0, 0, 1, 2, 0, 3, 0, 0, 0xea, 0x60, 1,
                0, 0, 0, 1, 0, 1, 0x74, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 1,
                0, 0, 0, 0, 0, 0, 0, 5, 0, 0, 0, 0, 0, 0, 0, 4,
            ])
        let (key, value) = (try #require(record.key), try #require(record.value))
        let read = key.withUnsafeBytes { key in
            value.withUnsafeBytes { TransactionRecord(key: key, value: $0)?.value }
        }
        #expect(read == metadata)
    }
}

/// What the coordinator tells the partitions.
final class NotedPartitions: TransactionParticipants, @unchecked Sendable {
    struct End {
        let partition: TopicPartition
        let producer: ProducerID
        let epoch: ProducerEpoch
        let isCommit: Bool
    }

    private(set) var ends: [End] = []
    /// How many of the next markers are not taken.
    var failures = 0
    private var producerCount: Int64 = 0

    func newProducerID() async throws(TransactionError) -> ProducerID {
        producerCount += 1
        return ProducerID(producerCount)
    }

    func end(
        _ producer: ProducerID, _ epoch: ProducerEpoch, isCommit: Bool, in partition: TopicPartition
    ) async throws(TransactionError) {
        guard failures == 0 else {
            failures -= 1
            throw .notAvailable("told to")
        }
        ends.append(End(partition: partition, producer: producer, epoch: epoch, isCommit: isCommit))
    }
}

final class TransactionsUnderTest: @unchecked Sendable {
    let simulation = Simulation(seed: 1)
    let log = MemoryLog()
    let partitions = NotedPartitions()
    private var node: SimulatedNode
    private var coordinator: TransactionCoordinator

    init() throws { (node, coordinator) = try Self.start(simulation, log, partitions) }

    private static func start(
        _ simulation: Simulation, _ log: MemoryLog, _ partitions: NotedPartitions
    ) throws -> (SimulatedNode, TransactionCoordinator) {
        let node = SimulatedNode(simulation, disk: SimulatedDisk(), shardCount: 1)
        log.shard = node.shards[0]
        let coordinator = TransactionCoordinator(on: node.shards[0], log: log, participants: partitions)
        try node.run { try await coordinator.load() }
        return (node, coordinator)
    }

    deinit { node.kill(powerCut: false) }

    func restart() throws {
        node.kill(powerCut: false)
        (node, coordinator) = try Self.start(simulation, log, partitions)
    }

    func pass(_ duration: Duration) { simulation.run(for: duration) }

    func run<Result: Sendable>(
        _ body: @escaping @Sendable (TransactionCoordinator) async throws -> Result
    ) throws -> Result {
        try node.run { [coordinator] in try await body(coordinator) }
    }

    func start(
        _ body: @escaping @Sendable (TransactionCoordinator) async throws -> Void
    ) -> Outcome<Void> {
        let outcome = Outcome<Void>()
        node.spawn { [coordinator] in
            do {
                outcome.result = .success(try await body(coordinator))
            } catch {
                outcome.result = .failure(error)
            }
        }
        return outcome
    }

    /// What the coordinator refuses the body with; nil where it does not.
    func refusal(
        _ body: @escaping @Sendable (TransactionCoordinator) async throws -> Void
    ) throws -> TransactionError? {
        do {
            try run(body)
            return nil
        } catch let error as TransactionError {
            return error
        }
    }

    /// A producer with a transaction in three partitions.
    func begin(timeoutMilliseconds: Int32 = 60_000) throws -> (ProducerID, ProducerEpoch) {
        let producer = try run { try await $0.initProducer("id", timeoutMilliseconds: timeoutMilliseconds) }
        let partitions = Set((0..<3).map { CoordinatorUnderTest.partition($0) })
        try run { try await $0.add(partitions, to: "id", producer.0, producer.1) }
        return producer
    }

    /// What the log says of the id, one after the other.
    var states: [TransactionState] {
        log.partitions.joined().compactMap { record in
            record.key?.withUnsafeBytes { key in
                record.value?.withUnsafeBytes { TransactionRecord(key: key, value: $0)?.value?.state }
            } ?? nil
        }
    }
}
