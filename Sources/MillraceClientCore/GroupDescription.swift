public import MillraceModel
package import MillraceNativeProtocol

/// A group in the list of all.
public struct GroupListing: Hashable, Sendable {
    /// The group's name.
    public var group: String
    /// `Empty`, `PreparingRebalance`, `CompletingRebalance` or `Stable`.
    public var state: String
    /// `consumer` for consumers' groups; empty where nobody has joined yet.
    public var protocolType: String
}

/// What the broker says of a group.
public struct GroupDescription: Hashable, Sendable {
    /// The group's name.
    public var group: String
    /// `Empty`, `PreparingRebalance`, `CompletingRebalance` or `Stable`.
    public var state: String
    /// `consumer` for consumers' groups; empty where nobody has joined yet.
    public var protocolType: String
    /// How partitions are assigned; empty unless the group is stable.
    public var assignor: String
    /// None while the group is empty.
    public var members: [GroupMember]
    /// By topic and partition.
    public var offsets: [GroupOffset]
}

/// A member of a group.
public struct GroupMember: Hashable, Sendable {
    /// Given by the broker.
    public var memberID: String
    /// Of a static member (KIP-345).
    public var instanceID: String?
    /// What the member calls itself; empty where it says nothing.
    public var clientID: String
    /// Where it is connected from.
    public var clientHost: String
    /// What it reads; empty while the group is rebalanced.
    public var partitions: [TopicPartition]
}

/// How far a group has come in a partition.
public struct GroupOffset: Hashable, Sendable {
    /// Where the group goes on.
    public var committed: CommittedOffset
    /// Records between the committed offset and the high watermark; nil where the partition is gone.
    public var lag: Int64?
}

// MARK: - From what was received

extension GroupListing {
    package init(_ wire: WireGroupListing) {
        self.init(group: wire.group, state: wire.state, protocolType: wire.protocolType)
    }
}

extension GroupDescription {
    package init(_ wire: WireGroupDescription) throws(ClientError) {
        group = wire.group
        state = wire.state
        protocolType = wire.protocolType
        assignor = wire.assignor
        members = []
        for member in wire.members { members.append(try GroupMember(member)) }
        offsets = []
        for offset in wire.offsets {
            offsets.append(
                GroupOffset(
                    committed: try CommittedOffset(offset.committed), lag: offset.lag < 0 ? nil : offset.lag))
        }
    }
}

extension GroupMember {
    init(_ wire: WireGroupMember) throws(ClientError) {
        memberID = wire.memberID
        instanceID = wire.instanceID.isEmpty ? nil : wire.instanceID
        clientID = wire.clientID
        clientHost = wire.clientHost
        partitions = try TopicPartition.all(in: wire.partitions)
    }
}

extension TopicPartition {
    /// - Throws: `protocolViolation` for a topic whose name cannot be.
    package static func all(in wire: [WireTopicPartitions]) throws(ClientError) -> [TopicPartition] {
        var all: [TopicPartition] = []
        for topic in wire {
            let name = try TopicName(received: topic.topic)
            all += topic.partitions.map { TopicPartition(topic: name, partition: $0) }
        }
        return all
    }
}

extension WireTopicPartitions {
    /// A topic once, with all its partitions, in the order of their names and numbers.
    package static func grouped(_ partitions: [TopicPartition]) -> [WireTopicPartitions] {
        Dictionary(grouping: partitions, by: \.topic.string).sorted { $0.key < $1.key }.map { topic, partitions in
            var wire = WireTopicPartitions()
            wire.topic = topic
            wire.partitions = partitions.map(\.partition).sorted()
            return wire
        }
    }
}
