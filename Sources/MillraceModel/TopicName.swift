/// A legal topic name: 1 to 249 of `a-z A-Z 0-9 . _ -`, and neither `.` nor `..`, as Kafka demands,
/// since the name is also the name of a directory.
public struct TopicName: Hashable, Comparable, Sendable, CustomStringConvertible {
    /// The most characters a name may have: with a partition's number it still has to be a file
    /// name.
    public static let longest = 249

    /// The name itself.
    public let string: String

    /// Takes a string that is a legal name.
    /// - Throws: `TopicNameError`, which says what is wrong with it.
    public init(_ string: String) throws(TopicNameError) {
        guard !string.isEmpty else { throw TopicNameError(name: string, reason: "it is empty") }
        guard string.utf8.count <= Self.longest else {
            throw TopicNameError(
                name: string,
                reason: "it has \(string.utf8.count) characters and the limit is \(Self.longest)")
        }
        guard string != ".", string != ".." else {
            throw TopicNameError(name: string, reason: "'.' and '..' name directories")
        }
        if let character = string.first(where: { !Self.isLegal($0) }) {
            throw TopicNameError(
                name: string,
                reason: "'\(character)' is not allowed; use a-z A-Z 0-9 . _ -")
        }
        self.string = string
    }

    private static func isLegal(_ character: Character) -> Bool {
        guard let byte = character.asciiValue else { return false }
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "_"),
            UInt8(ascii: "-"):
            return true
        default:
            return false
        }
    }

    /// A topic that Millrace keeps for itself; clients do not make, delete or trim it.
    public var isInternal: Bool { Self.internalNames.contains(string) }

    private static let internalNames: Set = ["__consumer_offsets", "__transaction_state"]

    public static func < (left: TopicName, right: TopicName) -> Bool { left.string < right.string }

    public var description: String { string }
}

/// Why a string is no topic name.
public struct TopicNameError: Error, Hashable, CustomStringConvertible {
    /// The string that was refused.
    public let name: String
    /// What is wrong with it.
    public let reason: String

    public var description: String { "illegal topic name '\(name.prefix(300))': \(reason)" }
}

/// One partition of one topic, written `topic-partition` on disk and in messages.
public struct TopicPartition: Hashable, Comparable, Sendable, CustomStringConvertible {
    /// The topic's name.
    public var topic: TopicName
    /// The number of the partition in its topic, from 0 on.
    public var partition: Int32

    /// A partition of a topic; nothing is said of whether it is there.
    public init(topic: TopicName, partition: Int32) {
        self.topic = topic
        self.partition = partition
    }

    public static func < (left: TopicPartition, right: TopicPartition) -> Bool {
        (left.topic, left.partition) < (right.topic, right.partition)
    }

    public var description: String { "\(topic)-\(partition)" }
}
