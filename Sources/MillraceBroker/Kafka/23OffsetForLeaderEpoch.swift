internal import Millrace
internal import MillraceKafkaProtocol
internal import MillraceModel
internal import MillraceStorage

// Key 23, OffsetForLeaderEpoch: where a leader's records end, with which consumers find out that a log was truncated
// (KIP-320). One broker has one leadership, epoch 0: its end is the end of the log; of a later one nothing is known.
//
// v3 has the replica id of the asker, v4 is flexible.

extension KafkaConnection {
    func offsetForLeaderEpoch(
        _ request: OffsetForLeaderEpochRequest
    ) async -> OffsetForLeaderEpochResponse {
        var response = OffsetForLeaderEpochResponse()
        for topic in request.topics {
            var answered = OffsetForLeaderEpochResponse.OffsetForLeaderTopicResult()
            answered.topic = topic.topic
            let found = services.storage.find(name: topic.topic, id: .zero)
            for partition in topic.partitions {
                answered.partitions.append(await look(partition, found))
            }
            response.topics.append(answered)
        }
        return response
    }

    private func look(
        _ partition: OffsetForLeaderEpochRequest.OffsetForLeaderPartition,
        _ topic: Result<Topic, ErrorCode>
    ) async -> OffsetForLeaderEpochResponse.EpochEndOffset {
        var end = OffsetForLeaderEpochResponse.EpochEndOffset()
        end.partition = partition.partition
        switch topic.flatMap({ $0.partition(partition.partition) }) {
        case .failure(let code): end.errorCode = code
        case .success(let log):
            end.errorCode = checkEpoch(partition.currentLeaderEpoch)
            let epoch = LeaderEpoch(partition.leaderEpoch)
            guard end.errorCode == .none,
                let offset = await log.storage.endOffset(forEpoch: epoch, of: log)
            else { break }
            end.leaderEpoch = epoch.value
            end.endOffset = offset.value
        }
        return end
    }
}
