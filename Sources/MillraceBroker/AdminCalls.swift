internal import Millrace
internal import MillraceModel
internal import MillraceNativeProtocol
internal import MillraceStorage

// Methods 0x0501 to 0x0503: the broker itself.

extension NativeConnection {
    func describeBroker() async throws -> WireBrokerDescription {
        var description = WireBrokerDescription()
        description.nodeID = services.options.nodeID
        description.clusterID = "\(try await engine.storage.clusterID())"
        description.settings = services.settings.entries.map { WireSetting($0) }
        return description
    }

    func alterBroker(_ request: WireAlterBrokerRequest) async throws -> WireBrokerDescription {
        let change = try ConfigChange(request.changes)
        try await engine.storage.alterBrokerConfig { (config) throws(TopicConfigError) in
            try change.apply(to: &config, all: false)
        }
        return try await describeBroker()
    }

    func describeLogDirectory() async throws -> WireLogDirectoryDescription {
        let directory = try await engine.storage.logDirectory()
        var description = WireLogDirectoryDescription()
        description.path = directory.path.string
        description.totalBytes = directory.totalBytes
        description.usableBytes = directory.usableBytes
        description.partitions = directory.partitions.map {
            var size = WirePartitionSize()
            size.topic = $0.partition.topic.string
            size.partition = $0.partition.partition
            size.sizeBytes = $0.sizeInBytes
            return size
        }
        return description
    }
}

extension WireSetting {
    fileprivate init(_ entry: ConfigEntry) {
        self.init()
        key = entry.name
        value = entry.value ?? ""
        defaultValue = entry.synonyms.last { $0.source == .standard }?.value ?? ""
        isReadOnly = entry.isReadOnly
        documentation = entry.documentation
    }
}
