package import MillraceModel

/// The committed offsets of all groups: what replaying `__consumer_offsets` gives.
///
/// A commit is decided by `records(for:)`, which changes nothing, and takes effect when its records
/// are replayed, live after they were written and at a start alike.
package struct GroupOffsets: Sendable {
    private var groups: [String: [TopicPartition: CommittedOffset]] = [:]

    package init() {}

    /// The most bytes that a member may write beside an offset (Kafka's
    /// `offset.metadata.max.bytes`).
    package static let metadataBytesMax = 4096
    private static let groupBytesMax = 255

    /// The records that commit the offsets, all or none.
    package static func records(
        committing offsets: [(TopicPartition, CommittedOffset)], for group: String
    ) throws(CoordinationError) -> [Record] {
        try check(group)
        var records: [Record] = []
        for (partition, committed) in offsets {
            guard committed.offset >= .zero else {
                throw .invalidOffset(group: group, partition, committed.offset)
            }
            guard committed.metadata.utf8.count <= metadataBytesMax else {
                throw .metadataTooLarge(
                    group: group, partition, bytes: committed.metadata.utf8.count)
            }
            records.append(
                OffsetRecord.record(OffsetKey(group: group, partition: partition), committed))
        }
        return records
    }

    package static func check(_ group: String) throws(CoordinationError) {
        guard !group.isEmpty, group.utf8.count <= groupBytesMax else {
            throw .invalidGroup(group, limit: groupBytesMax)
        }
    }

    /// Takes one record of the offsets topic into account.
    package mutating func replay(_ key: OffsetKey, _ value: CommittedOffset?) {
        groups[key.group, default: [:]][key.partition] = value
        if groups[key.group]?.isEmpty == true { groups[key.group] = nil }
    }

    /// What the group has committed, by partition.
    package func offsets(of group: String) -> [TopicPartition: CommittedOffset] {
        groups[group] ?? [:]
    }

    /// Which partition of the offsets topic a group's records go to: Kafka's `abs(group.hashCode) %
    /// count`.
    package static func partition(for group: String, count: Int32) -> Int32 {
        var hash: Int32 = 0
        for unit in group.utf16 { hash = hash &* 31 &+ Int32(unit) }
        // Kafka's Utils.abs: the smallest number has no positive counterpart and becomes 0.
        return (hash == .min ? 0 : abs(hash)) % max(1, count)
    }
}

/// What a coordinator refuses.
package enum CoordinationError: Error, Hashable, Sendable, CustomStringConvertible {
    case invalidGroup(String, limit: Int)
    case invalidOffset(group: String, TopicPartition, Offset)
    case metadataTooLarge(group: String, TopicPartition, bytes: Int)
    case log(String)

    package var description: String {
        switch self {
        case .invalidGroup(let group, let limit):
            "illegal group '\(group.prefix(300))': a group's name has 1 to \(limit) bytes"
        case .invalidOffset(let group, let partition, let offset):
            "group '\(group)' commits offset \(offset) of \(partition), and offsets begin at 0"
        case .metadataTooLarge(let group, let partition, let bytes):
            """
            group '\(group)' commits \(bytes) bytes of metadata for \(partition); the limit is \
            \(GroupOffsets.metadataBytesMax)
            """
        case .log(let reason):
            "the groups' log: \(reason)"
        }
    }
}
