package import MillraceModel
package import MillraceShard

/// Where the coordinator's decisions take effect.
package protocol TransactionParticipants: Sendable {
    /// An id that no producer has had before.
    func newProducerID() async throws(TransactionError) -> ProducerID
    /// Ends the producer's transaction in one partition, on stable storage when this returns. A partition that is gone
    /// has nothing to end.
    func end(
        _ producer: ProducerID, _ epoch: ProducerEpoch, isCommit: Bool, in partition: TopicPartition
    ) async throws(TransactionError)
}

package struct TransactionOptions: Hashable, Sendable {
    /// `transaction.max.timeout.ms`.
    package var timeoutMax = Duration.seconds(900)
    /// `transactional.id.expiration.ms`: an id that does nothing for so long is forgotten.
    package var idExpiration = Duration.seconds(7 * 86_400)

    package init() {}
}

/// Keeps the transactions on one shard (KIP-98): who may write in the name of a transactional id, which partitions its
/// transaction has, and that it ends in all of them alike.
///
/// What it decides is written to its log first. An end is written as prepared, then each partition gets its marker,
/// then the end is written as complete; a start that finds a prepared one goes on with it.
package actor TransactionCoordinator {
    nonisolated let shard: Shard
    package nonisolated var unownedExecutor: UnownedSerialExecutor {
        shard.asUnownedSerialExecutor()
    }

    private struct Transaction {
        var metadata: TransactionMetadata
        /// Something is being written: whoever comes meanwhile comes again.
        var isBusy = false
        /// When it is aborted.
        var deadline: Instant?
        /// What the producer said it was when it got its present epoch (KIP-360): it may not have heard the answer.
        var lastGiven: TransactionOwner?
    }

    private let log: any CoordinatorLog
    private let participants: any TransactionParticipants
    private let options: TransactionOptions
    private let tell: @Sendable (String) -> Void
    private var transactions: [String: Transaction] = [:]
    private var partitionCount: Int32?
    private let timeChanged: Signal
    private var isStopped = false

    /// What a transactional id may be long, so that a record of it fits.
    private static let idBytesMax = 32_000
    /// After a failure to write a marker; it is written again and again.
    private static let retryPause = Duration.milliseconds(100)
    private static let expirationInterval = Duration.seconds(3600)

    /// - Parameter tell: hears of what was aborted for its time, a sentence each.
    package init(
        on shard: Shard, log: any CoordinatorLog, participants: any TransactionParticipants,
        options: TransactionOptions = TransactionOptions(), tell: @escaping @Sendable (String) -> Void = { _ in }
    ) {
        self.shard = shard
        self.log = log
        self.participants = participants
        self.options = options
        self.tell = tell
        timeChanged = Signal(on: shard)
    }

    // MARK: Beginning and end

    /// Replays the log, goes on with ends that were prepared, and begins to keep time. Called once.
    package func load() async throws(CoordinationError) {
        var loaded: [String: TransactionMetadata] = [:]
        try await log.load { _, entry in
            guard case .record(let key, let value, _) = entry,
                let record = TransactionRecord(key: key, value: value)
            else { return }
            loaded[record.id] = record.value
        }
        if !loaded.isEmpty { partitionCount = try await log.partitionCount() }
        for (id, metadata) in loaded.sorted(by: { $0.key < $1.key }) {
            transactions[id] = Transaction(metadata: metadata, deadline: deadline(of: metadata))
            switch metadata.state {
            case .prepareCommit, .prepareAbort, .prepareEpochFence:
                transactions[id]?.isBusy = true
                shard.spawn { await self.resume(id) }
            default: break
            }
        }
        shard.spawn { await self.keepTime() }
        shard.spawn { await self.expireIDs() }
    }

    package func stop() {
        isStopped = true
        timeChanged.notifyAll()
    }

    private func checkRunning() throws(TransactionError) {
        if isStopped { throw .notAvailable("the transaction coordinator stops") }
    }

    // MARK: Producers

    /// Gives the id's producer an epoch of its own, which fences those before it, and aborts what they left.
    /// - Parameter given: which producer it was so far, where it goes on after an error (KIP-360).
    package func initProducer(
        _ id: String, timeoutMilliseconds: Int32, given: (id: ProducerID, epoch: ProducerEpoch)? = nil
    ) async throws(TransactionError) -> (ProducerID, ProducerEpoch) {
        guard !id.isEmpty, id.utf8.count <= Self.idBytesMax else { throw .illegalID(id, limit: Self.idBytesMax) }
        let timeout = Duration.milliseconds(Int64(timeoutMilliseconds))
        guard timeoutMilliseconds > 0, timeout <= options.timeoutMax else {
            throw .invalidTimeout(milliseconds: timeoutMilliseconds, limit: options.timeoutMax)
        }
        try await prepareToWrite()
        guard let known = transactions[id] else {
            return try await addProducer(id, timeout)
        }
        guard !known.isBusy else { throw .concurrentTransactions(id: id) }
        let owner = given.map { TransactionOwner(producerID: $0.id, producerEpoch: $0.epoch) }
        if let owner {
            if known.lastGiven == owner, known.metadata.state == .empty {
                return (known.metadata.producerID, known.metadata.producerEpoch)
            }
            try check(id, owner.producerID, owner.producerEpoch)
        }
        transactions[id]?.isBusy = true
        defer { release(id) }
        if known.metadata.state == .ongoing {
            // Whoever had the id cannot go on: its epoch is over before its records are taken back.
            try await end(id, isCommit: false, fences: true)
        }
        guard var metadata = transactions[id]?.metadata else { throw .idNotFound(id) }
        metadata.timeout = timeout
        metadata.state = .empty
        metadata.startedAt = .none
        if metadata.producerEpoch.value >= Int16.max - 1 {
            metadata.producerID = try await participants.newProducerID()
            metadata.producerEpoch = ProducerEpoch(0)
        } else {
            metadata.producerEpoch = ProducerEpoch(metadata.producerEpoch.value + 1)
        }
        try await write(id, metadata)
        transactions[id]?.lastGiven = owner
        return (metadata.producerID, metadata.producerEpoch)
    }

    private func addProducer(
        _ id: String, _ timeout: Duration
    ) async throws(TransactionError) -> (ProducerID, ProducerEpoch) {
        let placeholder = TransactionMetadata(
            producerID: .none, producerEpoch: .none, timeout: timeout, updatedAt: shard.wallClock)
        transactions[id] = Transaction(metadata: placeholder, isBusy: true)
        do throws(TransactionError) {
            var metadata = placeholder
            metadata.producerID = try await participants.newProducerID()
            metadata.producerEpoch = ProducerEpoch(0)
            try await write(id, metadata)
            release(id)
            return (metadata.producerID, metadata.producerEpoch)
        } catch {
            transactions[id] = nil
            throw error
        }
    }

    // MARK: Transactions

    /// Adds partitions to the id's transaction, which begins with the first.
    package func add(
        _ partitions: Set<TopicPartition>, to id: String, _ producer: ProducerID, _ epoch: ProducerEpoch
    ) async throws(TransactionError) {
        try await prepareToWrite()
        try checkFree(id, producer, epoch)
        guard var metadata = transactions[id]?.metadata else { throw .idNotFound(id) }
        let isOngoing = metadata.state == .ongoing
        guard !isOngoing || !partitions.isSubset(of: metadata.partitions) else { return }
        if !isOngoing {
            metadata.state = .ongoing
            metadata.partitions = []
            metadata.startedAt = shard.wallClock
        }
        metadata.partitions.formUnion(partitions)
        transactions[id]?.isBusy = true
        defer { release(id) }
        try await write(id, metadata)
        if !isOngoing {
            transactions[id]?.deadline = shard.now.advanced(by: metadata.timeout)
            timeChanged.notifyAll()
        }
    }

    /// Whether the producer's transaction is under way and has the partition: nothing else may be written in it.
    package func verify(
        _ partition: TopicPartition, in id: String, _ producer: ProducerID, _ epoch: ProducerEpoch
    ) throws(TransactionError) {
        try checkRunning()
        try check(id, producer, epoch)
        guard let transaction = transactions[id] else { throw .idNotFound(id) }
        // While partitions are added those that were there are as good as ever.
        guard transaction.metadata.state == .ongoing else {
            guard !transaction.isBusy else { throw .concurrentTransactions(id: id) }
            throw .invalidState(id: id, state: transaction.metadata.state, doing: "writing to \(partition)")
        }
        guard transaction.metadata.partitions.contains(partition) else {
            throw .notInTransaction(id: id, partition)
        }
    }

    /// Commits or aborts the id's transaction. All its partitions say so when this returns.
    package func end(
        _ id: String, _ producer: ProducerID, _ epoch: ProducerEpoch, isCommit: Bool
    ) async throws(TransactionError) {
        try await prepareToWrite()
        try checkFree(id, producer, epoch)
        switch transactions[id]?.metadata.state {
        case .ongoing: break
        // The answer was lost on its way.
        case .completeCommit where isCommit, .completeAbort where !isCommit: return
        case let state?:
            throw .invalidState(id: id, state: state, doing: isCommit ? "a commit" : "an abort")
        case nil: throw .idNotFound(id)
        }
        transactions[id]?.isBusy = true
        defer { release(id) }
        try await end(id, isCommit: isCommit, fences: false)
    }

    /// - Parameter fences: whether the producer's epoch is over with this.
    private func end(_ id: String, isCommit: Bool, fences: Bool) async throws(TransactionError) {
        guard var metadata = transactions[id]?.metadata else { throw .idNotFound(id) }
        metadata.state = isCommit ? .prepareCommit : .prepareAbort
        if fences, metadata.producerEpoch.value < Int16.max {
            metadata.producerEpoch = ProducerEpoch(metadata.producerEpoch.value + 1)
        }
        try await write(id, metadata)
        try await complete(id)
    }

    /// Tells all partitions of an end that is prepared, and writes that it is complete.
    private func complete(_ id: String) async throws(TransactionError) {
        guard var metadata = transactions[id]?.metadata else { throw .idNotFound(id) }
        let isCommit = metadata.state == .prepareCommit
        let waiting = MarkersWaiting(metadata.partitions.count)
        for partition in metadata.partitions.sorted() {
            let (producer, epoch) = (metadata.producerID, metadata.producerEpoch)
            shard.spawn {
                await self.mark(partition, id, producer, epoch, isCommit, waiting)
            }
        }
        if !metadata.partitions.isEmpty {
            _ = await shard.park { token in
                if waiting.count == 0 { shard.unpark(token, 0) } else { waiting.token = token }
            }
        }
        try checkRunning()
        metadata.state = isCommit ? .completeCommit : .completeAbort
        metadata.partitions = []
        transactions[id]?.deadline = nil
        // All partitions have it: what is left is to say so, and a client that heard of an error would give up.
        while true {
            do throws(TransactionError) {
                return try await write(id, metadata)
            } catch {
                try checkRunning()
                guard (try? await shard.sleep(for: Self.retryPause)) != nil else { throw error }
            }
        }
    }

    /// Nothing but a stop keeps a partition from its marker: what was decided is done.
    private func mark(
        _ partition: TopicPartition, _ id: String, _ producer: ProducerID, _ epoch: ProducerEpoch,
        _ isCommit: Bool, _ waiting: MarkersWaiting
    ) async {
        var hasFailed = false
        while !isStopped {
            do throws(TransactionError) {
                try await participants.end(producer, epoch, isCommit: isCommit, in: partition)
                break
            } catch {
                if !hasFailed { tell("the end of '\(id)' in \(partition) is written again: \(error)") }
                hasFailed = true
            }
            guard (try? await shard.sleep(for: Self.retryPause)) != nil else { break }
        }
        waiting.count -= 1
        if waiting.count == 0, let token = waiting.token { shard.unpark(token, 0) }
    }

    /// A start has found the end prepared.
    private func resume(_ id: String) async {
        while !isStopped {
            do throws(TransactionError) {
                try await complete(id)
                break
            } catch {
                guard (try? await shard.sleep(for: Self.retryPause)) != nil else { return }
            }
        }
        release(id)
    }

    // MARK: Checks

    private func checkFree(
        _ id: String, _ producer: ProducerID, _ epoch: ProducerEpoch
    ) throws(TransactionError) {
        if let known = transactions[id], known.isBusy { throw .concurrentTransactions(id: id) }
        try check(id, producer, epoch)
    }

    private func check(
        _ id: String, _ producer: ProducerID, _ epoch: ProducerEpoch
    ) throws(TransactionError) {
        guard let known = transactions[id], known.metadata.producerID == producer else {
            throw .invalidProducerIDMapping(id: id, producer: producer)
        }
        guard known.metadata.producerEpoch == epoch else {
            throw .producerFenced(id: id, given: epoch, current: known.metadata.producerEpoch)
        }
    }

    // MARK: Writing

    private func prepareToWrite() async throws(TransactionError) {
        try checkRunning()
        guard partitionCount == nil else { return }
        do throws(CoordinationError) {
            partitionCount = try await log.partitionCount()
        } catch {
            throw .notAvailable("\(error)")
        }
        try checkRunning()
    }

    private func write(_ id: String, _ metadata: TransactionMetadata) async throws(TransactionError) {
        var metadata = metadata
        metadata.updatedAt = shard.wallClock
        try await write(TransactionRecord(id: id, value: metadata))
        transactions[id]?.metadata = metadata
    }

    private func write(_ record: TransactionRecord) async throws(TransactionError) {
        let partition = GroupName.partition(for: record.id, count: partitionCount ?? 1)
        do throws(CoordinationError) {
            try await log.append([record.record], in: nil, to: partition)
        } catch {
            throw .notAvailable("the transactions' log: \(error)")
        }
    }

    private func release(_ id: String) { transactions[id]?.isBusy = false }

    // MARK: Time

    private func deadline(of metadata: TransactionMetadata) -> Instant? {
        guard metadata.state == .ongoing else { return nil }
        let age = max(0, shard.wallClock.milliseconds &- metadata.startedAt.milliseconds)
        return shard.now.advanced(by: max(.zero, metadata.timeout - .milliseconds(age)))
    }

    /// Aborts transactions whose time is over.
    private func keepTime() async {
        while !isStopped {
            let next = transactions.values.compactMap { $0.isBusy ? nil : $0.deadline }.min()
            // One that is busy is looked at again soon.
            let isAnyBusy = transactions.values.contains { $0.isBusy && $0.deadline != nil }
            let soon = shard.now.advanced(by: isAnyBusy ? Self.retryPause : .seconds(3600))
            let alarm = min(next ?? soon, soon)
            guard (try? await timeChanged.wait(until: alarm, after: timeChanged.notices)) != nil else { return }
            let now = shard.now
            let due = transactions.filter { !$0.value.isBusy && ($0.value.deadline.map { $0 <= now } ?? false) }
            for id in due.keys.sorted() {
                transactions[id]?.isBusy = true
                shard.spawn { await self.abortForTime(id) }
            }
        }
    }

    private func abortForTime(_ id: String) async {
        defer { release(id) }
        guard let metadata = transactions[id]?.metadata, metadata.state == .ongoing else { return }
        tell("the transaction of '\(id)' is aborted: it took longer than \(metadata.timeout)")
        do throws(TransactionError) {
            try await end(id, isCommit: false, fences: true)
        } catch {
            tell("the transaction of '\(id)' could not be aborted: \(error)")
            transactions[id]?.deadline = shard.now.advanced(by: .seconds(1))
            timeChanged.notifyAll()
        }
    }

    /// Forgets ids that nobody has used for long.
    private func expireIDs() async {
        while (try? await shard.sleep(for: Self.expirationInterval)) != nil, !isStopped {
            let now = shard.wallClock
            for id in transactions.keys.sorted() {
                guard let known = transactions[id], !known.isBusy, known.metadata.state != .ongoing,
                    .milliseconds(now.milliseconds &- known.metadata.updatedAt.milliseconds) > options.idExpiration
                else { continue }
                transactions[id]?.isBusy = true
                do throws(TransactionError) {
                    try await write(TransactionRecord(id: id, value: nil))
                    transactions[id] = nil
                } catch {
                    release(id)
                }
            }
        }
    }

    // MARK: Showing

    /// What is known of the id.
    package func describe(_ id: String) throws(TransactionError) -> TransactionMetadata {
        try checkRunning()
        guard let known = transactions[id], known.metadata.producerID != .none else { throw .idNotFound(id) }
        return known.metadata
    }

    /// All ids, in their order.
    package func list() throws(TransactionError) -> [(id: String, metadata: TransactionMetadata)] {
        try checkRunning()
        return transactions.filter { $0.value.metadata.producerID != .none }
            .sorted { $0.key < $1.key }.map { ($0.key, $0.value.metadata) }
    }
}

/// How many markers are not written yet. Confined to the coordinator's shard.
private final class MarkersWaiting: @unchecked Sendable {
    var count: Int
    var token: ParkToken?

    init(_ count: Int) { self.count = count }
}
