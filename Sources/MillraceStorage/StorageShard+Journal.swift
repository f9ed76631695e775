internal import MillraceBytes
internal import MillraceModel
internal import MillraceShard
internal import SystemPackage

// The life of the journal's files: made, filled, retired, free again.

extension StorageShard {
    /// Checkpoints what recovery found, under a generation that leaves the old journal groups
    /// behind: of all shards, since a partition may come from another shard whose checkpoint no
    /// longer speaks of it.
    func begin(_ recovered: [Checkpoint.Partition]) async throws(StorageError) {
        guard await checkpoint(of: recovered) else {
            throw .io(journal.directory, .ioError, doing: "writing the first checkpoint in")
        }
    }

    /// Starts the journal and the tasks that write.
    func startWriting() async throws(StorageError) {
        try await startJournal()
        startWriters()
        startRetention()
        startCleaner()
    }

    /// Makes the buffers known to the kernel, and takes over the files of an earlier run or makes
    /// the first.
    private func startJournal() async throws(StorageError) {
        journal.areRegistered = shard.device.registerBuffers(journal.buffers.map(\.mutableBytes))
        if !journal.areRegistered {
            logger.warning(
                "the kernel registers no journal buffers; raise the memlock limit for less CPU",
                metadata: ["shard": "\(shard.index)"])
        }
        let names = try await io("listing", journal.directory) { () throws(Errno) in
            try shard.device.list(journal.directory)
        }
        for name in names where Journal.shard(inName: name) == shard.index {
            try await takeOver(journal.directory.appending(name))
        }
        if journal.free.isEmpty { journal.free.append(try await makeFile()) }
    }

    /// Uses a file of an earlier run again, if it has the size, and removes it otherwise.
    private func takeOver(_ path: FilePath) async throws(StorageError) {
        let file = try await openJournalFile(path)
        let size = try await io("reading", path) { () throws(Errno) in try file.size() }
        guard size == journal.fileBytes, journal.fileCount < journal.fileCountMax,
            let number = Journal.number(inName: path.lastComponent?.string ?? "")
        else {
            return try await io("removing", path) { () throws(Errno) in
                try await shard.remove(path)
            }
        }
        journal.fileCount += 1
        journal.nextNumber = max(journal.nextNumber, number + 1)
        journal.free.append(Journal.JournalFile(file, number: number))
    }

    /// Has a current file with room for the largest group.
    func makeRoom() async throws {
        while true {
            if let current = journal.current,
                current.position &+ UInt64(Journal.groupBytesMax) <= journal.fileBytes
            {
                return
            }
            if journal.isSwitching {
                try await journal.changed.wait(after: journal.changed.notices)
                continue
            }
            journal.isSwitching = true
            defer {
                journal.isSwitching = false
                journal.changed.notifyAll()
            }
            if let full = journal.current {
                journal.current = nil
                inBackground { await $0.retire(full) }
            }
            let next = try await takeFile()
            next.generation = journal.nextGeneration
            journal.nextGeneration += 1
            next.position = 0
            next.logs = [:]
            journal.current = next
        }
    }

    private func takeFile() async throws -> Journal.JournalFile {
        while true {
            if let file = journal.free.popFirst() { return file }
            if journal.fileCount < journal.fileCountMax, let file = try await makeFileIfRoom() {
                return file
            }
            try await journal.changed.wait(after: journal.changed.notices)
        }
    }

    /// A new file; nil on a full disk, if there are others, which will be free again with or
    /// without more room.
    private func makeFileIfRoom() async throws(StorageError) -> Journal.JournalFile? {
        do throws(StorageError) {
            return try await makeFile()
        } catch {
            guard error.isFullDisk, journal.fileCount > 0 else { throw error }
            return nil
        }
    }

    /// Makes a file and writes it whole once, so that a group later overwrites blocks that are
    /// there.
    private func makeFile() async throws(StorageError) -> Journal.JournalFile {
        let number = journal.nextNumber
        journal.nextNumber += 1
        journal.fileCount += 1
        let path = journal.directory.appending(
            Journal.fileName(shard: journal.shardIndex, number: number))
        do throws(StorageError) {
            let file = try await openJournalFile(path)
            try await io("writing", path) { () throws(Errno) in
                let zeros = AlignedBuffer(count: 1 << 20)
                zeros.mutableBytes.initializeMemory(as: UInt8.self, repeating: 0)
                try file.truncate(to: 0)
                var position: UInt64 = 0
                while position < journal.fileBytes {
                    let count = min(UInt64(zeros.count), journal.fileBytes - position)
                    try await file.write(
                        UnsafeRawBufferPointer(start: zeros.pointer, count: Int(count)),
                        at: position)
                    position += count
                }
                try await file.synchronize(dataOnly: false)
                try await shard.synchronize(directory: journal.directory)
            }
            return Journal.JournalFile(file, number: number)
        } catch {
            journal.fileCount -= 1
            // Half a file is of no use, and on a full disk its space is.
            try? await shard.remove(path)
            throw error
        }
    }

