package import Logging
package import MillraceModel
package import MillraceShard
internal import Synchronization
internal import SystemPackage

/// A topic that is open: its entry and its partitions, by number.
package struct Topic: Sendable {
    package let entry: TopicEntry
    package let partitions: [PartitionLog]
    /// What holds for it, by its own settings and the broker's defaults.
    package let settings: TopicSettings
}

/// A data directory and all that is in it, spread over the shards.
///
/// Topics are made, grown and deleted one call after another, on the first shard; anyone on any
/// thread may look a topic up.
package actor Storage {
    package nonisolated let options: StorageOptions
    package nonisolated let shards: [StorageShard]
    nonisolated let shard: Shard
    package nonisolated var unownedExecutor: UnownedSerialExecutor {
        shard.asUnownedSerialExecutor()
    }

    private let logger: Logger
    /// Held until the storage is closed.
    private var lock: File?
    var catalogue: TopicCatalogue
    private var isChanging = false
    private let changed: Signal
    var producerIDs = ProducerIDs()
    let producerIDsReserved: Signal
    private nonisolated let open = Mutex<[TopicName: Topic]>([:])
    nonisolated let configuration: Mutex<Configuration>

    /// The broker's settings that were made while it ran, and what they make of its defaults.
    struct Configuration {
        var broker: BrokerConfig
        var defaults: TopicDefaults
    }

    var topicWatchers = TopicWatchers()
    private nonisolated let names = Mutex<[TopicID: TopicName]>([:])

    private init(
        options: StorageOptions, shards: [StorageShard], logger: Logger, lock: File,
        opening: Opening
    ) {
        self.options = options
        self.shards = shards
        self.shard = shards[0].shard
        self.logger = logger
        self.lock = lock
        catalogue = opening.catalogue
        configuration = Mutex(
            Configuration(broker: opening.brokerConfig, defaults: opening.defaults))
        changed = Signal(on: shards[0].shard)
        producerIDsReserved = Signal(on: shards[0].shard)
    }

    // MARK: Looking up

    package nonisolated func topic(_ name: TopicName) -> Topic? { open.withLock { $0[name] } }

    package nonisolated func topic(_ id: TopicID) -> Topic? {
        guard let topic = names.withLock({ $0[id] }).flatMap({ topic($0) }) else { return nil }
        return topic.entry.id == id ? topic : nil
    }

    /// All topics, by name.
    package nonisolated var topics: [Topic] {
        open.withLock { $0.values.sorted { $0.entry.name < $1.entry.name } }
    }

    package nonisolated func partition(
        _ partition: TopicPartition
    ) throws(StorageError) -> PartitionLog {
        guard let topic = topic(partition.topic), partition.partition >= 0,
            Int(partition.partition) < topic.partitions.count
        else { throw .unknownPartition(partition) }
        return topic.partitions[Int(partition.partition)]
    }

    /// The broker's settings that were made while it ran.
    package nonisolated var brokerConfig: BrokerConfig { configuration.withLock { $0.broker } }

    /// What holds for topics that do not say otherwise.
    package nonisolated var topicDefaults: TopicDefaults {
        configuration.withLock { $0.defaults }
    }

    // MARK: Opening

    /// Opens a directory, recovers what an unclean stop left, and starts to write.
    ///
    /// Called on the first of the shards.
    package static func open(
        _ options: StorageOptions, on shards: [Shard], logger: Logger
    ) async throws(StorageError) -> Storage {
        precondition(!shards.isEmpty, "a storage needs a shard")
        let opening = try await Opening.begin(options, on: shards[0], logger: logger)
        let cleanerTurn = CleanerTurn()
        let storages = shards.map {
            StorageShard(
                shard: $0, options: options, logger: logger, generation: opening.generation,
                cleanerTurn: cleanerTurn)
        }
        let storage = Storage(
            options: options, shards: storages, logger: logger, lock: opening.lock,
            opening: opening)
        try await storage.finishOpening(opening)
        return storage
    }

    private func finishOpening(_ opening: Opening) async throws(StorageError) {
        for entry in catalogue.topics.values.sorted(by: { $0.name < $1.name }) {
            publish(try await openTopic(entry, from: 0) { opening.specification(entry, $0) })
        }
        // The old journals have been taken over whole, so their files may be used again.
        var recovered: [Checkpoint.Partition] = []
        for storage in shards { recovered += await storage.checkpointedPartitions }
        for storage in shards { try await storage.begin(recovered) }
        try await opening.removeLeftovers(shardCount: shards.count)
        try await finishDeletions()
        for storage in shards { try await storage.startWriting() }
        try await writeCatalogue()
    }

    /// Which shard a partition lives on: the partitions of a topic go round, from a place of the
    /// topic's own.
    private func storage(for topic: TopicID, _ partition: Int32) -> StorageShard {
        let first = topic.low % UInt64(shards.count)
        return shards[Int((first + UInt64(partition)) % UInt64(shards.count))]
    }

    private func openTopic(
        _ entry: TopicEntry, from first: Int32,
        _ specification: (Int32) -> PartitionSpecification
    ) async throws(StorageError) -> Topic {
        var partitions = topic(entry.name)?.partitions ?? []
        for number in first..<entry.partitionCount {
            partitions.append(
                try await storage(for: entry.id, number).open(specification(number)))
        }
        return Topic(
            entry: entry, partitions: partitions,
            settings: topicDefaults.settings(for: entry.config))
    }

    func publish(_ topic: Topic) {
        open.withLock { $0[topic.entry.name] = topic }
        names.withLock { $0[topic.entry.id] = topic.entry.name }
        topicWatchers.tell()
    }

    // MARK: Changing

    func writeCatalogue() async throws(StorageError) {
        try await catalogue.write(to: options.directory.appending(DataFiles.topics), on: shard)
    }

    /// Lets one change after another in, since each waits for the disk.
    func beginChange() async throws(StorageError) {
        do throws(Errno) {
            while isChanging { try await changed.wait(after: changed.notices) }
        } catch {
            throw .closed
        }
        isChanging = true
    }

    func endChange() {
        isChanging = false
        changed.notifyAll()
    }

    /// Makes a topic; it is on stable storage when this returns.
    /// - Throws: `topicExists`, `invalidConfig`.
    package func create(
        _ name: TopicName, partitionCount: Int32, config: TopicConfig
    ) async throws(StorageError) -> Topic {
        try await beginChange()
        defer { endChange() }
        guard catalogue.topics[name] == nil else { throw .topicExists(name) }
        try check(config)
        // A topic of the name whose deletion did not end must not leave its records to this one.
        try await finishDeletions()
        var randomness = DeviceRandomness(shard.device)
        var config = config
        if config.durability == nil { config.set(options.durability) }
        let entry = TopicEntry(
            name: name, id: TopicID(from: &randomness), partitionCount: partitionCount,
            config: config)
        catalogue.topics[name] = entry
        do throws(StorageError) {
            try await writeCatalogue()
            return try await openNew(entry, from: 0)
        } catch {
            // Half a topic is no topic: what was made of it is removed, now or at the next start.
            catalogue.topics[name] = nil
            catalogue.deleted.append(entry)
            try? await writeCatalogue()
            try? await finishDeletions()
            throw error
        }
    }

    /// Opens partitions that were never there. Nobody can reach them before they are durable: an
    /// append that was acknowledged earlier would be lost with the directory or the checkpoint.
    private func openNew(
        _ entry: TopicEntry, from first: Int32
    ) async throws(StorageError) -> Topic {
        let topic = try await openTopic(entry, from: first) { number in
            var new = PartitionSpecification(
                partition: TopicPartition(topic: entry.name, partition: number),
                topic: entry.id, settings: topicDefaults.settings(for: entry.config),
                durability: entry.config.durability ?? options.durability)
            new.recoveryPoint = .zero
            return new
        }
        try await io("synchronizing", options.directory) { () throws(Errno) in
            try await shard.synchronize(directory: options.directory)
        }
        // Recovery knows a durable partition by its checkpoint.
        for storage in shards where await !storage.checkpoint() {
            throw .io(
                options.directory.appending(DataFiles.journal), .ioError,
                doing: "writing a checkpoint in")
        }
        publish(topic)
        return topic
    }

    /// Gives a topic more partitions.
    package func addPartitions(
        _ name: TopicName, upTo count: Int32
    ) async throws(StorageError) -> Topic {
        try await beginChange()
        defer { endChange() }
        guard let old = catalogue.topics[name] else { throw .unknownTopic(name) }
        // Those that are open count: the catalogue knows more where an earlier call failed
        // half-way.
        let first = Int32(clamping: topic(name)?.partitions.count ?? 0)
        guard count > first, count >= old.partitionCount else {
            throw .partitionsOnlyGrow(name, from: old.partitionCount, to: count)
        }
        var entry = old
        entry.partitionCount = count
        catalogue.topics[name] = entry
        do throws(StorageError) {
            try await writeCatalogue()
        } catch {
            catalogue.topics[name] = old
            throw error
        }
        return try await openNew(entry, from: first)
    }

    /// Ends a topic and removes its records.
    package func delete(_ name: TopicName) async throws(StorageError) {
        try await beginChange()
        defer { endChange() }
        guard let entry = catalogue.topics.removeValue(forKey: name) else {
            throw .unknownTopic(name)
        }
        catalogue.deleted.append(entry)
        try await writeCatalogue()
        open.withLock { $0[name] = nil }
        names.withLock { $0[entry.id] = nil }
        topicWatchers.tell()
        for number in 0..<entry.partitionCount {
            try await storage(for: entry.id, number).delete(
                TopicPartition(topic: name, partition: number))
        }
        try await finishDeletions()
    }

    /// Removes the directories of deleted topics, then their entries.
    private func finishDeletions() async throws(StorageError) {
        guard !catalogue.deleted.isEmpty else { return }
        for entry in catalogue.deleted where catalogue.topics[entry.name] == nil {
            for number in 0..<entry.partitionCount {
                let partition = TopicPartition(topic: entry.name, partition: number)
                try await shards[0].removeDirectory(
                    LogFiles.directory(partition, in: options.directory))
            }
        }
        catalogue.deleted = []
        try await writeCatalogue()
    }

    // MARK: Closing

    /// Writes what waits, synchronises everything, and gives the directory free.
    package func close() async {
        for storage in shards { await storage.close() }
        lock = nil
    }
}
