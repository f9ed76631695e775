package import MillraceModel
internal import MillraceShard
internal import SystemPackage

// What ends: old segments, trimmed records, deleted partitions, and the storage itself.

extension StorageShard {
    /// Looks for segments to delete, from time to time, until the shard ends.
    func startRetention() {
        shard.spawn {
            while (try? await self.shard.sleep(for: self.options.retentionInterval)) != nil {
                await self.applyRetention()
            }
        }
    }

    /// Deletes the segments that the topics' limits of time and size let go.
    package func applyRetention() async {
        for log in logs.values.sorted(by: { $0.partition < $1.partition }) {
            guard !isClosing, !log.isClosed else { continue }
            log.producers.forget(
                silentFor: options.producerExpiration, at: shard.wallClock,
                acknowledgedEnd: log.highWatermark, except: log.transactions.producers)
            guard !log.isBusy else { continue }
            let start = await retained(log)
            if start > log.logStartOffset { try? await trim(log, to: start) }
        }
    }

    /// The offset from which the topic's limits keep the log.
    private func retained(_ log: PartitionLog) async -> Offset {
        var start = log.logStartOffset
        guard log.settings.deletesOldSegments else { return start }
        var size = log.sizeInBytes
        let now = shard.wallClock
        for segment in log.segments {
            let isOld = log.settings.retentionTime.map { limit in
                segment.maxTimestamp > .none
                    && .milliseconds(now.milliseconds &- segment.maxTimestamp.milliseconds) > limit
            } ?? false
            let isTooMuch = log.settings.retentionBytes.map {
                size &- segment.size >= UInt64($0)
            } ?? false
            guard isOld || isTooMuch, segment.size > 0, segment.nextOffset <= log.highWatermark
            else { break }
            if segment === log.active {
                // Size leaves the active segment; time rolls it first.
                guard isOld, log.pending.isEmpty, log.unfinishedCount == 0 else { break }
                log.isBusy = true
                let rolled: Void? = try? await roll(log)
                log.isBusy = false
                enqueue(log)
                guard rolled != nil else { break }
            }
            start = segment.nextOffset
            size &-= segment.size
        }
        return start
    }

    /// Lets the log begin at the offset. What is checkpointed stays true after a crash: the start
    /// moves first, then the segments go, oldest first.
    /// - Throws: `offsetOutOfRange` beyond the high watermark, `onlyCompacted` where nothing is deleted.
    package func trim(_ log: PartitionLog, to offset: Offset) async throws(StorageError) {
        guard log.settings.deletesOldSegments else { throw .onlyCompacted(log.partition) }
        guard offset <= log.highWatermark, offset >= .zero else {
            throw .offsetOutOfRange(
                log.partition, offset, first: log.logStartOffset, next: log.highWatermark)
        }
        // Recovery starts in the segment of the recovery point, so none at or beyond it may go. Its
        // entries in the journal would have nothing to follow.
        if log.recoveryPoint < offset {
            guard await synchronize(log) else {
                throw .readOnly(log.partition, reason: log.refusal?.reason ?? "it is being closed")
            }
        }
        guard !log.isClosed else { throw .unknownPartition(log.partition) }
        log.advanceLogStart(to: offset)
        guard await checkpoint() else {
            throw .readOnly(log.partition, reason: "the new log start could not be checkpointed")
        }
        while true {
            try await waitForReplacing(log)
            guard log.segments.count > 1, log.segments[1].baseOffset <= log.logStartOffset else { break }
            let segment = log.segments.removeFirst()
            log.damage.removeAll { $0.last.map { $0 < log.logStartOffset } ?? false }
            for suffix in LogFiles.ofSegments {
                try? await shard.remove(
                    Segment.path(log.directory, segment.baseOffset, suffix))
            }
        }
    }

    /// Ends a partition and removes its files.
    func delete(_ partition: TopicPartition) async throws(StorageError) {
        guard let log = logs.removeValue(forKey: partition) else { return }
        log.isClosed = true
        log.advanced.notifyAll()
        refuseWaiting(log, .unknownPartition(partition))
        do throws(Errno) {
            // Whatever makes files in the directory, or needs the segments, ends first.
            while log.unfinishedCount > 0 || log.isBusy || log.finishingCount > 0
                || log.isSynchronizing
            {
                try await shard.sleep(for: .milliseconds(1))
            }
        } catch {
            throw .closed
        }
        log.segments = []
        try await removeDirectory(log.directory)
    }

    /// Removes a partition's directory and all in it.
    func removeDirectory(_ directory: FilePath) async throws(StorageError) {
        try await io("removing", directory) { () throws(Errno) in
            let names: [String]
            do throws(Errno) {
                names = try shard.device.list(directory)
            } catch .noSuchFileOrDirectory {
                return
            }
            for name in names {
                do throws(Errno) {
                    try await shard.remove(directory.appending(name))
                } catch .noSuchFileOrDirectory {
                    // Retention was quicker.
                }
            }
            try await shard.remove(directory, directory: true)
            try await shard.synchronize(directory: options.directory)
        }
    }

    /// Writes what waits, synchronises everything, and says so in the checkpoint.
    func close() async {
        isClosing = true
        for log in logs.values { log.advanced.notifyAll() }
        do {
            while unfinishedCount > 0 || backgroundCount > 0 { try await idle.wait(after: idle.notices) }
        } catch {
            return
        }
        var isClean = true
        for log in logs.values.sorted(by: { $0.partition < $1.partition }) {
            let synchronized = await synchronize(log)
            isClean = isClean && synchronized
            try? log.active.file.truncate(to: log.active.size)
            try? await log.active.writeIndex(on: shard)
            await writeProducerSnapshot(of: log)
        }
        _ = await checkpoint(isClean: isClean)
        letGo()
    }
}
