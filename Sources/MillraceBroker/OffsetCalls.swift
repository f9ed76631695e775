internal import Millrace
internal import MillraceModel
internal import MillraceNativeProtocol

// Methods 0x0401 and 0x0402: the offsets of groups.

extension NativeConnection {
    func commitOffsets(_ request: WireCommitOffsetsRequest) async throws -> WireCommitOffsetsResponse {
        var offsets: [TopicPartition: CommittedPosition] = [:]
        for commit in request.offsets {
            let partition = TopicPartition(
                topic: try TopicName(commit.topic), partition: commit.partition)
            offsets[partition] = CommittedPosition(
                offset: Offset(commit.offset), metadata: commit.metadata)
        }
        try await engine.commit(offsets, for: request.group)
        return WireCommitOffsetsResponse()
    }

    func fetchOffsets(_ request: WireFetchOffsetsRequest) async throws -> WireFetchOffsetsResponse {
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
