internal import DequeModule
internal import MillraceBytes
internal import MillraceModel
internal import MillraceRing
internal import MillraceShard
internal import SystemPackage

// The tasks that write: one for relaxed topics, one for each group the journal may have under way.

extension StorageShard {
    /// Starts the writers. They end with the shard.
    func startWriters() {
        shard.spawn { await self.writeRelaxed() }
        for slot in journal.buffers.indices {
            shard.spawn { await self.writeJournal(slot) }
        }
    }

    /// Refuses what no writer will take any more.
    private func writersEnd() {
        haveWritersEnded = true
        while let log = durableQueue.popFirst() ?? relaxedQueue.popFirst() {
            log.isQueued = false
            refuseWaiting(log, .closed)
        }
        letGo()
    }

    // MARK: Relaxed topics

    /// A run below this is written on the shard's own thread, which costs less than the ring's
    /// worker.
    static let inlineBytesMax = 256 << 10

    private func writeRelaxed() async {
        while true {
            while relaxedQueue.isEmpty {
                do { try await work.wait(after: work.notices) } catch { return writersEnd() }
            }
            let queue = relaxedQueue
            relaxedQueue.removeAll(keepingCapacity: true)
            for log in queue {
                log.isQueued = false
                guard let run = takeRun(log, bytesMax: 16 << 20) else { continue }
                if run.bytes < Self.inlineBytesMax {
                    if writeNow(run) { acknowledge(run) }
                    enqueue(log)
                } else {
                    log.isBusy = true
                    inBackground { await $0.writeLarge(run, durable: false) }
                }
            }
        }
    }

    /// Puts a run into the page cache at once; a run that cannot be is refused with its partition.
    private func writeNow(_ run: Run) -> Bool {
        do throws(Errno) {
            try withSlices(of: run) { slices throws(Errno) in
                try run.segment.file.writeNow(slices: slices, at: run.position)
            }
            noteUnsynced(run)
            return true
        } catch {
            stop(run, .io(run.segment.file.path, error, doing: "writing"))
            return false
        }
    }

    /// Writes a large run to its segment; its partition waits for it meanwhile.
    private func writeLarge(_ run: Run, durable: Bool) async {
        let slices = UnsafeMutableBufferPointer<IOSlice>.allocate(capacity: run.appends.count)
        _ = slices.initialize(from: run.appends.map { IOSlice($0.batch.bytes) })
        defer { slices.deallocate() }
        do throws(Errno) {
            try await run.segment.file.write(
                slices: UnsafeBufferPointer(slices), at: run.position, durable: durable)
            noteUnsynced(run)
        } catch {
            run.failure = .io(run.segment.file.path, error, doing: "writing")
        }
        // Nothing may follow a run that failed before it is undone, and its journal group may not
        // have ended yet.
        run.keepsLogBusy = run.failure != nil && run.unfinishedWrites > 1
        writeEnded(run)
        if !run.keepsLogBusy { free(run.log) }
    }

    private func free(_ log: PartitionLog) {
        log.isBusy = false
        enqueue(log)
    }

    private func withSlices(
        of run: Run, _ body: (UnsafeBufferPointer<IOSlice>) throws(Errno) -> Void
    ) throws(Errno) {
        let slices = run.appends.map { IOSlice($0.batch.bytes) }
        var result = Result<Void, Errno>.success(())
        slices.withUnsafeBufferPointer { slices in
            do throws(Errno) { try body(slices) } catch { result = .failure(error) }
        }
        try result.get()
    }

    private func noteUnsynced(_ run: Run) {
        run.segment.isDirty = true
    }

    /// One of the writes that a run waits for has ended.
    private func writeEnded(_ run: Run) {
        run.unfinishedWrites -= 1
        guard run.unfinishedWrites == 0 else { return }
        if let file = run.journalFile {
            file.unfinishedRuns -= 1
            journal.changed.notifyAll()
        }
        if let failure = run.failure {
            stop(run, failure)
        } else {
            acknowledge(run)
        }
        if run.keepsLogBusy { free(run.log) }
    }

