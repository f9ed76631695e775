internal import DequeModule
internal import MillraceModel
internal import MillraceShard

/// Records that were decided together, and who is told when they are written.
struct LogChange {
    enum Purpose {
        case group(String, GroupWrite)
        case commit(String, [TopicPartition], PendingAnswer<Void>)
        case deletion(String, PendingAnswer<Void>)
        case other(PendingAnswer<Void>)
    }

    var records: [GroupRecord]
    var purpose: Purpose

    init(_ records: [GroupRecord], _ purpose: Purpose) {
        self.records = records
        self.purpose = purpose
    }
}

/// What waits to be written to one partition of the log.
struct WriteQueue {
    /// Its records as bytes, which they become once.
    fileprivate var changes = Deque<(change: LogChange, encoded: [Record])>()
    fileprivate var isDraining = false

    /// So that one batch stays far below what a log refuses as too large.
    private static let batchBytesMax = 256 << 10

    /// The oldest changes, as many as fit one batch; at least one.
    fileprivate mutating func takeBatch() -> (changes: [LogChange], records: [Record]) {
        var batch: (changes: [LogChange], records: [Record]) = ([], [])
        var byteCount = 0
        while let next = changes.first {
            byteCount += next.encoded.reduce(0) {
                $0 + ($1.key?.count ?? 0) + ($1.value?.count ?? 0) + 16
            }
            guard batch.changes.isEmpty || byteCount <= Self.batchBytesMax else { break }
            batch.changes.append(next.change)
            batch.records += next.encoded
            changes.removeFirst()
        }
        return batch
    }
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
        let partition = GroupName.partition(for: group, count: partitionCount)
        var queue = queues.removeValue(forKey: partition) ?? WriteQueue()
        queue.changes.append((change, change.records.map(\.record)))
        let isIdle = !queue.isDraining
        queue.isDraining = true
        queues[partition] = queue
        if isIdle { shard.spawn { await self.drain(partition) } }
    }

    private func drain(_ partition: Int32) async {
        while let batch = queues[partition]?.takeBatch(), !batch.changes.isEmpty {
            var failure: CoordinationError?
            do throws(CoordinationError) {
                try await log.append(batch.records, to: partition)
            } catch {
                failure = error
            }
            for change in batch.changes { finish(change, failure) }
        }
        queues[partition] = nil
    }

    /// Replays what was written, and tells who waits for it.
    private func finish(_ change: LogChange, _ failure: CoordinationError?) {
        let time = self.time
        if failure == nil {
            for record in change.records { table.replay(record, at: time) }
        }
        let result: Result<Void, CoordinationError> = failure.map { .failure($0) } ?? .success(())
        switch change.purpose {
        case .group(let id, let write):
            table[id]?.classic.finish(write, failure, at: time)
            settle(id)
        case .commit(let id, let partitions, let answer):
            table[id]?.offsets.endCommit(partitions)
            table.removeIfUnused(id)
            answer.give(result, on: shard)
        case .deletion(let id, let answer):
            if failure != nil { table[id]?.classic.abandonDeletion(at: time) }
            settle(id)
            answer.give(result, on: shard)
        case .other(let answer):
            answer.give(result, on: shard)
        }
    }
}
