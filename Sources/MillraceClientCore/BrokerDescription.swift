public import MillraceModel
package import MillraceNativeProtocol

/// What a broker says of itself.
public struct BrokerDescription: Hashable, Sendable {
    /// `node.id`.
    public var nodeID: Int32
    /// Given to the data directory when it was made.
    public var clusterID: String
    /// By name.
    public var settings: [Setting]

    /// One setting of a broker.
    public struct Setting: Hashable, Sendable {
        /// By Kafka's name where Kafka has one.
        public var key: String
        /// What holds now.
        public var value: String
        /// What it is where nobody has set it.
        public var defaultValue: String
        /// Whether it is set where the broker is started, and nowhere else.
        public var isReadOnly: Bool
        /// One line for people.
        public var documentation: String
    }
}

/// Where a broker keeps its log.
public struct LogDirectoryDescription: Hashable, Sendable {
    /// On the broker's machine.
    public var path: String
    /// Of the file system.
    public var totalBytes: UInt64
    /// Of the file system.
    public var usableBytes: UInt64
    /// In bytes.
    public var partitionSizes: [TopicPartition: UInt64]
}

// MARK: - From what was received

extension BrokerDescription {
    package init(_ wire: WireBrokerDescription) {
        nodeID = wire.nodeID
        clusterID = wire.clusterID
        settings = wire.settings.map {
            Setting(
                key: $0.key, value: $0.value, defaultValue: $0.defaultValue, isReadOnly: $0.isReadOnly,
                documentation: $0.documentation)
        }
    }
}

extension LogDirectoryDescription {
    package init(_ wire: WireLogDirectoryDescription) throws(ClientError) {
        path = wire.path
        totalBytes = wire.totalBytes
        usableBytes = wire.usableBytes
        partitionSizes = [:]
        for partition in wire.partitions {
            let name = try TopicName(received: partition.topic)
            partitionSizes[TopicPartition(topic: name, partition: partition.partition)] = partition.sizeBytes
        }
    }
}
