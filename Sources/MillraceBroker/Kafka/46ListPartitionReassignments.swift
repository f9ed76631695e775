internal import MillraceKafkaProtocol

// Key 46, ListPartitionReassignments: with one broker none is ever under way.

extension KafkaConnection {
    func listPartitionReassignments() -> ListPartitionReassignmentsResponse {
        var response = ListPartitionReassignmentsResponse()
        response.errorMessage = nil
        return response
    }
}
