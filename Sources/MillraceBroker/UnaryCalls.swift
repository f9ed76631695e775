internal import FoundationEssentials
internal import Millrace
internal import MillraceModel
internal import MillraceNativeProtocol
internal import MillraceStorage
internal import SwiftProtobuf

// The calls that are answered by one message.

extension NativeConnection {
    func answer(_ method: MillraceNativeProtocol.Method, _ frame: Frame) async {
        let stream = frame.header.stream
        let result: Result<any SwiftProtobuf.Message, any Error>
        do {
            result = .success(try await respond(to: method, frame))
        } catch {
            result = .failure(error)
        }
        // A call that was cancelled meanwhile has had its END.
        guard unaries.remove(stream) != nil else { return }
        switch result {
        case .success(let response):
            write(response, stream)
            end(stream, .ok)
        case .failure(let error): end(stream, Status(error))
        }
    }

    private func write(_ response: some SwiftProtobuf.Message, _ stream: StreamID) {
        output.write { $0.writeMessage(stream: stream, body: response) }
    }

    private func respond(
        to method: MillraceNativeProtocol.Method, _ frame: Frame
    ) async throws -> any SwiftProtobuf.Message {
        switch method {
        case .createTopic:
            let request = try frame.decode(WireCreateTopicRequest.self)
            var settings: [String: String] = [:]
            for config in request.configs { settings[config.key] = config.value }
            let count = request.partitions == 0 ? nil : Int32(clamping: request.partitions)
            return wire(
                try await engine.createTopic(request.name, partitions: count, config: settings))
        case .listTopics:
            let request = try frame.decode(WireListTopicsRequest.self)
            return list(includingInternal: request.includeInternal)
        case .describeTopic:
            let request = try frame.decode(WireDescribeTopicRequest.self)
            return wire(try await engine.describeTopic(request.name))
        case .deleteTopic:
            let request = try frame.decode(WireDeleteTopicRequest.self)
            try await engine.deleteTopic(request.name)
            return WireDeleteTopicResponse()
        case .addPartitions:
            let request = try frame.decode(WireAddPartitionsRequest.self)
            return wire(
                try await engine.addPartitions(
                    to: request.name, upTo: Int32(clamping: request.partitions)))
        case .commitOffsets:
            try await commit(try frame.decode(WireCommitOffsetsRequest.self))
            return WireCommitOffsetsResponse()
        case .fetchOffsets:
            return try await fetch(try frame.decode(WireFetchOffsetsRequest.self))
        default:
            throw EngineError(.invalidArgument, "\(method) is not served")
        }
    }

    // MARK: Topics

    private func list(includingInternal: Bool) -> WireListTopicsResponse {
        var response = WireListTopicsResponse()
        for topic in engine.storage.topics
        where includingInternal || !topic.entry.name.isInternal {
            var listing = WireTopicListing()
            listing.name = topic.entry.name.string
            listing.id = Data(topic.entry.id.bytes)
            listing.partitions = topic.entry.partitionCount
            response.topics.append(listing)
        }
        return response
    }

    private func wire(_ topic: TopicDescription) -> WireTopicDescription {
        var description = WireTopicDescription()
        description.name = topic.name.string
        description.id = Data(topic.id.bytes)
        description.configs = topic.config.entries.sorted { $0.key < $1.key }.map {
            var config = WireConfig()
            config.key = $0.key.rawValue
            config.value = $0.value
            return config
        }
        description.partitions = topic.partitions.map {
            var partition = WirePartitionDescription()
            partition.partition = $0.partition
            partition.logStartOffset = $0.logStartOffset.value
            partition.highWatermark = $0.highWatermark.value
            partition.logEndOffset = $0.logEndOffset.value
            partition.sizeBytes = Int64(clamping: $0.sizeInBytes)
            partition.readOnlyReason = $0.readOnlyReason ?? ""
            return partition
        }
        return description
    }

    // MARK: Groups

    private func commit(_ request: WireCommitOffsetsRequest) async throws {
        var offsets: [TopicPartition: CommittedPosition] = [:]
        for commit in request.offsets {
            let partition = TopicPartition(
                topic: try TopicName(commit.topic), partition: commit.partition)
            offsets[partition] = CommittedPosition(
                offset: Offset(commit.offset), metadata: commit.metadata)
        }
        try await engine.commit(offsets, for: request.group)
    }

    private func fetch(_ request: WireFetchOffsetsRequest) async throws -> WireFetchOffsetsResponse {
        let committed = try await engine.committedPositions(of: request.group)
        let wanted: [TopicName: Set<Int32>] = try request.topics.reduce(into: [:]) {
            $0[try TopicName($1.topic), default: []].formUnion($1.partitions)
        }
        var response = WireFetchOffsetsResponse()
        for (partition, position) in committed.sorted(by: { $0.key < $1.key }) {
            if !request.topics.isEmpty {
                guard let partitions = wanted[partition.topic],
                    partitions.isEmpty || partitions.contains(partition.partition)
                else { continue }
            }
            var commit = WireOffsetCommit()
            commit.topic = partition.topic.string
            commit.partition = partition.partition
            commit.offset = position.offset.value
            commit.metadata = position.metadata
            response.offsets.append(commit)
        }
        return response
    }
}
