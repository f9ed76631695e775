public import MillraceModel
package import MillraceNativeProtocol

/// What the broker says of a topic.
public struct TopicDescription: Hashable, Sendable {
    /// The topic's name.
    public var name: TopicName
    /// Another topic of the same name has another id.
    public var id: TopicID
    /// By number, from 0 on.
    public var partitions: [PartitionDescription]
    /// What has been set; the rest has the broker's defaults.
    public var config: TopicConfig

    /// All of it, as a test may want it.
    public init(
        name: TopicName, id: TopicID, partitions: [PartitionDescription], config: TopicConfig
    ) {
        self.name = name
        self.id = id
        self.partitions = partitions
        self.config = config
    }
}

/// What the broker says of one partition.
public struct PartitionDescription: Hashable, Sendable {
    /// Its number in the topic.
    public var partition: Int32
    /// The first offset that can be read.
    public var logStartOffset: Offset
    /// Where readers end.
    public var highWatermark: Offset
    /// The offset of the next record.
    public var logEndOffset: Offset
    /// What its segments take.
    public var sizeBytes: Int64
    /// Why the partition takes no writes; nil when it does.
    public var readOnlyReason: String?

    /// All of it, as a test may want it.
    public init(
        partition: Int32, logStartOffset: Offset, highWatermark: Offset, logEndOffset: Offset,
        sizeBytes: Int64, readOnlyReason: String?
    ) {
        self.partition = partition
        self.logStartOffset = logStartOffset
        self.highWatermark = highWatermark
        self.logEndOffset = logEndOffset
        self.sizeBytes = sizeBytes
        self.readOnlyReason = readOnlyReason
    }
}

/// A topic in the list of all.
public struct TopicListing: Hashable, Sendable {
    /// The topic's name.
    public var name: TopicName
    /// Another topic of the same name has another id.
    public var id: TopicID
    /// Numbered from 0.
    public var partitionCount: Int32

    /// All of it, as a test may want it.
    public init(name: TopicName, id: TopicID, partitionCount: Int32) {
        self.name = name
        self.id = id
        self.partitionCount = partitionCount
    }
}

/// A group's position in one partition.
public struct CommittedOffset: Hashable, Sendable {
    /// The topic's name.
    public var topic: TopicName
    /// Its number in the topic.
    public var partition: Int32
    /// Of the next record to read.
    public var offset: Offset
    /// Whatever the committer wanted to remember.
    public var metadata: String

    /// All of it, as a test may want it.
    public init(topic: TopicName, partition: Int32, offset: Offset, metadata: String = "") {
        self.topic = topic
        self.partition = partition
        self.offset = offset
        self.metadata = metadata
    }
}

// MARK: - From what was received

extension TopicDescription {
    package init(_ wire: WireTopicDescription) throws(ClientError) {
        name = try TopicName(received: wire.name)
        id = try topicID(wire.id)
        partitions = wire.partitions.map(PartitionDescription.init)
        for (index, partition) in partitions.enumerated() {
            guard Int(partition.partition) == index else {
                throw .illegalAnswer("partition \(partition.partition) stands in place \(index)")
            }
        }
        config = TopicConfig()
        // A newer broker may know settings that this client does not: they are left out.
        for entry in wire.configs { try? config.set(entry.key, to: entry.value) }
    }
}

extension PartitionDescription {
    init(_ wire: WirePartitionDescription) {
        self.init(
            partition: wire.partition, logStartOffset: Offset(wire.logStartOffset),
            highWatermark: Offset(wire.highWatermark), logEndOffset: Offset(wire.logEndOffset),
            sizeBytes: wire.sizeBytes,
            readOnlyReason: wire.readOnlyReason.isEmpty ? nil : wire.readOnlyReason)
    }
}

extension TopicListing {
    package init(_ wire: WireTopicListing) throws(ClientError) {
        name = try TopicName(received: wire.name)
        id = try topicID(wire.id)
        partitionCount = wire.partitions
    }
}

extension CommittedOffset {
    package init(_ wire: WireOffsetCommit) throws(ClientError) {
        topic = try TopicName(received: wire.topic)
        partition = wire.partition
        offset = Offset(wire.offset)
        metadata = wire.metadata
    }

    package var wire: WireOffsetCommit {
        var wire = WireOffsetCommit()
        wire.topic = topic.string
        wire.partition = partition
        wire.offset = offset.value
        wire.metadata = metadata
        return wire
    }
}

private func topicID(_ bytes: some Collection<UInt8>) throws(ClientError) -> TopicID {
    guard let id = TopicID(bytes: bytes) else {
        throw .illegalAnswer("a topic id has \(bytes.count) bytes and should have 16")
    }
    return id
}

extension TopicName {
    /// A name from the user.
    package init(given name: String) throws(ClientError) {
        do throws(TopicNameError) {
            try self.init(name)
        } catch {
            throw .illegalTopicName(error)
        }
    }

    package init(received name: String) throws(ClientError) {
        do throws(TopicNameError) {
            try self.init(name)
        } catch {
            throw .illegalAnswer(error.description)
        }
    }
}
