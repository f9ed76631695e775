internal import Millrace
internal import MillraceCoordination
internal import MillraceKafkaProtocol

// Key 12, Heartbeat: a member lives; REBALANCE_IN_PROGRESS tells it to join again.
//
// v3 has static members.

extension KafkaConnection {
    func heartbeat(_ request: MillraceKafkaProtocol.HeartbeatRequest) async -> HeartbeatResponse {
        var response = HeartbeatResponse()
        do throws(CoordinationError) {
            try await withGroups { (groups) async throws(CoordinationError) in
                try await groups.heartbeat(
                    MillraceCoordination.HeartbeatRequest(
                        group: request.groupID, generation: request.generationID,
                        memberID: request.memberID, instanceID: request.groupInstanceID))
            }
        } catch {
            response.errorCode = ErrorCode(error)
        }
        return response
    }
}
