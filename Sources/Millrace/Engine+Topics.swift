internal import MillraceCoordination
public import MillraceModel
internal import MillraceStorage

/// A topic and what each of its partitions says of itself.
public struct TopicDescription: Sendable {
    public let name: TopicName
    public let id: TopicID
    public let config: TopicConfig
    public let partitions: [PartitionDescription]
}

public struct PartitionDescription: Sendable {
    public let partition: Int32
    /// The first record that is still there.
    public let logStartOffset: Offset
    /// One past the last record that readers see.
    public let highWatermark: Offset
    /// One past the last record that has an offset.
    public let logEndOffset: Offset
    public let sizeInBytes: UInt64
    /// Why the partition takes no writes; nil when it does.
    public let readOnlyReason: String?
}

extension Engine {
    /// Makes a topic, which is on stable storage when this returns.
    /// - Parameters:
    ///   - partitions: how many; nil for the engine's default.
    ///   - config: settings by Kafka's names, such as `retention.ms`, and `millrace.durability`.
    /// - Throws: `invalidArgument`, `topicExists`, `io`.
    @discardableResult
    public func createTopic(
        _ name: String, partitions: Int32? = nil, config settings: [String: String] = [:]
    ) async throws(EngineError) -> TopicDescription {
        let name = try Self.topicName(name)
        try Self.checkNotOwn(name)
        var config = TopicConfig()
        for (key, value) in settings.sorted(by: { $0.key < $1.key }) {
            do throws(TopicConfigError) {
                try config.set(key, to: value)
            } catch {
                throw EngineError(error)
            }
        }
        let count = try Self.checked(partitions ?? options.partitionCount, name)
        let settled = config
        let topic = try await call { () throws(StorageError) in
            try await storage.create(name, partitionCount: count, config: settled)
        }
        return try await describe(topic)
    }

    /// The names of all topics, those that the engine keeps for itself left out unless asked for.
    public func topicNames(includingInternal: Bool = false) -> [TopicName] {
        storage.topics.map(\.entry.name).filter { includingInternal || !$0.isInternal }
    }

    /// - Throws: `unknownTopic`.
    public func describeTopic(_ name: String) async throws(EngineError) -> TopicDescription {
        try await describe(try topic(name))
    }

    /// Removes a topic, its records, and the offsets that groups have committed for it.
    /// - Throws: `unknownTopic`, `invalidArgument` for one that is the engine's own, `io`.
    public func deleteTopic(_ name: String) async throws(EngineError) {
        let name = try Self.topicName(name)
        try Self.checkNotOwn(name)
        try await call { () throws(StorageError) in try await storage.delete(name) }
        try await coordinate { () throws(CoordinationError) in
            try await groups.topicDeleted(name, successor: storage.topic(name)?.entry.id)
        }
    }

    /// Gives a topic more partitions. Keys may then go to other partitions than before.
    /// - Parameter count: how many the topic has afterwards.
    /// - Throws: `unknownTopic`, `invalidArgument` where that is not more, `io`.
    @discardableResult
    public func addPartitions(
        to name: String, upTo count: Int32
    ) async throws(EngineError) -> TopicDescription {
        let name = try Self.topicName(name)
        try Self.checkNotOwn(name)
        let count = try Self.checked(count, name)
        let topic = try await call { () throws(StorageError) in
            try await storage.addPartitions(name, upTo: count)
        }
        return try await describe(topic)
    }

    // MARK: Looking up

    static func topicName(_ name: String) throws(EngineError) -> TopicName {
        do throws(TopicNameError) {
            return try TopicName(name)
        } catch {
            throw EngineError(error)
        }
    }

    /// What the engine keeps for itself is as it needs it: groups would be looked for in other
    /// partitions if there were more, and records of others would be read as theirs.
    static func checkNotOwn(_ name: TopicName) throws(EngineError) {
        guard !name.isInternal else {
            throw EngineError(
                .invalidArgument,
                "topic '\(name)' is the engine's own: read it, and change groups through the engine")
        }
    }

    func topic(_ name: String) throws(EngineError) -> Topic {
        let name = try Self.topicName(name)
        guard let topic = storage.topic(name) else { throw EngineError(.unknownTopic(name)) }
        return topic
    }

    func partition(_ number: Int32, of topic: Topic) throws(EngineError) -> PartitionLog {
        guard number >= 0, Int(number) < topic.partitions.count else {
            throw EngineError(
                .unknownTopic,
                """
                topic '\(topic.entry.name)' has no partition \(number): its partitions are 0 to \
                \(topic.partitions.count - 1)
                """,
                details: ["topic": topic.entry.name.string, "partition": "\(number)"])
        }
        return topic.partitions[Int(number)]
    }

    /// A partition is a directory, files and memory, so a slip of the hand should not make a
    /// million.
    package static let partitionsMax: Int32 = 10_000

    private static func checked(
        _ count: Int32, _ topic: TopicName
    ) throws(EngineError) -> Int32 {
        guard (1...partitionsMax).contains(count) else {
            throw EngineError(
                .invalidArgument,
                "topic '\(topic)' with \(count) partitions: use a number from 1 to \(partitionsMax)")
        }
        return count
    }

    private func describe(_ topic: Topic) async throws(EngineError) -> TopicDescription {
        var partitions: [PartitionDescription] = []
        for log in topic.partitions {
            let state = try await call { () throws(StorageError) in
                await log.storage.state(of: log)
            }
            partitions.append(
                PartitionDescription(
                    partition: log.partition.partition, logStartOffset: state.logStartOffset,
                    highWatermark: state.highWatermark, logEndOffset: state.logEndOffset,
                    sizeInBytes: state.sizeInBytes, readOnlyReason: state.refusal))
        }
        return TopicDescription(
            name: topic.entry.name, id: topic.entry.id, config: topic.entry.config,
            partitions: partitions)
    }
}
