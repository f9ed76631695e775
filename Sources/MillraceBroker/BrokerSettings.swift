internal import Millrace
internal import MillraceCoordination
internal import MillraceModel
internal import MillraceShard
internal import MillraceStorage

/// The broker's settings, as every door shows them.
struct BrokerSettings: Sendable {
    let engine: Engine
    let options: BrokerOptions
    /// Where Kafka clients are told to connect; nil where they cannot.
    let advertised: SocketAddress?

    /// All of them, by name.
    var entries: [ConfigEntry] {
        (engine.storage.topicDefaultEntries + fixedEntries).sorted { $0.name < $1.name }
    }

    /// Those that are given at the broker's start and stay.
    private var fixedEntries: [ConfigEntry] {
        let standard = BrokerOptions()
        let usual = EngineOptions()
        return groupEntries + transactionEntries + [
            Self.entry("advertised.listeners", advertised.map { "KAFKA://\($0)" } ?? "", "", .string,
                "Where Kafka clients are told to connect."),
            Self.entry("auto.create.topics.enable", options.createsTopics, standard.createsTopics, .boolean,
                "Whether asking for a topic's metadata makes it."),
            Self.entry("connections.max.idle.ms", options.idleTimeMax.wholeMilliseconds,
                standard.idleTimeMax.wholeMilliseconds, .long,
                "After so long without a request a connection is closed."),
            Self.entry("default.replication.factor", 1, 1, .int, "Replicas of a new topic; there is one broker."),
            Self.entry("log.cleaner.backoff.ms", engine.options.cleanerInterval.wholeMilliseconds,
                usual.cleanerInterval.wholeMilliseconds, .long, "How often logs to compact are looked for."),
            Self.entry("log.cleaner.dedupe.buffer.size", engine.options.cleanerBufferBytes, usual.cleanerBufferBytes,
                .long, "Memory for the keys of one compaction; there is one at a time."),
            Self.entry("log.cleaner.io.max.bytes.per.second", engine.options.cleanerBytesPerSecond,
                usual.cleanerBytesPerSecond, .double, "What compaction reads and writes in a second."),
            Self.entry("log.dirs", engine.storage.options.directory.string, "millrace-data", .string,
                "The data directory."),
            Self.entry("max.connections", options.connectionsMax, standard.connectionsMax, .int,
                "Whoever comes on top is turned away."),
            Self.entry("node.id", options.nodeID, standard.nodeID, .int, "What clients call this broker."),
            Self.entry("num.partitions", engine.options.partitionCount, usual.partitionCount, .int,
                "Partitions of a new topic that does not say how many."),
            Self.entry("offsets.topic.num.partitions", engine.options.offsetsPartitionCount,
                usual.offsetsPartitionCount, .int, "Partitions of __consumer_offsets when it is made."),
            Self.entry("queued.max.request.bytes", options.queuedBytesMax, standard.queuedBytesMax, .long,
                "Memory, for each shard, of requests that are received or answered."),
            Self.entry("socket.request.max.bytes", options.requestBytesMax, standard.requestBytesMax, .int,
                "The largest request that is taken."),
        ]
    }

    private var transactionEntries: [ConfigEntry] {
        let (transactions, usual) = (engine.options.transactions, TransactionOptions())
        return [
            Self.entry("transaction.max.timeout.ms", transactions.timeoutMax.wholeMilliseconds,
                usual.timeoutMax.wholeMilliseconds, .int, "The longest timeout of a transaction."),
            Self.entry("transaction.state.log.num.partitions", engine.options.transactionStatePartitionCount,
                EngineOptions().transactionStatePartitionCount, .int,
                "Partitions of __transaction_state when it is made."),
            Self.entry("transactional.id.expiration.ms", transactions.idExpiration.wholeMilliseconds,
                usual.idExpiration.wholeMilliseconds, .int,
                "A transactional id that does nothing for so long is forgotten."),
        ]
    }

    private var groupEntries: [ConfigEntry] {
        let (groups, usual) = (engine.options.groups, GroupOptions())
        return [
            Self.entry("group.initial.rebalance.delay.ms", groups.initialRebalanceDelay.wholeMilliseconds,
                usual.initialRebalanceDelay.wholeMilliseconds, .int,
                "How long the first rebalance of an empty group waits for more members."),
            Self.entry("group.max.session.timeout.ms", groups.sessionTimeouts.upperBound.wholeMilliseconds,
                usual.sessionTimeouts.upperBound.wholeMilliseconds, .int, "The longest session timeout of a member."),
            Self.entry("group.max.size", groups.memberCountMax, usual.memberCountMax, .int,
                "Members that a group may have."),
            Self.entry("group.min.session.timeout.ms", groups.sessionTimeouts.lowerBound.wholeMilliseconds,
                usual.sessionTimeouts.lowerBound.wholeMilliseconds, .int, "The shortest session timeout of a member."),
            Self.entry("offset.metadata.max.bytes", groups.offsetMetadataBytesMax, usual.offsetMetadataBytesMax, .int,
                "What a member may write beside an offset."),
            Self.entry("offsets.retention.check.interval.ms", groups.offsetsRetentionInterval.wholeMilliseconds,
                usual.offsetsRetentionInterval.wholeMilliseconds, .long, "How often old offsets are looked for."),
            Self.entry("offsets.retention.minutes", groups.offsetsRetention.wholeMilliseconds / 60_000,
                usual.offsetsRetention.wholeMilliseconds / 60_000, .int,
                "How long the offsets of a group without members are kept."),
            Self.entry("producer.id.expiration.ms", engine.options.producerExpiration.wholeMilliseconds,
                EngineOptions().producerExpiration.wholeMilliseconds, .int,
                "A partition forgets an idempotent producer that has sent nothing for so long."),
        ]
    }

    private static func entry<Value: CustomStringConvertible>(
        _ name: String, _ value: Value, _ standard: Value, _ type: ConfigType, _ documentation: String
    ) -> ConfigEntry {
        let (value, standard) = ("\(value)", "\(standard)")
        var synonyms = [ConfigEntry.Synonym(name: name, value: standard, source: .standard)]
        if value != standard {
            synonyms.insert(ConfigEntry.Synonym(name: name, value: value, source: .staticBroker), at: 0)
        }
        return ConfigEntry(
            name: name, value: value, source: synonyms[0].source, type: type,
            documentation: documentation, isReadOnly: true, synonyms: synonyms)
    }
}

extension Duration {
    fileprivate var wholeMilliseconds: Int64 { Int64(self / .milliseconds(1)) }
}
