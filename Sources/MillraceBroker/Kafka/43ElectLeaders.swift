internal import Millrace
internal import MillraceKafkaProtocol
internal import MillraceModel
internal import MillraceStorage

// Key 43, ElectLeaders: there is one replica of each partition and it leads, so no election is ever needed.
//
// Null asks for all partitions and is answered with those that were elected, which are none. v1 has the type of the
// election (KIP-460).

extension KafkaConnection {
    func electLeaders(_ request: ElectLeadersRequest) -> ElectLeadersResponse {
        var response = ElectLeadersResponse()
        for topic in request.topicPartitions ?? [] {
            var result = ElectLeadersResponse.ReplicaElectionResult()
            result.topic = topic.topic
            let found = services.storage.find(name: topic.topic, id: .zero)
            result.partitionResult = topic.partitions.map {
                var partition = ElectLeadersResponse.PartitionResult()
                partition.partitionID = $0
                switch found.flatMap({ [index = $0] in $0.partition(index) }) {
                case .failure(let code):
                    partition.errorCode = code
                    partition.errorMessage = "there is no partition \(topic.topic)-\($0)"
                case .success:
                    partition.errorCode = .electionNotNeeded
                    partition.errorMessage = "the leader is broker \(services.options.nodeID), the only replica"
                }
                return partition
            }
            response.replicaElectionResults.append(result)
        }
        return response
    }
}
