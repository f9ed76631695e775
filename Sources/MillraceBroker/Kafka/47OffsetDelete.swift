internal import Millrace
internal import MillraceCoordination
internal import MillraceKafkaProtocol
internal import MillraceModel
internal import MillraceStorage

// Key 47, OffsetDelete: takes a group's offsets back (KIP-496), except of topics that its members are subscribed to.

extension KafkaConnection {
    func offsetDelete(_ request: OffsetDeleteRequest) async -> OffsetDeleteResponse {
        var response = OffsetDeleteResponse()
        var partitions: [TopicPartition] = []
        var places: [(topic: Int, partition: Int)] = []
        for topic in request.topics {
            var answered = OffsetDeleteResponse.OffsetDeleteResponseTopic()
            answered.name = topic.name
            let found = services.storage.find(name: topic.name, id: .zero)
            for asked in topic.partitions {
                var partition = OffsetDeleteResponse.OffsetDeleteResponsePartition()
                partition.partitionIndex = asked.partitionIndex
                switch found.flatMap({ $0.partition(asked.partitionIndex) }) {
                case .failure(let code): partition.errorCode = code
                case .success(let log):
                    places.append((response.topics.count, answered.partitions.count))
                    partitions.append(log.partition)
                }
                answered.partitions.append(partition)
            }
            response.topics.append(answered)
        }
        do throws(CoordinationError) {
            let wanted = partitions
            let refusals = try await withGroups { (groups) async throws(CoordinationError) in
                try await groups.deleteOffsets(of: request.groupID, wanted)
            }
            for (place, refusal) in zip(places, refusals) {
                response.topics[place.topic].partitions[place.partition].errorCode =
                    refusal.map { ErrorCode($0) } ?? .none
            }
        } catch {
            response.errorCode = ErrorCode(error)
            response.topics = []
        }
        return response
    }
}
