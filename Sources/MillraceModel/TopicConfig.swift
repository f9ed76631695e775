/// What a topic's owner may set, by Kafka's names. Only what is set is kept; what is not follows
/// the broker's defaults: `TopicDefaults.settings(for:)` says what holds.
public struct TopicConfig: Hashable, Sendable {
    /// The settings as given, each already known to parse.
    public private(set) var entries: [Key: String] = [:]

    /// Nothing set: the broker's defaults hold for everything.
    public init() {}

    /// The settings that a topic has; the raw value is Kafka's name. Their values are texts, and
    /// each has its unit in its name: bytes, or `ms` for milliseconds.
    public enum Key: String, Hashable, Comparable, CaseIterable, Sendable {
        /// What is done with old segments: `delete`, `compact` or both.
        case cleanupPolicy = "cleanup.policy"
        /// How batches are stored: `producer` for as they came, or the codec's name.
        case compressionType = "compression.type"
        /// A record is compacted at the latest when it is so old (KIP-354).
        case compactionLagMaxMilliseconds = "max.compaction.lag.ms"
        /// A record is not compacted before it is so old (KIP-58).
        case compactionLagMinMilliseconds = "min.compaction.lag.ms"
        /// Compaction keeps tombstones for so long.
        case deleteRetentionMilliseconds = "delete.retention.ms"
        /// A log is compacted when more than this part of its bytes is not: 0 to 1.
        case dirtyRatioMin = "min.cleanable.dirty.ratio"
        /// What an acknowledgement means: `durable` or `relaxed`. See `Durability`.
        case durability = "millrace.durability"
        /// An index entry is made every so many bytes of log.
        case indexIntervalBytes = "index.interval.bytes"
        /// The most bytes a record batch may have, compressed and with its header.
        case messageBytesMax = "max.message.bytes"
        /// Segments are deleted, oldest first, while the partition has more bytes; -1 for no limit.
        case retentionBytes = "retention.bytes"
        /// Segments whose newest record is older are deleted; -1 for no limit.
        case retentionMilliseconds = "retention.ms"
        /// A segment is rolled before it would grow past so many bytes.
        case segmentBytes = "segment.bytes"
        /// At most so much earlier than its time a segment is rolled, at random.
        case segmentJitterMilliseconds = "segment.jitter.ms"
        /// A segment is rolled when its first record is so much older than its newest.
        case segmentMilliseconds = "segment.ms"
        /// How many replicas have to have a record before it is acknowledged.
        case inSyncReplicasMin = "min.insync.replicas"
        /// How much later than the log's clock a record's own time may be.
        case timestampAfterMaxMilliseconds = "message.timestamp.after.max.ms"
        /// How much earlier than the log's clock a record's own time may be.
        case timestampBeforeMaxMilliseconds = "message.timestamp.before.max.ms"
        /// Whose clock the records' times come from: `CreateTime` or `LogAppendTime`.
        case timestampType = "message.timestamp.type"

        public static func < (left: Key, right: Key) -> Bool { left.rawValue < right.rawValue }
    }

    /// Sets one entry from its text.
    public mutating func set(_ name: String, to text: String) throws(TopicConfigError) {
        guard let key = Key(rawValue: name) else {
            let known = Key.allCases.map(\.rawValue).sorted()
            let meant = Suggestion.closest(to: name, among: known).map { "did you mean \($0)? The" } ?? "the"
            throw TopicConfigError(
                name: name, value: text,
                reason: "there is no such setting; \(meant) settings are \(known.joined(separator: ", "))")
        }
        entries[key] = try key.rule.parse(text, for: name)
    }

    /// Says what an acknowledgement of this topic means.
    public mutating func set(_ durability: Durability) {
        entries[.durability] = durability.rawValue
    }

    /// Keeps records whatever their age.
    public mutating func keepForever() { entries[.retentionMilliseconds] = "-1" }

    /// Removes one entry, so that its default holds again.
    public mutating func remove(_ key: Key) { entries[key] = nil }

    /// What holds for the topic over a broker's defaults.
    public func settings(over defaults: TopicDefaults = TopicDefaults()) -> TopicSettings {
        defaults.settings(for: self)
    }

    /// What an acknowledgement of this topic means; nil where the topic does not say.
    public var durability: Durability? { entries[.durability].flatMap { Durability(rawValue: $0) } }
}

/// Why a setting of a topic, or a default for topics, was refused.
public struct TopicConfigError: Error, Hashable, CustomStringConvertible {
    /// The setting, by Kafka's name.
    public let name: String
    /// The text that was refused.
    public let value: String
    /// What is wrong with it, and what would be right.
    public let reason: String

    /// A refusal of these parts.
    public init(name: String, value: String, reason: String) {
        self.name = name
        self.value = value
        self.reason = reason
    }

    public var description: String { "config \(name)=\(value): \(reason)" }
}

/// What a setting's value is, by Kafka's numbers.
public enum ConfigType: Int8, Hashable, Sendable {
    /// `true` or `false`.
    case boolean = 1
    /// Text, or one of a few words.
    case string = 2
    /// A whole number of 32 bits.
    case int = 3
    /// A whole number of 16 bits.
    case short = 4
    /// A whole number of 64 bits.
    case long = 5
    /// A number with a fraction.
    case double = 6
    /// Words with commas between them.
    case list = 7
}

/// Which texts a setting takes.
enum ConfigRule {
    case number(ClosedRange<Int64>)
    /// From 0 to 1.
    case fraction
    case choice([String])
    case cleanupPolicy

    /// The text as it is kept.
    func parse(_ text: String, for name: String) throws(TopicConfigError) -> String {
        switch self {
        case .number(let range):
            guard let number = Int64(text), range.contains(number) else {
                throw TopicConfigError(
                    name: name, value: text,
                    reason: "use a whole number from \(range.lowerBound) to \(range.upperBound)")
            }
            return String(number)
        case .choice(let choices):
            guard choices.contains(text) else {
                let last = choices[choices.count - 1]
                let known = choices.dropLast().joined(separator: ", ") + " or " + last
                throw TopicConfigError(name: name, value: text, reason: "use \(known)")
            }
            return text
        case .fraction:
            guard let number = Double(text), (0...1).contains(number) else {
                throw TopicConfigError(name: name, value: text, reason: "use a number from 0 to 1")
            }
            return String(number)
        case .cleanupPolicy:
            let policies = text.split(separator: ",", omittingEmptySubsequences: false)
                .map { $0.filter { $0 != " " } }
            guard Set(policies).isSubset(of: ["compact", "delete"]) else {
                throw TopicConfigError(
                    name: name, value: text, reason: "use delete, compact or compact,delete")
            }
            return ["compact", "delete"].filter(policies.contains).joined(separator: ",")
        }
    }
}
