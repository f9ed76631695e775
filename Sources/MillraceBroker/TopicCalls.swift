internal import FoundationEssentials
internal import Millrace
internal import MillraceModel
internal import MillraceNativeProtocol
internal import MillraceStorage

// Methods 0x0101 to 0x0108 and 0x0202: topics, and what a producer asks for before it begins.

extension NativeConnection {
    func createTopic(_ request: WireCreateTopicRequest) async throws -> WireTopicDescription {
        try refuseOwn(request.name)
        var settings: [String: String] = [:]
        for config in request.configs { settings[config.key] = config.value }
        let count = request.partitions == 0 ? nil : Int32(clamping: request.partitions)
        return WireTopicDescription(
            try await engine.createTopic(request.name, partitions: count, config: settings))
    }

    func listTopics(_ request: WireListTopicsRequest) -> WireListTopicsResponse {
        var response = WireListTopicsResponse()
        for topic in engine.storage.topics
        where request.includeInternal || !topic.entry.name.isInternal {
            var listing = WireTopicListing()
            listing.name = topic.entry.name.string
            listing.id = Data(topic.entry.id.bytes)
            listing.partitions = topic.entry.partitionCount
            response.topics.append(listing)
        }
        return response
    }

    func describeTopic(_ request: WireDescribeTopicRequest) async throws -> WireTopicDescription {
        WireTopicDescription(try await engine.describeTopic(request.name))
    }

    func deleteTopic(_ request: WireDeleteTopicRequest) async throws -> WireDeleteTopicResponse {
        try refuseOwn(request.name)
        try await engine.deleteTopic(request.name)
        return WireDeleteTopicResponse()
    }

    func addPartitions(_ request: WireAddPartitionsRequest) async throws -> WireTopicDescription {
        try refuseOwn(request.name)
        return WireTopicDescription(
            try await engine.addPartitions(to: request.name, upTo: Int32(clamping: request.partitions)))
    }

    func alterTopic(_ request: WireAlterTopicRequest) async throws -> WireTopicDescription {
        try refuseOwn(request.name)
        let change = try ConfigChange(request.changes)
        _ = try await engine.storage.alterConfig(TopicName(request.name)) { (config) throws(TopicConfigError) in
            try change.apply(to: &config)
        }
        return WireTopicDescription(try await engine.describeTopic(request.name))
    }

    func trim(_ request: WireTrimRequest) async throws -> WireTrimResponse {
        try refuseOwn(request.topic)
        let log = try partition(request.partition, of: request.topic)
        try await log.storage.trim(log, to: Offset(request.beforeOffset))
        var response = WireTrimResponse()
        response.logStartOffset = await log.storage.bounds(of: log).logStartOffset.value
        return response
    }

    func findOffsets(_ request: WireFindOffsetsRequest) async throws -> WireFindOffsetsResponse {
        var response = WireFindOffsetsResponse()
        for wanted in request.positions {
            var found = WireFoundOffset()
            do {
                found.offset = try await find(wanted).value
            } catch {
                found.error = Status(error).wire
            }
            response.offsets.append(found)
        }
        return response
    }

    private func find(_ wanted: WirePartitionPosition) async throws -> Offset {
        let log = try partition(wanted.partition, of: wanted.topic)
        let start = StartPosition(wanted.position)
        let (first, end) = try await log.storage.resolve(start, of: log)
        let logStart = await log.storage.bounds(of: log).logStartOffset
        guard first >= logStart, first <= end else {
            throw StorageError.offsetOutOfRange(log.partition, first, first: logStart, next: end)
        }
        return first
    }

    func initProducer() async throws -> WireInitProducerResponse {
        var response = WireInitProducerResponse()
        response.producerID = try await engine.storage.allocateProducerID().value
        return response
    }

    // MARK: Looking up

    func partition(_ number: Int32, of name: String) throws -> PartitionLog {
        guard let topic = engine.storage.topic(try TopicName(name)) else {
            throw StatusError(.noTopic(name))
        }
        guard number >= 0, Int(number) < topic.partitions.count else {
            throw StatusError(.noPartition(number, of: topic))
        }
        return topic.partitions[Int(number)]
    }

    /// What the broker keeps for itself is as it needs it.
    private func refuseOwn(_ name: String) throws {
        let name = try TopicName(name)
        if name.isInternal { throw StatusError(.ownTopic(name)) }
    }
}

extension ConfigChange {
    /// - Throws: `TopicConfigError` for a setting that is named twice.
    init(_ changes: [WireConfigChange]) throws(TopicConfigError) {
        self.init(
            edits: changes.map {
                Edit(name: $0.key, operation: $0.hasValue ? .set : .delete, value: $0.hasValue ? $0.value : nil)
            }, replacesAll: false)
        var seen: Set<String> = []
        for edit in edits where !seen.insert(edit.name).inserted {
            throw TopicConfigError(
                name: edit.name, value: edit.value ?? "", reason: "it is in the request twice")
        }
    }
}

extension WireTopicDescription {
    init(_ topic: TopicDescription) {
        self.init()
        name = topic.name.string
        id = Data(topic.id.bytes)
        configs = topic.config.entries.sorted { $0.key < $1.key }.map {
            var config = WireConfig()
            config.key = $0.key.rawValue
            config.value = $0.value
            return config
        }
        partitions = topic.partitions.map {
            var partition = WirePartitionDescription()
            partition.partition = $0.partition
            partition.logStartOffset = $0.logStartOffset.value
            partition.highWatermark = $0.highWatermark.value
            partition.logEndOffset = $0.logEndOffset.value
            partition.sizeBytes = Int64(clamping: $0.sizeInBytes)
            partition.readOnlyReason = $0.readOnlyReason ?? ""
            return partition
        }
    }
}
