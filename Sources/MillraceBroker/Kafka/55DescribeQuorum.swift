internal import MillraceKafkaProtocol

// Key 55, DescribeQuorum: who keeps the cluster's metadata: this broker alone, in its data directory.
//
// Kafka keeps it in the topic `__cluster_metadata`, which is what clients ask for; there is no such log here, so its
// offsets are 0. v1 has the voters' times, v2 their directories and listeners (KIP-853).

extension KafkaConnection {
    func describeQuorum(_ request: DescribeQuorumRequest) -> DescribeQuorumResponse {
        var response = DescribeQuorumResponse()
        response.errorMessage = nil
        let node = services.options.nodeID
        for topic in request.topics {
            var answered = DescribeQuorumResponse.TopicData()
            answered.topicName = topic.topicName
            for asked in topic.partitions {
                var partition = DescribeQuorumResponse.PartitionData()
                partition.partitionIndex = asked.partitionIndex
                partition.errorMessage = nil
                if topic.topicName == "__cluster_metadata", asked.partitionIndex == 0 {
                    var voter = DescribeQuorumResponse.ReplicaState()
                    voter.replicaID = node
                    voter.lastFetchTimestamp = shard.wallClock.milliseconds
                    voter.lastCaughtUpTimestamp = voter.lastFetchTimestamp
                    partition.leaderID = node
                    partition.currentVoters = [voter]
                } else {
                    partition.errorCode = .unknownTopicOrPartition
                    partition.errorMessage = "only __cluster_metadata-0 has a quorum"
                }
                answered.partitions.append(partition)
            }
            response.topics.append(answered)
        }
        response.nodes = [quorumNode]
        return response
    }

    private var quorumNode: DescribeQuorumResponse.Node {
        var listener = DescribeQuorumResponse.Listener()
        listener.name = "KAFKA"
        listener.host = services.advertised.host
        listener.port = services.advertised.port
        var node = DescribeQuorumResponse.Node()
        node.nodeID = services.options.nodeID
        node.listeners = [listener]
        return node
    }
}
