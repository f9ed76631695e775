internal import Logging
internal import MillraceModel
internal import MillraceShard
internal import SystemPackage

/// What the files of a data directory say before its partitions are opened.
struct Opening: Sendable {
    let options: StorageOptions
    let shard: Shard
    let logger: Logger
    let lock: File
    var catalogue: TopicCatalogue
    var brokerConfig = BrokerConfig()
    /// What holds for topics that do not say otherwise.
    var defaults = TopicDefaults()
    /// The journals' next generation: larger than any before.
    var generation: UInt64 = 1
    var checkpoints: [JournalContents.PartitionKey: Checkpoint.Partition] = [:]
    var journal = JournalContents()

    private var journalDirectory: FilePath { options.directory.appending(DataFiles.journal) }

    static func begin(
        _ options: StorageOptions, on shard: Shard, logger: Logger
    ) async throws(StorageError) -> Opening {
        let directory = options.directory
        try await make(directory, on: shard)
        try await make(directory.appending(DataFiles.journal), on: shard)
        let lockPath = directory.appending(DataFiles.lock)
        let lock = try await io("opening", lockPath) { () throws(Errno) in
            try await File.open(lockPath, .create, on: shard)
        }
        do throws(Errno) {
            try lock.lock()
        } catch .resourceTemporarilyUnavailable {
            throw .directoryInUse(directory)
        } catch {
            throw .io(lockPath, error, doing: "locking")
        }
        var opening = Opening(
            options: options, shard: shard, logger: logger, lock: lock,
            catalogue: TopicCatalogue())
        await Ballast.take(in: directory, on: shard)
        try await opening.readBrokerConfig()
        try await opening.readCatalogue()
        try await opening.readJournals()
        return opening
    }

    /// Makes a directory and those above it that are missing, each durable in the one above: a data
    /// directory whose own name is lost with the power has lost everything.
    private static func make(_ directory: FilePath, on shard: Shard) async throws(StorageError) {
        var above = directory.removingLastComponent()
        if above.isEmpty { above = "." }
        if above != directory, above != ".", (try? shard.device.list(above)) == nil {
            try await make(above, on: shard)
        }
        try await io("creating", directory) { () throws(Errno) in
            try shard.device.makeDirectory(directory)
            do throws(Errno) {
                try await shard.synchronize(directory: above)
            } catch .permissionDenied {
                // Who may not read the directory above did not make this one just now.
            }
        }
    }

    private mutating func readBrokerConfig() async throws(StorageError) {
        let path = options.directory.appending(DataFiles.brokerConfig)
        brokerConfig = try await BrokerConfig.read(path, on: shard)
        do throws(TopicConfigError) {
            defaults = try brokerConfig.defaults(over: options.topicDefaults)
        } catch {
            throw .damagedFile(path, reason: "\(error)")
        }
    }

    private mutating func readCatalogue() async throws(StorageError) {
        let directory = options.directory
        let names = try await io("listing", directory) { () throws(Errno) in
            try shard.device.list(directory)
        }
        if names.contains(DataFiles.topics) {
            catalogue = try await TopicCatalogue.read(
                directory.appending(DataFiles.topics), on: shard)
        }
        try await adopt(names)
    }

    /// Takes partition directories that no entry speaks of for topics that came from elsewhere: a
    /// Kafka broker's data directory opens as it is.
    private mutating func adopt(_ names: [String]) async throws(StorageError) {
        let deleted = Set(catalogue.deleted.map(\.name))
        var found: [TopicName: Int32] = [:]
        for partition in names.compactMap({ LogFiles.partition(directory: $0) }) {
            guard catalogue.topics[partition.topic] == nil, !deleted.contains(partition.topic)
            else { continue }
            let files = try? shard.device.list(
                LogFiles.directory(partition, in: options.directory))
            guard files?.contains(where: { LogFiles.baseOffset($0, LogFiles.log) != nil }) == true,
                partition.partition < 100_000
            else { continue }
            found[partition.topic] = max(
                found[partition.topic] ?? 0, partition.partition + 1)
        }
        for (name, count) in found.sorted(by: { $0.key < $1.key }) {
            var randomness = DeviceRandomness(shard.device)
            var config = TopicConfig()
            config.set(options.durability)
            catalogue.topics[name] = TopicEntry(
                name: name, id: TopicID(from: &randomness), partitionCount: count, config: config)
            logger.notice("a topic was found in the data directory and taken over", metadata: [
                "topic": "\(name)", "partitions": "\(count)",
            ])
        }
    }

    private mutating func readJournals() async throws(StorageError) {
        let directory = journalDirectory
        let names = try await io("listing", directory) { () throws(Errno) in
            try shard.device.list(directory)
        }
        var generations: [Int: UInt64] = [:]
        var areClean = true
        for name in names where Checkpoint.isCheckpoint(name) {
            let checkpoint = try await Checkpoint.read(directory.appending(name), on: shard)
            generation = max(
                generation, checkpoint.generation + JournalFormat.generationStep)
            areClean = areClean && checkpoint.isClean
            if let index = Checkpoint.shard(inName: name) {
                generations[index] = checkpoint.generation
            }
            for partition in checkpoint.partitions {
                let key = JournalContents.PartitionKey(
                    topic: partition.topic, partition: partition.partition)
                // A partition that changed shards stands in two checkpoints until the older is
                // removed.
                guard let other = checkpoints[key] else {
                    checkpoints[key] = partition
                    continue
                }
                checkpoints[key]?.recoveryPoint = max(
                    other.recoveryPoint, partition.recoveryPoint)
                checkpoints[key]?.logStart = max(other.logStart, partition.logStart)
            }
        }
        journal = try await JournalContents.read(
            directory, generations: generations, on: shard)
        generation = max(generation, journal.lastGeneration + JournalFormat.generationStep)
        for damage in journal.damage {
            logger.error(
                "a journal is damaged; the segments are searched for what it held",
                metadata: [
                    "file": "\(damage.file)", "position": "\(damage.position)",
                    "reason": "\(damage.reason)",
                ])
        }
        if !areClean {
            logger.notice("the last stop was not clean; recovering", metadata: [
                "groups": "\(journal.groupCount)"
            ])
        }
    }

    func specification(_ entry: TopicEntry, _ number: Int32) -> PartitionSpecification {
        let key = JournalContents.PartitionKey(topic: entry.id, partition: number)
        var specification = PartitionSpecification(
            partition: TopicPartition(topic: entry.name, partition: number), topic: entry.id,
            settings: defaults.settings(for: entry.config),
            durability: entry.config.durability ?? options.durability)
        specification.recoveryPoint = checkpoints[key]?.recoveryPoint
        specification.logStart = checkpoints[key]?.logStart ?? .zero
        specification.entries = journal.entries[key] ?? []
        specification.isJournalDamaged = !journal.damage.isEmpty
        return specification
    }

    /// Removes the journals and checkpoints of shards that there are no longer. Everything in them
    /// is synchronised and checkpointed elsewhere by now.
    func removeLeftovers(shardCount: Int) async throws(StorageError) {
        let directory = journalDirectory
        try await io("removing old journals in", directory) { () throws(Errno) in
            let names = try shard.device.list(directory)
            for name in names {
                let index = Journal.shard(inName: name) ?? Checkpoint.shard(inName: name)
                if let index, index >= shardCount {
                    try await shard.remove(directory.appending(name))
                }
            }
            try await shard.synchronize(directory: directory)
        }
    }
}
