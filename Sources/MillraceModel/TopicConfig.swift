/// What a topic's owner may set, by Kafka's names and with Kafka's defaults. Only what is set is
/// kept; what is not follows the defaults of the version that reads it.
public struct TopicConfig: Hashable, Sendable {
    /// The settings as given, each already known to parse.
    public private(set) var entries: [Key: String] = [:]

    public init() {}

    public enum Key: String, Hashable, Comparable, CaseIterable, Sendable {
        case durability = "millrace.durability"
        case indexIntervalBytes = "index.interval.bytes"
        case messageBytesMax = "max.message.bytes"
        case retentionBytes = "retention.bytes"
        case retentionMilliseconds = "retention.ms"
        case segmentBytes = "segment.bytes"
        case segmentMilliseconds = "segment.ms"

        public static func < (left: Key, right: Key) -> Bool { left.rawValue < right.rawValue }
    }

    /// Sets one entry from its text.
    public mutating func set(_ name: String, to text: String) throws(TopicConfigError) {
        guard let key = Key(rawValue: name) else {
            let known = Key.allCases.map(\.rawValue).joined(separator: ", ")
            throw TopicConfigError(
                name: name, value: text, reason: "there is no such setting; the settings are \(known)")
        }
        guard key != .durability else {
            guard Durability(rawValue: text) != nil else {
                throw TopicConfigError(name: name, value: text, reason: "use durable or relaxed")
            }
            entries[key] = text
            return
        }
        guard let number = Int64(text), key.range.contains(number) else {
            throw TopicConfigError(
                name: name, value: text,
                reason: "use a whole number from \(key.range.lowerBound) to \(key.range.upperBound)")
        }
        entries[key] = String(number)
    }

    public mutating func set(_ durability: Durability) {
        entries[.durability] = durability.rawValue
    }

    /// Keeps records whatever their age.
    public mutating func keepForever() { entries[.retentionMilliseconds] = "-1" }

    /// Removes one entry, so that its default holds again.
    public mutating func remove(_ key: Key) { entries[key] = nil }

    private func number(_ key: Key, otherwise standard: Int64) -> Int64 {
        entries[key].flatMap { Int64($0) } ?? standard
    }

    public var durability: Durability? { entries[.durability].flatMap { Durability(rawValue: $0) } }

    /// The most bytes a record batch may have, compressed and with its header.
    public var messageBytesMax: Int { Int(number(.messageBytesMax, otherwise: 1_048_588)) }

    /// A segment is rolled before it would grow past this.
    public var segmentBytes: Int { Int(number(.segmentBytes, otherwise: 1 << 30)) }

    /// A segment is rolled when its first record is this much older than the newest.
    public var segmentAgeMax: Duration {
        .milliseconds(number(.segmentMilliseconds, otherwise: 604_800_000))
    }

    /// Segments are deleted, oldest first, while the partition has more than this; nil for no
    /// limit.
    public var retentionBytes: Int64? {
        let bytes = number(.retentionBytes, otherwise: -1)
        return bytes < 0 ? nil : bytes
    }

    /// Segments whose newest record is older than this are deleted; nil for no limit.
    public var retentionTime: Duration? {
        let milliseconds = number(.retentionMilliseconds, otherwise: 604_800_000)
        return milliseconds < 0 ? nil : .milliseconds(milliseconds)
    }

    /// An index entry is made every so many bytes of log.
    public var indexIntervalBytes: Int { Int(number(.indexIntervalBytes, otherwise: 4096)) }
}

extension TopicConfig.Key {
    /// What the number may be. `segment.bytes` starts at 1 MiB and `max.message.bytes` ends at 64
    /// MiB: a batch must fit a segment and a receive buffer, both of which are bounded here.
    public var range: ClosedRange<Int64> {
        switch self {
        case .durability: 0...0
        case .indexIntervalBytes: 0...Int64(Int32.max)
        case .messageBytesMax: 61...(64 << 20)
        case .retentionBytes, .retentionMilliseconds: -1...(.max / 2_000_000)
        case .segmentBytes: (1 << 20)...(1 << 30)
        case .segmentMilliseconds: 1...(.max / 2_000_000)
        }
    }
}

/// Why a topic setting was refused.
public struct TopicConfigError: Error, Hashable, CustomStringConvertible {
    public let name: String
    public let value: String
    public let reason: String

    public var description: String { "topic config \(name)=\(value): \(reason)" }
}
