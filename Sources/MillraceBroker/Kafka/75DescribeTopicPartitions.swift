internal import Millrace
internal import MillraceKafkaProtocol
internal import MillraceModel
internal import MillraceStorage

// Key 75, DescribeTopicPartitions: topics and partitions by name, a page at a time (KIP-966).
//
// No names ask for all topics. A page has at most `responsePartitionLimit` partitions; the cursor says where the next
// begins.

extension KafkaConnection {
    /// As `max.request.partition.size.limit` of Kafka's brokers.
    private static let pagePartitionsMax: Int32 = 2000

    func describeTopicPartitions(
        _ request: DescribeTopicPartitionsRequest
    ) -> DescribeTopicPartitionsResponse {
        var response = DescribeTopicPartitionsResponse()
        let all = services.storage.topics.map(\.entry.name.string)
        let names = request.topics.isEmpty ? all : Set(request.topics.map(\.name)).sorted()
        var room = min(max(1, request.responsePartitionLimit), Self.pagePartitionsMax)
        for name in names {
            let cursor = request.cursor
            if let cursor, name < cursor.topicName { continue }
            let first = cursor?.topicName == name ? max(0, cursor?.partitionIndex ?? 0) : 0
            guard room > 0 else {
                response.nextCursor = Self.cursor(name, first)
                return response
            }
            switch services.storage.find(name: name, id: .zero) {
            case .failure(let code):
                var missing = DescribeTopicPartitionsResponse.DescribeTopicPartitionsResponseTopic()
                missing.name = name
                missing.errorCode = code
                response.topics.append(missing)
            case .success(let topic):
                let count = topic.entry.partitionCount
                let start = min(first, count)
                let end = start + min(room, count - start)
                response.topics.append(describe(topic, start..<end))
                room -= end - start
                if end < count {
                    response.nextCursor = Self.cursor(name, end)
                    return response
                }
            }
        }
        return response
    }

    private static func cursor(_ name: String, _ partition: Int32) -> DescribeTopicPartitionsResponse.Cursor {
        var cursor = DescribeTopicPartitionsResponse.Cursor()
        cursor.topicName = name
        cursor.partitionIndex = partition
        return cursor
    }

    private func describe(
        _ topic: Topic, _ range: Range<Int32>
    ) -> DescribeTopicPartitionsResponse.DescribeTopicPartitionsResponseTopic {
        var description = DescribeTopicPartitionsResponse.DescribeTopicPartitionsResponseTopic()
        description.name = topic.entry.name.string
        description.topicID = topic.entry.id
        description.isInternal = topic.entry.name.isInternal
        description.topicAuthorizedOperations = AuthorizedOperations.topic
        let node = services.options.nodeID
        description.partitions = range.map {
            var partition = DescribeTopicPartitionsResponse.DescribeTopicPartitionsResponsePartition()
            partition.partitionIndex = $0
            partition.leaderID = node
            partition.leaderEpoch = LeaderEpoch.zero.value
            partition.replicaNodes = [node]
            partition.isrNodes = [node]
            partition.eligibleLeaderReplicas = []
            partition.lastKnownElr = []
            return partition
        }
        return description
    }
}
