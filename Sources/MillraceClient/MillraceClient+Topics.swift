public import MillraceClientCore
public import MillraceModel
internal import MillraceNativeProtocol

// Topics. A topic that there is not throws `refused` with `notFound`, a setting that cannot be with `invalidArgument`.

extension MillraceClient {
    /// Makes a topic, which is on stable storage when this returns.
    /// - Parameters:
    ///   - name: 1 to 249 of a-z A-Z 0-9 . _ -
    ///   - partitions: how many; nil leaves it to the broker.
    ///   - config: settings by Kafka's names, and `millrace.durability`.
    /// - Throws: `refused` with `alreadyExists` or `invalidArgument`.
    @discardableResult
    public func createTopic(
        _ name: String, partitions: Int32? = nil, config: [String: String] = [:]
    ) async throws(ClientError) -> TopicDescription {
        var request = WireCreateTopicRequest()
        request.name = try TopicName(given: name).string
        request.partitions = UInt32(max(0, partitions ?? 0))
        request.configs = config.sorted { $0.key < $1.key }.map {
            var entry = WireConfig()
            entry.key = $0.key
            entry.value = $0.value
            return entry
        }
        return try TopicDescription(
            try await ask(.createTopic, request, WireTopicDescription.self))
    }

    /// The topics, by name.
    /// - Parameter includingInternal: also those that the broker keeps for itself.
    public func listTopics(
        includingInternal: Bool = false
    ) async throws(ClientError) -> [TopicListing] {
        var request = WireListTopicsRequest()
        request.includeInternal = includingInternal
        var listings: [TopicListing] = []
        for topic in try await ask(.listTopics, request, WireListTopicsResponse.self).topics {
            listings.append(try TopicListing(topic))
        }
        return listings
    }

    /// What a topic's partitions hold, and what has been set for it.
    public func describeTopic(_ name: String) async throws(ClientError) -> TopicDescription {
        var request = WireDescribeTopicRequest()
        request.name = try TopicName(given: name).string
        return try TopicDescription(
            try await ask(.describeTopic, request, WireTopicDescription.self))
    }

    /// Changes a topic's settings, all or none; they hold for what is appended from then on.
    /// - Parameters:
    ///   - name: the topic.
    ///   - config: settings by Kafka's names; one that is nil goes back to the broker's default.
    @discardableResult
    public func alterTopic(
        _ name: String, config: [String: String?]
    ) async throws(ClientError) -> TopicDescription {
        var request = WireAlterTopicRequest()
        request.name = try TopicName(given: name).string
        request.changes = Self.changes(config)
        return try TopicDescription(try await ask(.alterTopic, request, WireTopicDescription.self))
    }

    static func changes(_ config: [String: String?]) -> [WireConfigChange] {
        config.sorted { $0.key < $1.key }.map { key, value in
            var change = WireConfigChange()
            change.key = key
            if let value { change.value = value }
            return change
        }
    }

    /// Deletes a topic and its records.
    public func deleteTopic(_ name: String) async throws(ClientError) {
        var request = WireDeleteTopicRequest()
        request.name = try TopicName(given: name).string
        _ = try await ask(.deleteTopic, request, WireDeleteTopicResponse.self)
    }

    /// Gives a topic more partitions. Keys go to other partitions from then on.
    /// - Parameters:
    ///   - name: the topic.
    ///   - count: how many the topic has afterwards.
    @discardableResult
    public func addPartitions(
        to name: String, upTo count: Int32
    ) async throws(ClientError) -> TopicDescription {
        var request = WireAddPartitionsRequest()
        request.name = try TopicName(given: name).string
        request.partitions = UInt32(max(0, count))
        return try TopicDescription(
            try await ask(.addPartitions, request, WireTopicDescription.self))
    }

    /// Makes the records of a partition before an offset unreadable; their space is given back by and by.
    /// - Returns: the first offset that can be read now.
    /// - Throws: `refused` with `outOfRange` for an offset beyond the high watermark.
    @discardableResult
    public func trim(
        _ name: String, partition: Int32, before offset: Offset
    ) async throws(ClientError) -> Offset {
        var request = WireTrimRequest()
        request.topic = try TopicName(given: name).string
        request.partition = partition
        request.beforeOffset = offset.value
        return Offset(try await ask(.trim, request, WireTrimResponse.self).logStartOffset)
    }

    /// Where positions are in partitions of a topic, such as the first offset since a time.
    /// - Throws: `refused`, for the first that there is not.
    public func findOffsets(
        _ positions: [Int32: StartPosition], in name: String
    ) async throws(ClientError) -> [Int32: Offset] {
        let topic = try TopicName(given: name).string
        let asked = positions.sorted { $0.key < $1.key }
        var request = WireFindOffsetsRequest()
        request.positions = asked.map { partition, position in
            var wanted = WirePartitionPosition()
            wanted.topic = topic
            wanted.partition = partition
            wanted.position = position.wire
            return wanted
        }
        let found = try await ask(.findOffsets, request, WireFindOffsetsResponse.self).offsets
        guard found.count == asked.count else {
            throw .illegalAnswer("\(asked.count) positions were asked for and \(found.count) came")
        }
        var offsets: [Int32: Offset] = [:]
        for ((partition, _), answer) in zip(asked, found) {
            if answer.hasError, let error = ClientError(Status(answer.error)) { throw error }
            offsets[partition] = Offset(answer.offset)
        }
        return offsets
    }
}