    private func openJournalFile(_ path: FilePath) async throws(StorageError) -> File {
        guard journal.isDirect, options.usesDirectIO else {
            return try await io("creating", path) { () throws(Errno) in
                try await File.open(path, .create, on: shard)
            }
        }
        do throws(Errno) {
            return try await File.open(path, .createDirect, on: shard)
        } catch .invalidArgument {
            journal.isDirect = false
            // All shards' journals lie in one directory, so one of them speaks for all.
            if shard.index == 0 {
                logger.notice(
                    "the file system takes no O_DIRECT; the journal is written through the page cache",
                    metadata: ["path": "\(journal.directory)"])
            }
            return try await openJournalFile(path)
        } catch {
            throw .io(path, error, doing: "creating")
        }
    }

    /// Frees a full file: waits for its groups, synchronises what they went to, and checkpoints
    /// that.
    private func retire(_ file: Journal.JournalFile) async {
        do {
            while file.unfinishedRuns > 0 { try await journal.changed.wait(after: journal.changed.notices) }
        } catch {
            return
        }
        for log in file.logs.values.sorted(by: { $0.partition < $1.partition }) {
            guard await synchronize(log) else {
                // The entries exist here only, so the file is kept for recovery and another takes
                // its place.
                keepForRecovery()
                return
            }
            if log.bytesSinceSnapshot >= Self.snapshotIntervalBytes {
                await writeProducerSnapshot(of: log)
            }
        }
        while await !checkpoint() {
            // The segments are safe, and nothing is lost by saying so later: a full disk may have
            // room again. A close does not wait for that; recovery replays the file.
            guard !isClosing else { return keepForRecovery() }
            do { try await shard.sleep(for: .seconds(1)) } catch { return }
        }
        file.logs = [:]
        journal.free.append(file)
        journal.changed.notifyAll()
    }

    private func keepForRecovery() {
        journal.fileCount -= 1
        journal.changed.notifyAll()
    }

    /// Synchronises what the partition has written; false where that failed and the partition has
    /// stopped.
    @discardableResult
    package func synchronize(_ log: PartitionLog) async -> Bool {
        // One at a time: a second would find nothing dirty and believe what the first has not
        // finished.
        while log.isSynchronizing {
            do { try await log.synchronized.wait(after: log.synchronized.notices) } catch { return false }
        }
        guard !log.isClosed else { return true }
        log.isSynchronizing = true
        defer {
            log.isSynchronizing = false
            log.synchronized.notifyAll()
        }
        let target = log.highWatermark
        for segment in log.segments where segment.isDirty {
            segment.isDirty = false
            do throws(Errno) {
                try await segment.file.synchronize()
            } catch {
                // After a failed sync the page cache no longer knows what it holds: it is not tried
                // again.
                refuse(
                    log, .io(segment.file.path, error, doing: "synchronizing"), isFinal: true)
                return false
            }
        }
        if case .failed = log.refusal { return false }
        log.advanceRecoveryPoint(to: target)
        return true
    }

    // MARK: Checkpoint

    /// How far each partition is synchronised.
    var checkpointedPartitions: [Checkpoint.Partition] {
        logs.values.sorted { $0.partition < $1.partition }.map {
            Checkpoint.Partition(
                topic: $0.topic, partition: $0.partition.partition,
                recoveryPoint: $0.recoveryPoint, logStart: $0.logStartOffset)
        }
    }

    /// Writes down how far each partition is synchronised; false where that failed.
    func checkpoint(
        isClean: Bool = false, of partitions: [Checkpoint.Partition]? = nil
    ) async -> Bool {
        checkpointsWanted += 1
        let wanted = checkpointsWanted
        while isCheckpointing {
            do { try await checkpointed.wait(after: checkpointed.notices) } catch { return false }
            if checkpointsDone >= wanted { return true }
        }
        guard !hasEnded else { return false }
        isCheckpointing = true
        defer {
            isCheckpointing = false
            checkpointed.notifyAll()
        }
        let covers = checkpointsWanted
        let contents = Checkpoint(
            generation: journal.firstGeneration, isClean: isClean,
            partitions: partitions ?? checkpointedPartitions)
        do throws(StorageError) {
            try await contents.write(
                to: Checkpoint.path(options.directory, shard: shard.index), on: shard)
            checkpointsDone = covers
            return true
        } catch {
            logger.error("a checkpoint was not written", metadata: ["error": "\(error)"])
            return false
        }
    }
}
