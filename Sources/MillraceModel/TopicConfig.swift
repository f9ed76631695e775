/// What a topic's owner may set, by Kafka's names. Only what is set is kept; what is not follows
/// the broker's defaults: `TopicDefaults.settings(for:)` says what holds.
public struct TopicConfig: Hashable, Sendable {
    /// The settings as given, each already known to parse.
    public private(set) var entries: [Key: String] = [:]

    public init() {}

    public enum Key: String, Hashable, Comparable, CaseIterable, Sendable {
        case cleanupPolicy = "cleanup.policy"
        case compressionType = "compression.type"
        case durability = "millrace.durability"
        case indexIntervalBytes = "index.interval.bytes"
        case messageBytesMax = "max.message.bytes"
        case retentionBytes = "retention.bytes"
        case retentionMilliseconds = "retention.ms"
        case segmentBytes = "segment.bytes"
        case segmentJitterMilliseconds = "segment.jitter.ms"
        case segmentMilliseconds = "segment.ms"
        case inSyncReplicasMin = "min.insync.replicas"
        case timestampAfterMaxMilliseconds = "message.timestamp.after.max.ms"
        case timestampBeforeMaxMilliseconds = "message.timestamp.before.max.ms"
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

    public var durability: Durability? { entries[.durability].flatMap { Durability(rawValue: $0) } }
}

/// Why a setting of a topic, or a default for topics, was refused.
public struct TopicConfigError: Error, Hashable, CustomStringConvertible {
    public let name: String
    public let value: String
    public let reason: String

    public init(name: String, value: String, reason: String) {
        self.name = name
        self.value = value
        self.reason = reason
    }

    public var description: String { "config \(name)=\(value): \(reason)" }
}

/// What a setting's value is, by Kafka's numbers.
public enum ConfigType: Int8, Hashable, Sendable {
    case boolean = 1
    case string = 2
    case int = 3
    case short = 4
    case long = 5
    case double = 6
    case list = 7
}

/// Which texts a setting takes.
enum ConfigRule {
    case number(ClosedRange<Int64>)
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
        case .cleanupPolicy:
            guard text == "delete" else {
                let isCompaction = text.split(separator: ",").contains("compact")
                throw TopicConfigError(
                    name: name, value: text,
                    reason: isCompaction
                        ? "this version deletes old segments and does not compact; use delete"
                        : "use delete")
            }
            return text
        }
    }
}
