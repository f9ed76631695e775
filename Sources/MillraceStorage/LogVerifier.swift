internal import MillraceModel
package import MillraceShard
package import SystemPackage

/// Reads a whole data directory, or one partition's directory, and says all that is damaged in it.
/// It writes nothing.
///
/// Each segment of each partition is read from end to end: the CRC-32C of each batch, its records,
/// the offsets within and between segments, the index files against the log; then the catalogue,
/// the checkpoints and the journals. What an unclean stop left behind, beyond all that was
/// acknowledged, is a note and no problem.
package final class LogVerifier {
    let shard: Shard
    let data: FilePath
    var report = LogReport()
    private var states: [JournalContents.PartitionKey: RecoveryState] = [:]

    /// What the checkpoints and the journals promise of a partition.
    struct RecoveryState {
        var logStart = Offset.zero
        var recoveryPoint = Offset.zero
        /// The end of what the journals hold: it is written to the segments again at the next
        /// start.
        var journaledEnd = Offset.zero
        /// Whether it was closed properly, so that nothing is beyond the recovery point.
        var isClean = false

        var promisedEnd: Offset { max(recoveryPoint, journaledEnd) }
    }

    private init(_ data: FilePath, on shard: Shard) {
        self.data = data
        self.shard = shard
    }

    /// - Parameter directory: a data directory, or `TOPIC-PARTITION` in one.
    /// - Parameter evenIfInUse: goes on where another process has the directory open; what that one
    /// is writing meanwhile may
    ///   look damaged.
    /// - Throws: `directoryInUse`, and `io` where the directory itself cannot be read.
    package static func verify(
        _ directory: FilePath, evenIfInUse: Bool = false, on shard: Shard
    ) async throws(StorageError) -> LogReport {
        let names = try await io("listing", directory) { () throws(Errno) in
            try shard.device.list(directory)
        }
        let only = directory.lastComponent.flatMap { LogFiles.partition(directory: $0.string) }
        let isPartition =
            only != nil && names.contains { LogFiles.baseOffset($0, LogFiles.log) != nil }
        let above = directory.removingLastComponent()
        let data = isPartition ? (above.isEmpty ? "." : above) : directory
        let lock = try await lock(data, evenIfInUse: evenIfInUse, on: shard)
        defer { withExtendedLifetime(lock) {} }
        let verifier = LogVerifier(data, on: shard)
        await verifier.verify(only: isPartition ? only : nil)
        return verifier.report
    }

    /// Keeps others from opening the directory meanwhile, if it has a lock file that may be opened.
    private static func lock(
        _ data: FilePath, evenIfInUse: Bool, on shard: Shard
    ) async throws(StorageError) -> File? {
        let path = data.appending(DataFiles.lock)
        guard let file = try? await File.open(path, .readWrite, on: shard) else { return nil }
        do throws(Errno) {
            try file.lock()
        } catch .resourceTemporarilyUnavailable {
            guard evenIfInUse else { throw .directoryInUse(data) }
        } catch {
            throw .io(path, error, doing: "locking")
        }
        return file
    }

    private func verify(only: TopicPartition?) async {
        let names = (try? shard.device.list(data)) ?? []
        var catalogue = TopicCatalogue()
        if names.contains(DataFiles.topics) {
            await recording(data.appending(DataFiles.topics)) { () throws(StorageError) in
                catalogue = try await TopicCatalogue.read(
                    self.data.appending(DataFiles.topics), on: self.shard)
            }
        }
        if names.contains(DataFiles.journal) { await readJournals() }
        let deleted = Set(catalogue.deleted.map(\.name))
        var partitions: [(TopicPartition, TopicEntry?)] = []
        for entry in catalogue.topics.values.sorted(by: { $0.name < $1.name }) {
            partitions += (0..<entry.partitionCount).map {
                (TopicPartition(topic: entry.name, partition: $0), entry)
            }
        }
        // Directories of no topic that is known are taken over at the next start.
        for found in names.compactMap({ LogFiles.partition(directory: $0) }).sorted()
        where catalogue.topics[found.topic] == nil && !deleted.contains(found.topic) {
            partitions.append((found, nil))
        }
        report.topicCount = Set(
            partitions.map(\.0.topic).filter { only == nil || $0 == only?.topic }
        ).count
        for (partition, entry) in partitions where only == nil || partition == only {
            let key = entry.map {
                JournalContents.PartitionKey(topic: $0.id, partition: partition.partition)
            }
            await verify(
                partition, key.flatMap { states[$0] },
                isCompacted: entry?.config.settings().isCompacted ?? false)
        }
    }

    private func readJournals() async {
        let directory = data.appending(DataFiles.journal)
        let names = (try? shard.device.list(directory)) ?? []
        var generations: [Int: UInt64] = [:]
        for name in names where Checkpoint.isCheckpoint(name) {
            let path = directory.appending(name)
            await recording(path) { () throws(StorageError) in
                let checkpoint = try await Checkpoint.read(path, on: self.shard)
                if let index = Checkpoint.shard(inName: name) {
                    generations[index] = checkpoint.generation
                }
                for partition in checkpoint.partitions {
                    self.take(partition, isClean: checkpoint.isClean)
                }
            }
        }
        await recording(directory) { () throws(StorageError) in
            let journal = try await JournalContents.read(
                directory, generations: generations, on: self.shard)
            for (key, entries) in journal.entries {
                let end = entries.map(\.header.nextOffset).max() ?? .zero
                self.states[key]?.journaledEnd = end
            }
            for damage in journal.damage {
                self.note(damage.file, damage.position, damage.reason)
            }
        }
    }

    private func take(_ partition: Checkpoint.Partition, isClean: Bool) {
        let key = JournalContents.PartitionKey(
            topic: partition.topic, partition: partition.partition)
        var state = states[key] ?? RecoveryState()
        state.logStart = max(state.logStart, partition.logStart)
        state.recoveryPoint = max(state.recoveryPoint, partition.recoveryPoint)
        state.isClean = isClean
        states[key] = state
    }

    /// Makes a problem of what the body throws.
    func recording(_ file: FilePath, _ body: () async throws(StorageError) -> Void) async {
        do throws(StorageError) {
            try await body()
        } catch {
            note(file, nil, "\(error)")
        }
    }

    private func note(_ file: FilePath, _ position: UInt64?, _ reason: String) {
        report.problems.append(
            LogProblem(
                kind: .recovery, partition: nil, first: nil, last: nil, file: file,
                position: position, reason: reason))
    }
}
