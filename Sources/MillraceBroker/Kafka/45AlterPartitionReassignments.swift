internal import Millrace
internal import MillraceKafkaProtocol
internal import MillraceModel
internal import MillraceStorage

// Key 45, AlterPartitionReassignments: partitions cannot move where there is one broker. To that one they "move" at
// once; nothing is under way that could be cancelled (null).
//
// v1 may forbid to change the number of replicas.

extension KafkaConnection {
    func alterPartitionReassignments(
        _ request: AlterPartitionReassignmentsRequest
    ) -> AlterPartitionReassignmentsResponse {
        var response = AlterPartitionReassignmentsResponse()
        response.allowReplicationFactorChange = request.allowReplicationFactorChange
        response.errorMessage = nil
        for topic in request.topics {
            var answered = AlterPartitionReassignmentsResponse.ReassignableTopicResponse()
            answered.name = topic.name
            answered.partitions = topic.partitions.map { asked in
                var result = AlterPartitionReassignmentsResponse.ReassignablePartitionResponse()
                result.partitionIndex = asked.partitionIndex
                result.errorMessage = nil
                do throws(Refusal) {
                    try reassign(topic.name, asked)
                } catch {
                    result.errorCode = error.code
                    result.errorMessage = error.message
                }
                return result
            }
            response.responses.append(answered)
        }
        return response
    }

    private func reassign(
        _ topic: String, _ asked: AlterPartitionReassignmentsRequest.ReassignablePartition
    ) throws(Refusal) {
        let found = services.storage.find(name: topic, id: .zero)
        if case .failure(let code) = found.flatMap({ $0.partition(asked.partitionIndex) }) {
            throw Refusal(code, "there is no partition \(topic)-\(asked.partitionIndex)")
        }
        guard let replicas = asked.replicas else {
            throw Refusal(.noReassignmentInProgress, "no reassignment is under way")
        }
        try checkReplicas(replicas)
    }
}
