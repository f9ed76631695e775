internal import DequeModule
internal import MillraceModel
internal import MillraceShard

/// Records that were decided together, and who is told when they are written.
struct LogChange {
    enum Purpose {
        case group(String, GroupWrite)
        case commit(String, [TopicPartition], PendingAnswer<Void>)
        case deletion(String, PendingAnswer<Void>)
        /// Offsets are taken back.
        case other(PendingAnswer<Void>)

        /// Whether the records may be written one after the other: each takes something back, and
        /// a failure leaves what is still to be taken back. There may be more than a batch holds.
        var isDivisible: Bool {
            switch self {
            case .group, .commit: false
            case .deletion, .other: true
            }
        }
    }

    /// What the records are to the log.
    enum Kind {
        case plain
        /// They count when the transaction is committed.
        case within(TransactionOwner)
        /// There are none: a transaction ends.
        case end(TransactionOwner, isCommit: Bool)

        var isPlain: Bool { if case .plain = self { true } else { false } }
    }

    var records: [GroupRecord]
    var purpose: Purpose
    var kind: Kind

    init(_ records: [GroupRecord], _ purpose: Purpose, _ kind: Kind = .plain) {
        self.records = records
        self.purpose = purpose
        self.kind = kind
    }
}

/// What waits to be written to one partition of the log.
struct WriteQueue {
    /// Its records as bytes, which they become once.
    fileprivate var changes = Deque<(change: LogChange, encoded: [Record])>()
    fileprivate var isDraining = false

    /// So that one batch stays far below what a log refuses as too large.
    private static let batchBytesMax = 256 << 10

    /// What is written at once.
    fileprivate struct Batch {
        var encoded: [Record] = []
        /// The records of a change that is written in pieces.
        var piece: [GroupRecord] = []
        var kind = LogChange.Kind.plain
        /// Those that are done with this batch, with the records that are not in the piece.
        var changes: [LogChange] = []
    }

    /// The oldest changes, as many as fit one batch. One that is larger comes alone, and in pieces
    /// where it may.
    fileprivate mutating func takeBatch() -> Batch? {
        guard let first = changes.first else { return nil }
        // What belongs to a transaction makes a batch of its own.
        guard first.change.kind.isPlain else {
            changes.removeFirst()
            return Batch(encoded: first.encoded, kind: first.change.kind, changes: [first.change])
        }
        var batch = Batch()
        var byteCount = 0
        while let next = changes.first, next.change.kind.isPlain {
            byteCount += next.encoded.reduce(0) { $0 + $1.sizeInBatch }
            guard byteCount <= Self.batchBytesMax else { break }
            batch.encoded += next.encoded
            batch.changes.append(next.change)
            changes.removeFirst()
        }
        guard batch.changes.isEmpty else { return batch }
        if first.change.purpose.isDivisible { return takePiece() }
        changes.removeFirst()
        return Batch(encoded: first.encoded, changes: [first.change])
    }

    /// The first records of the oldest change, as many as fit one batch; at least one.
    private mutating func takePiece() -> Batch {
        var (change, encoded) = changes.removeFirst()
        var count = 0
        var byteCount = 0
        while count < encoded.count {
            byteCount += encoded[count].sizeInBatch
            guard count == 0 || byteCount <= Self.batchBytesMax else { break }
            count += 1
        }
        var batch = Batch(
            encoded: Array(encoded.prefix(count)), piece: Array(change.records.prefix(count)))
        change.records.removeFirst(count)
        encoded.removeFirst(count)
        if encoded.isEmpty { batch.changes = [change] } else { changes.prepend((change, encoded)) }
        return batch
    }

    /// The oldest change is given up: a piece of it could not be written.
    fileprivate mutating func removeFirst() -> LogChange { changes.removeFirst().change }
}

extension Record {
    /// Not less than it takes in a batch.
    fileprivate var sizeInBatch: Int { (key?.count ?? 0) + (value?.count ?? 0) + 16 }
}

/// Writing: one batch at a time for each partition of the log, of all that was decided meanwhile.
///
/// So records are replayed in the order in which they were decided, which is the order in which
/// they will be replayed after a stop. That a commit is decided before a generation ends puts it
/// before that generation's end in the log, too.
extension GroupCoordinator {
    /// Makes the log if it is not there. Whatever may write awaits this before it decides: nothing
    /// may come between a decision and its place in the queue.
    func prepareToWrite() async throws(CoordinationError) {
        if partitionCount == nil { partitionCount = try await log.partitionCount() }
        try checkRunning()
    }

    func enqueue(_ change: LogChange) {
        guard let partitionCount, let group = change.records.first?.group else {
            return finish(change, .log("nothing was prepared for writing"))
        }
        enqueue(change, in: GroupName.partition(for: group, count: partitionCount))
    }

    func enqueue(_ change: LogChange, in partition: Int32) {
        var queue = queues.removeValue(forKey: partition) ?? WriteQueue()
        queue.changes.append((change, change.records.map(\.record)))
        let isIdle = !queue.isDraining
        queue.isDraining = true
        queues[partition] = queue
        if isIdle { shard.spawn { await self.drain(partition) } }
    }

    private func drain(_ partition: Int32) async {
        while let batch = queues[partition]?.takeBatch() {
            do throws(CoordinationError) {
                try await write(batch, to: partition)
                replay(batch.piece)
                for change in batch.changes {
                    replay(change, partition)
                    finish(change, nil)
                }
            } catch {
                var failed = batch.changes
                if failed.isEmpty, let rest = queues[partition]?.removeFirst() { failed = [rest] }
                for change in failed { finish(change, error) }
            }
        }
        queues[partition] = nil
    }

    private func write(
        _ batch: WriteQueue.Batch, to partition: Int32
    ) async throws(CoordinationError) {
        switch batch.kind {
        case .plain: try await log.append(batch.encoded, in: nil, to: partition)
        case .within(let owner): try await log.append(batch.encoded, in: owner, to: partition)
        case .end(let owner, let isCommit): try await log.end(owner, isCommit: isCommit, in: partition)
        }
    }

    private func replay(_ change: LogChange, _ partition: Int32) {
        switch change.kind {
        case .plain: replay(change.records)
        case .within(let owner):
            let transaction = PendingTransaction(producer: owner.producerID, partition: partition)
            for record in change.records { table.hold(record, in: transaction) }
        case .end(let owner, let isCommit):
            let transaction = PendingTransaction(producer: owner.producerID, partition: partition)
            table.end(transaction, isCommit: isCommit, at: time)
        }
    }

    private func replay(_ records: [GroupRecord]) {
        let time = self.time
        for record in records { table.replay(record, at: time) }
    }

    /// Tells who waits for the change, which was written and replayed unless it failed.
    private func finish(_ change: LogChange, _ failure: CoordinationError?) {
        let time = self.time
        let result: Result<Void, CoordinationError> = failure.map { .failure($0) } ?? .success(())
        switch change.purpose {
        case .group(let id, let write):
            table[id]?.classic.finish(write, failure, at: time)
            settle(id)
        case .commit(let id, let partitions, let answer):
            table[id]?.offsets.endCommit(partitions)
            table.removeIfUnused(id)
            if case .recordsTooLarge(let bytes, let limit) = failure {
                answer.give(
                    .failure(.commitTooLarge(group: id, bytes: bytes, limit: limit)), on: shard)
            } else {
                answer.give(result, on: shard)
            }
        case .deletion(let id, let answer):
            if failure != nil { table[id]?.classic.abandonDeletion(at: time) }
            settle(id)
            answer.give(result, on: shard)
        case .other(let answer):
            answer.give(result, on: shard)
        }
    }
}
