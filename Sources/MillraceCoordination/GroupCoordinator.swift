internal import MillraceModel
package import MillraceShard

/// Keeps the groups on one shard: asks their state machines, writes what they decide, replays what
/// is written, answers those who wait, and tells the groups the time.
package actor GroupCoordinator {
    nonisolated let shard: Shard
    package nonisolated var unownedExecutor: UnownedSerialExecutor {
        shard.asUnownedSerialExecutor()
    }

    let log: any CoordinatorLog
    let options: GroupOptions
    private let tell: @Sendable (String) -> Void
    var table: GroupTable

    // Writing; see GroupCoordinator+Writing.
    var partitionCount: Int32?
    var queues: [Int32: WriteQueue] = [:]
    /// How many transactions have ended in each partition of the log since the start.
    var endCounts: [Int32: UInt64] = [:]

    // Waiting.
    private var joins: [AnswerTicket: PendingAnswer<JoinAnswer>] = [:]
    private var syncs: [AnswerTicket: PendingAnswer<SyncAnswer>] = [:]
    private var ticketCount: UInt64 = 0
    private var randomness: DeviceRandomness

    // Watching; see GroupCoordinator+Watching.
    var watches: [String: GroupWatch] = [:]

    // Time.
    private var deadlines = DeadlineQueue()
    private var nextRetention = Instant.distantFuture
    private let timeChanged: Signal
    private(set) var isStopped = false

    /// - Parameter tell: hears of rebalances, a sentence each.
    package init(
        on shard: Shard, log: any CoordinatorLog, options: GroupOptions = GroupOptions(),
        tell: @escaping @Sendable (String) -> Void = { _ in }
    ) {
        self.shard = shard
        self.log = log
        self.options = options
        self.tell = tell
        table = GroupTable(options: options)
        randomness = DeviceRandomness(shard.device)
        timeChanged = Signal(on: shard)
    }

    var time: GroupTime { GroupTime(now: shard.now, wallClock: shard.wallClock) }

    // MARK: Beginning and end

    /// Replays the log and begins to keep time. Called once, before anything else.
    package func load() async throws(CoordinationError) {
        var loaded = GroupTable(options: options)
        let time = self.time
        try await log.load { partition, entry in
            switch entry {
            case .record(let key, let value, let producer):
                guard let record = GroupRecord(key: key, value: value) else { return }
                guard let producer else { return loaded.replay(record, at: time) }
                loaded.hold(record, in: PendingTransaction(producer: producer, partition: partition))
            case .end(let producer, let isCommit):
                let transaction = PendingTransaction(producer: producer, partition: partition)
                loaded.end(transaction, isCommit: isCommit, at: time)
            }
        }
        table = loaded
        if !table.isEmpty { try await prepareToWrite() }
        table.becomeLive(at: self.time)
        for id in table.ids { settle(id) }
        nextRetention = shard.now.advanced(by: options.offsetsRetentionInterval)
        shard.spawn { await self.keepTime() }
    }

    /// Ends every wait with `coordinatorNotAvailable`, and takes no more.
    package func stop() {
        guard !isStopped else { return }
        isStopped = true
        for answer in joins.values { answer.give(.failure(.stopped), on: shard) }
        for answer in syncs.values { answer.give(.failure(.stopped), on: shard) }
        joins = [:]
        syncs = [:]
        tellAllWatchers()
        timeChanged.notifyAll()
    }

    func checkRunning() throws(CoordinationError) { if isStopped { throw .stopped } }

    // MARK: Time

    private func keepTime() async {
        while !isStopped {
            let next = min(deadlines.next ?? .distantFuture, nextRetention)
            guard (try? await timeChanged.wait(until: next, after: timeChanged.notices)) != nil else { return }
            while !isStopped, let id = deadlines.popDue(shard.now) {
                table[id]?.classic.passTime(time)
                settle(id)
            }
            if nextRetention <= shard.now {
                nextRetention = shard.now.advanced(by: options.offsetsRetentionInterval)
                expireOffsets()
            }
        }
    }

    // MARK: Answers

    func takeTicket() -> AnswerTicket {
        ticketCount += 1
        return AnswerTicket(value: ticketCount)
    }

    func joinAnswer(
        _ ticket: AnswerTicket, _ ask: () -> Void
    ) async throws(CoordinationError) -> JoinAnswer {
        let answer = PendingAnswer<JoinAnswer>()
        joins[ticket] = answer
        ask()
        return try await answer.get(on: shard)
    }

    func syncAnswer(
        _ ticket: AnswerTicket, _ ask: () -> Void
    ) async throws(CoordinationError) -> SyncAnswer {
        let answer = PendingAnswer<SyncAnswer>()
        syncs[ticket] = answer
        ask()
        return try await answer.get(on: shard)
    }

    /// Does what a group has decided, notes when it wants to be asked again, and forgets it if
    /// there is nothing left of it.
    func settle(_ id: String) {
        for effect in table[id]?.classic.takeEffects() ?? [] {
            switch effect {
            case .answerJoin(let ticket, let result):
                joins.removeValue(forKey: ticket)?.give(result, on: shard)
            case .answerSync(let ticket, let result):
                syncs.removeValue(forKey: ticket)?.give(result, on: shard)
            case .write(let metadata, let write):
                enqueue(LogChange([.group(id, metadata)], .group(id, write)))
            case .tell(let sentence):
                tell(sentence)
            }
        }
        table.removeIfUnused(id)
        tellWatchers(of: id)
        if deadlines.schedule(id, table[id]?.classic.nextDeadline) { timeChanged.notifyAll() }
    }

    /// Members are told apart by this for ever, also after a restart: a random number of 122 bits.
    /// What stands before it is for people, and a client's name may be 32 KiB long.
    func newMemberID(_ request: JoinRequest) -> String {
        let name = request.instanceID ?? request.clientID
        let prefix = String(decoding: name.utf8.prefix(255), as: UTF8.self)
        return "\(prefix)-\(TopicID(from: &randomness).uuidText)"
    }
}

extension TopicID {
    /// The number as most write it: 8-4-4-4-12 digits.
    fileprivate var uuidText: String {
        let digits = [high, low].map { half in
            let text = String(half, radix: 16)
            return String(repeating: "0", count: 16 - text.count) + text
        }.joined()
        var text = ""
        for (index, digit) in digits.enumerated() {
            if [8, 12, 16, 20].contains(index) { text += "-" }
            text.append(digit)
        }
        return text
    }
}