    /// Stops the partition of a run whose write failed, and refuses the run.
    private func stop(_ run: Run, _ error: StorageError) {
        var isUndone = false
        if error.isFullDisk, run.log.durability == .relaxed || journal.failure == nil {
            // Nothing follows the run yet, so it can be undone and tried again later. Where the
            // journal failed, others may follow, and a restart sorts them out.
            do throws(StorageError) {
                try run.segment.truncate(to: run.position, nextOffset: run.baseOffset)
                isUndone = true
            } catch {
                // What is left of it stays behind the high watermark until a restart cuts it.
            }
        }
        refuse(run.log, error, isFinal: !isUndone)
        fail(run, .readOnly(run.log.partition, reason: run.log.refusal?.reason ?? "\(error)"))
    }

    // MARK: Durable topics

    /// From this size on a partition's run goes straight to its segment, synchronised there, and
    /// the journal only notes it: the journal would write every byte twice.
    static let directBytesMin = 128 << 10

    private func writeJournal(_ slot: Int) async {
        while true {
            do {
                while durableQueue.isEmpty { try await work.wait(after: work.notices) }
                if journal.failure == nil { try await makeRoom() }
            } catch let error as StorageError {
                failJournal(error)
            } catch {
                return writersEnd()
            }
            if let failure = journal.failure {
                refuseQueued(failure)
                continue
            }
            guard let file = journal.current else { continue }
            var builder = GroupBuilder(journal.buffers[slot])
            gather(into: &builder)
            guard !builder.runs.isEmpty else { continue }
            let bytes = builder.finish(
                generation: file.generation, sequence: journal.nextSequence,
                stableSequence: journal.stableSequence)
            journal.nextSequence += 1
            let position = file.position
            file.position += UInt64(bytes.count)
            let group = Journal.Group(file, builder.runs)
            journal.groups.append(group)
            file.unfinishedRuns += builder.runs.count
            for run in builder.runs {
                file.logs[run.log.partition] = run.log
                run.journalFile = file
            }
            do throws(Errno) {
                if journal.areRegistered {
                    try await file.file.write(registered: slot, bytes, at: position)
                } else {
                    try await file.file.write(bytes, at: position, durable: true)
                }
            } catch {
                group.failure = .io(file.file.path, error, doing: "writing")
            }
            group.isWritten = true
            endGroups()
        }
    }

    /// Moves what waits in all partitions into the group.
    private func gather(into builder: inout GroupBuilder) {
        var rest = durableQueue.count
        while rest > 0, let log = durableQueue.popFirst() {
            rest -= 1
            log.isQueued = false
            guard let first = log.pending.first, !log.isBusy else { continue }
            let isDirect = log.pendingBytes >= Self.directBytesMin
            guard builder.room >= (isDirect ? 0 : first.batch.count) else {
                log.isQueued = true
                durableQueue.prepend(log)
                return
            }
            guard
                let run = takeRun(log, bytesMax: isDirect ? 16 << 20 : builder.room)
            else { continue }
            if isDirect {
                run.unfinishedWrites = 2
                log.isBusy = true
                builder.add(run, .note)
                inBackground { await $0.writeLarge(run, durable: true) }
            } else if writeNow(run) {
                builder.add(run, .batches)
                enqueue(log)
            }
        }
    }

    /// Acknowledges groups in their order: recovery stops at the first that is missing, so none
    /// behind it counts.
    private func endGroups() {
        while let group = journal.groups.first, group.isWritten {
            journal.groups.removeFirst()
            if let failure = group.failure { failJournal(failure) }
            if journal.failure == nil { journal.stableSequence += 1 }
            for run in group.runs {
                if run.failure == nil { run.failure = journal.failure }
                writeEnded(run)
            }
        }
        journal.changed.notifyAll()
    }

    private func failJournal(_ error: StorageError) {
        guard journal.failure == nil else { return }
        journal.failure = error
        logger.critical("the journal failed; durable topics take no writes until a restart", metadata: [
            "error": "\(error)"
        ])
    }

    private func refuseQueued(_ failure: StorageError) {
        while let log = durableQueue.popFirst() {
            log.isQueued = false
            refuse(log, failure)
        }
    }
}
