internal import Glibc
package import MillraceCoordination
@_exported public import MillraceModel
@_exported public import MillraceRecords
package import MillraceShard
package import MillraceStorage
internal import Synchronization
internal import SystemPackage

/// An event log in a directory: topics, partitions, offsets and groups, inside your process.
///
/// Every method may be called from any task and any number of them at once. Records of one
/// partition are read in the order of their offsets; appends that one task makes one after the
/// other keep that order.
public final class Engine: Sendable {
    package let storage: Storage
    package let groups: GroupCoordinator
    package let transactions: TransactionCoordinator
    package let options: EngineOptions
    package let shards: [Shard]
    /// Empty under simulation, where the shards belong to it.
    private let threads: [ShardThread]
    let gate = Gate()
    private let partitioners = Mutex<[TopicName: Partitioner]>([:])

    private init(
        _ parts: Parts, options: EngineOptions, shards: [Shard], threads: [ShardThread]
    ) {
        storage = parts.storage
        groups = parts.groups
        transactions = parts.transactions
        self.options = options
        self.shards = shards
        self.threads = threads
    }

    /// Opens a directory, which is made if it is not there, and recovers what an unclean stop left.
    /// - Throws: `directoryInUse`, `newerFormat`, `ringRefused`, `dataLoss` for a damaged
    /// checkpoint or topic list, `io`.
    public static func open(
        _ directory: String, options: EngineOptions = EngineOptions()
    ) async throws(EngineError) -> Engine {
        try KernelVersion.check()
        raiseFileLimit()
        let threads = try startThreads(options)
        let shards = threads.map(\.shard)
        let result = await onShard(shards[0]) { () async -> Result<Parts, EngineError> in
            do throws(EngineError) {
                return .success(try await openParts(directory, options, shards))
            } catch {
                return .failure(error)
            }
        }
        switch result {
        case .success(let parts):
            return Engine(parts, options: options, shards: shards, threads: threads)
        case .failure(let error):
            for thread in threads { thread.stopAndJoin() }
            throw error
        }
    }

    /// Opens a directory on shards that somebody else runs. Called on the first of them.
    package static func open(
        _ directory: String, options: EngineOptions, on shards: [Shard]
    ) async throws(EngineError) -> Engine {
        let parts = try await openParts(directory, options, shards)
        return Engine(parts, options: options, shards: shards, threads: [])
    }

    /// Acknowledges what was appended, makes everything durable, and gives the directory free.
    /// Appends and reads that come later throw `closed`.
    public func close() async {
        guard gate.close() else { return }
        await transactions.stop()
        await groups.stop()
        await storage.close()
        await gate.waitUntilEmpty()
        for thread in threads { thread.stopAndJoin() }
    }

    /// Runs a call of the layers below, unless the engine is closed, and turns its error into the
    /// engine's.
    func call<Result>(
        _ body: () async throws(StorageError) -> Result
    ) async throws(EngineError) -> Result {
        try gate.enter()
        defer { gate.leave() }
        do throws(StorageError) {
            return try await body()
        } catch {
            throw EngineError(error)
        }
    }

    /// The same for the groups.
    func coordinate<Result>(
        _ body: () async throws(CoordinationError) -> Result
    ) async throws(EngineError) -> Result {
        try gate.enter()
        defer { gate.leave() }
        do throws(CoordinationError) {
            return try await body()
        } catch {
            throw EngineError(error)
        }
    }

    // MARK: Parts

    private struct Parts: Sendable {
        let storage: Storage
        let groups: GroupCoordinator
        let transactions: TransactionCoordinator
    }

    /// The topics in which the coordinators keep their state; both names are legal.
    private static func internalTopic(_ name: String) throws(EngineError) -> TopicName {
        do throws(TopicNameError) {
            return try TopicName(name)
        } catch {
            throw EngineError(.invalidArgument, "\(error)")
        }
    }

    private static func openParts(
        _ directory: String, _ options: EngineOptions, _ shards: [Shard]
    ) async throws(EngineError) -> Parts {
        let storage: Storage
        do throws(StorageError) {
            storage = try await Storage.open(
                options.storageOptions(directory: directory), on: shards, logger: options.logger)
        } catch {
            throw EngineError(error)
        }
        let offsets = CoordinatorTopic(
            storage: storage, name: try internalTopic("__consumer_offsets"),
            partitionCount: options.offsetsPartitionCount)
        let groups = GroupCoordinator(
            on: shards[0], log: offsets, options: options.groups,
            tell: { [logger = options.logger] in logger.info("\($0)") })
        let states = CoordinatorTopic(
            storage: storage, name: try internalTopic("__transaction_state"),
            partitionCount: options.transactionStatePartitionCount)
        let transactions = TransactionCoordinator(
            on: shards[0], log: states,
            participants: TransactionPartitions(storage: storage, groups: groups, offsets: offsets.name),
            options: options.transactions,
            tell: { [logger = options.logger] in logger.info("\($0)") })
        do throws(CoordinationError) {
            try await groups.load()
            try await transactions.load()
        } catch {
            await storage.close()
            throw EngineError(error)
        }
        await forgetGoneTopics(storage, groups, options)
        return Parts(storage: storage, groups: groups, transactions: transactions)
    }

    /// What cannot be written is left to the next start.
    private static func forgetGoneTopics(
        _ storage: Storage, _ groups: GroupCoordinator, _ options: EngineOptions
    ) async {
        var topics: [TopicName: TopicID] = [:]
        for topic in storage.topics { topics[topic.entry.name] = topic.entry.id }
        do throws(CoordinationError) {
            try await groups.keepOnly(topics)
        } catch {
            options.logger.warning("offsets of deleted topics stay: \(error)")
        }
    }

    private static func startThreads(
        _ options: EngineOptions
    ) throws(EngineError) -> [ShardThread] {
        let cores = max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN)))
        let count = options.shardCount ?? cores
        guard (1...256).contains(count) else {
            throw EngineError(.invalidArgument, "shards=\(count): use a number from 1 to 256")
        }
        var threads: [ShardThread] = []
        for index in 0..<count {
            do throws(Errno) {
                threads.append(
                    try ShardThread.start(
                        index: index, processor: count == cores && count > 1 ? index : nil))
            } catch {
                for thread in threads { thread.stopAndJoin() }
                throw EngineError(ring: error)
            }
        }
        return threads
    }

    /// Segments and connections are files, and the usual soft limit of 1,024 is for programs that
    /// use select(2).
    private static func raiseFileLimit() {
        var limit = rlimit()
        guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return }
        limit.rlim_cur = limit.rlim_max
        setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
    }

    // MARK: Choosing partitions

    /// The partition for records without a key that one call appends together.
    func nextPartition(of topic: Topic) -> Int32 {
        let count = topic.entry.partitionCount
        return partitioners.withLock { partitioners in
            var partitioner =
                partitioners[topic.entry.name] ?? Partitioner(partitionCount: count)
            // The topic may have got more partitions, or be another one of the same name.
            if partitioner.partitionCount != count { partitioner.partitionCount = count }
            let chosen = partitioner.sticky
            partitioner.batchSealed(chosen)
            partitioners[topic.entry.name] = partitioner
            return chosen
        }
    }
}

/// Runs the body as a task of the shard and waits for it.
func onShard<Result: Sendable>(
    _ shard: Shard, _ body: @escaping @Sendable () async -> Result
) async -> Result {
    await withCheckedContinuation { continuation in
        shard.spawn { continuation.resume(returning: await body()) }
    }
}
