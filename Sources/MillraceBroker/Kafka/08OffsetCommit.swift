internal import Millrace
internal import MillraceCoordination
internal import MillraceKafkaProtocol
internal import MillraceModel
internal import MillraceStorage

// Key 8, OffsetCommit: where a group goes on, on stable storage when the answer is sent.
//
// A member says its generation, and an older one is refused; -1 stands for a group without members. v2 to v4 have a
// retention time, which Kafka's brokers ignore as well since the group's end counts (KIP-211); v6 has leader epochs,
// v7 static members, v10 topic ids. What members write beside an offset comes back byte for byte.

extension KafkaConnection {
    func offsetCommit(
        _ request: MillraceKafkaProtocol.OffsetCommitRequest
    ) async -> OffsetCommitResponse {
        var response = OffsetCommitResponse()
        var commits: [MillraceCoordination.OffsetCommitRequest.Commit] = []
        // Where the outcome of each commit belongs.
        var places: [(topic: Int, partition: Int)] = []
        for topic in request.topics {
            var answered = OffsetCommitResponse.OffsetCommitResponseTopic()
            answered.name = topic.name
            answered.topicID = topic.topicID
            let found = services.storage.find(name: topic.name, id: topic.topicID)
            for asked in topic.partitions {
                var partition = OffsetCommitResponse.OffsetCommitResponsePartition()
                partition.partitionIndex = asked.partitionIndex
                switch found.flatMap({ $0.partition(asked.partitionIndex) }) {
                case .failure(let code): partition.errorCode = code
                case .success(let log):
                    places.append((response.topics.count, answered.partitions.count))
                    commits.append(Self.commit(asked, of: log, topic.topicID))
                }
                answered.partitions.append(partition)
            }
            response.topics.append(answered)
        }
        guard !commits.isEmpty else { return response }
        let outcomes = await commit(commits, request)
        for (place, code) in zip(places, outcomes) {
            response.topics[place.topic].partitions[place.partition].errorCode = code
        }
        return response
    }

    private func commit(
        _ commits: [MillraceCoordination.OffsetCommitRequest.Commit],
        _ request: MillraceKafkaProtocol.OffsetCommitRequest
    ) async -> [ErrorCode] {
        var commit = MillraceCoordination.OffsetCommitRequest(group: request.groupID, commits: commits)
        commit.generation = request.generationIDOrMemberEpoch
        commit.memberID = request.memberID
        commit.instanceID = request.groupInstanceID
        let wanted = commit
        do throws(CoordinationError) {
            let refusals = try await withGroups { (groups) async throws(CoordinationError) in
                try await groups.commitOffsets(wanted)
            }
            return refusals.map { $0.map { ErrorCode($0) } ?? .none }
        } catch {
            return commits.map { _ in ErrorCode(error) }
        }
    }

    private static func commit(
        _ asked: MillraceKafkaProtocol.OffsetCommitRequest.OffsetCommitRequestPartition,
        of log: PartitionLog, _ topic: TopicID
    ) -> MillraceCoordination.OffsetCommitRequest.Commit {
        var commit = MillraceCoordination.OffsetCommitRequest.Commit(
            log.partition, Offset(asked.committedOffset), metadata: asked.committedMetadata ?? "")
        if asked.committedLeaderEpoch >= 0 {
            commit.leaderEpoch = LeaderEpoch(asked.committedLeaderEpoch)
        }
        if topic != .zero { commit.topicID = topic }
        return commit
    }
}
