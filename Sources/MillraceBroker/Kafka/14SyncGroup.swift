internal import Millrace
internal import MillraceCoordination
internal import MillraceKafkaProtocol
internal import MillraceModel

// Key 14, SyncGroup: the leader brings everybody's assignment, everybody gets their own once it is written down.
//
// v3 has static members, v5 the protocol's type and name, which are compared (KIP-559).

extension KafkaConnection {
    func syncGroup(_ request: SyncGroupRequest) async -> SyncGroupResponse {
        var response = SyncGroupResponse()
        var sync = SyncRequest(
            group: request.groupID, generation: request.generationID, memberID: request.memberID,
            assignments: request.assignments.map {
                SyncRequest.Assignment(memberID: $0.memberID, bytes: $0.assignment)
            })
        sync.instanceID = request.groupInstanceID
        sync.protocolType = request.protocolType
        sync.protocolName = request.protocolName
        let wanted = sync
        do throws(CoordinationError) {
            let answer = try await services.engine.groups.sync(wanted)
            response.protocolType = answer.protocolType
            response.protocolName = answer.protocolName
            response.assignment = answer.assignment
        } catch {
            response.errorCode = ErrorCode(error)
        }
        return response
    }
}
