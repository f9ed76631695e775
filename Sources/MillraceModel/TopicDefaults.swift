/// The broker's settings that hold for topics which do not say otherwise, by Kafka's names.
public struct TopicDefaults: Hashable, Sendable {
    /// The settings as given, each already known to parse.
    public private(set) var entries: [Key: String] = [:]

    /// Nothing set: Kafka's own defaults hold for everything.
    public init() {}

    /// The broker's settings that are defaults of topics; the raw value is Kafka's name.
    public enum Key: String, Hashable, Comparable, CaseIterable, Sendable {
        /// The default of `TopicConfig.Key.cleanupPolicy`.
        case cleanupPolicy = "log.cleanup.policy"
        /// The default of `TopicConfig.Key.compactionLagMaxMilliseconds`.
        case compactionLagMaxMilliseconds = "log.cleaner.max.compaction.lag.ms"
        /// The default of `TopicConfig.Key.compactionLagMinMilliseconds`.
        case compactionLagMinMilliseconds = "log.cleaner.min.compaction.lag.ms"
        /// The default of `TopicConfig.Key.deleteRetentionMilliseconds`.
        case deleteRetentionMilliseconds = "log.cleaner.delete.retention.ms"
        /// The default of `TopicConfig.Key.dirtyRatioMin`.
        case dirtyRatioMin = "log.cleaner.min.cleanable.ratio"
        /// The default of `TopicConfig.Key.compressionType`.
        case compressionType = "compression.type"
        /// The default of `TopicConfig.Key.indexIntervalBytes`.
        case indexIntervalBytes = "log.index.interval.bytes"
        /// The default of `TopicConfig.Key.messageBytesMax`.
        case messageBytesMax = "message.max.bytes"
        /// The default of `TopicConfig.Key.retentionBytes`, for each partition.
        case retentionBytes = "log.retention.bytes"
        /// The default of `TopicConfig.Key.retentionMilliseconds`.
        case retentionMilliseconds = "log.retention.ms"
        /// The default of `TopicConfig.Key.retentionMilliseconds` in minutes, where it is not set
        /// in milliseconds.
        case retentionMinutes = "log.retention.minutes"
        /// The default of `TopicConfig.Key.retentionMilliseconds` in hours, where it is not set in
        /// a smaller unit.
        case retentionHours = "log.retention.hours"
        /// The default of `TopicConfig.Key.segmentBytes`.
        case segmentBytes = "log.segment.bytes"
        /// The default of `TopicConfig.Key.segmentMilliseconds`.
        case rollMilliseconds = "log.roll.ms"
        /// The default of `TopicConfig.Key.segmentMilliseconds` in hours, where it is not set in
        /// milliseconds.
        case rollHours = "log.roll.hours"
        /// The default of `TopicConfig.Key.segmentJitterMilliseconds`.
        case rollJitterMilliseconds = "log.roll.jitter.ms"
        /// The default of `TopicConfig.Key.segmentJitterMilliseconds` in hours, where it is not set
        /// in milliseconds.
        case rollJitterHours = "log.roll.jitter.hours"
        /// The default of `TopicConfig.Key.inSyncReplicasMin`.
        case inSyncReplicasMin = "min.insync.replicas"
        /// The default of `TopicConfig.Key.timestampAfterMaxMilliseconds`.
        case timestampAfterMaxMilliseconds = "log.message.timestamp.after.max.ms"
        /// The default of `TopicConfig.Key.timestampBeforeMaxMilliseconds`.
        case timestampBeforeMaxMilliseconds = "log.message.timestamp.before.max.ms"
        /// The default of `TopicConfig.Key.timestampType`.
        case timestampType = "log.message.timestamp.type"

        public static func < (left: Key, right: Key) -> Bool { left.rawValue < right.rawValue }
    }

    /// Sets one entry from its text.
    public mutating func set(_ name: String, to text: String) throws(TopicConfigError) {
        guard let key = Key(rawValue: name) else {
            throw TopicConfigError(
                name: name, value: text, reason: "it is no default for topics")
        }
        entries[key] = try key.parse(text)
    }

    /// Removes one entry, so that its own default holds again.
    public mutating func remove(_ key: Key) { entries[key] = nil }

    /// What holds for a topic that does not set the key.
    public func text(for key: TopicConfig.Key) -> String {
        for broker in key.brokerKeys {
            if let text = entries[broker] { return broker.topicText(text) }
        }
        return key.defaultText
    }

    /// What holds for a topic.
    public func settings(for config: TopicConfig) -> TopicSettings {
        TopicSettings { config.entries[$0] ?? text(for: $0) }
    }
}

extension TopicDefaults.Key {
    /// The topics' setting that it is the default of.
    public var topicKey: TopicConfig.Key {
        switch self {
        case .cleanupPolicy: .cleanupPolicy
        case .compactionLagMaxMilliseconds: .compactionLagMaxMilliseconds
        case .compactionLagMinMilliseconds: .compactionLagMinMilliseconds
        case .compressionType: .compressionType
        case .deleteRetentionMilliseconds: .deleteRetentionMilliseconds
        case .dirtyRatioMin: .dirtyRatioMin
        case .indexIntervalBytes: .indexIntervalBytes
        case .messageBytesMax: .messageBytesMax
        case .retentionBytes: .retentionBytes
        case .retentionMilliseconds, .retentionMinutes, .retentionHours: .retentionMilliseconds
        case .segmentBytes: .segmentBytes
        case .rollMilliseconds, .rollHours: .segmentMilliseconds
        case .rollJitterMilliseconds, .rollJitterHours: .segmentJitterMilliseconds
        case .inSyncReplicasMin: .inSyncReplicasMin
        case .timestampAfterMaxMilliseconds: .timestampAfterMaxMilliseconds
        case .timestampBeforeMaxMilliseconds: .timestampBeforeMaxMilliseconds
        case .timestampType: .timestampType
        }
    }

    /// What one of it is in the topics' unit.
    private var unit: Int64 {
        switch self {
        case .retentionHours, .rollHours, .rollJitterHours: 3_600_000
        case .retentionMinutes: 60_000
        default: 1
        }
    }

    /// Its own default; nil where the one with the larger unit holds.
    public var defaultText: String? {
        switch self {
        case .retentionMilliseconds, .retentionMinutes, .rollMilliseconds, .rollJitterMilliseconds:
            nil
        case .retentionHours, .rollHours: "168"
        case .rollJitterHours: "0"
        default: topicKey.defaultText
        }
    }

    /// What its value is, by Kafka's numbers.
    public var type: ConfigType { unit == 1 ? topicKey.type : .int }

    /// One line for people.
    public var documentation: String {
        let name = switch unit {
        case 3_600_000: ", in hours"
        case 60_000: ", in minutes"
        default: ""
        }
        return "What \(topicKey.rawValue) is for topics that do not set it\(name)."
    }

    /// Whether it may be changed while the broker runs: those in larger units are for its start, as
    /// in Kafka.
    public var isDynamic: Bool { unit == 1 }

    func parse(_ text: String) throws(TopicConfigError) -> String {
        guard unit > 1, case .number(let range) = topicKey.rule else {
            return try topicKey.rule.parse(text, for: rawValue)
        }
        let lowest = range.lowerBound
        return try ConfigRule.number(lowest...Int64(Int32.max)).parse(text, for: rawValue)
    }

    /// A value that parses, in the topics' unit; -1 is no limit in any.
    public func topicText(_ text: String) -> String {
        guard unit > 1, let number = Int64(text), number > 0 else { return text }
        return String(number.multipliedReportingOverflow(by: unit).partialValue)
    }
}
