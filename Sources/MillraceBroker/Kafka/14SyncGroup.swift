internal import Millrace
internal import MillraceCoordination
internal import MillraceKafkaProtocol
internal import MillraceModel
internal import SystemPackage

// Key 14, SyncGroup: the leader brings everybody's assignment, everybody gets their own once it is written down.
//
// v3 has static members, v5 the protocol's type and name, which are compared (KIP-559).

extension KafkaConnection {
    func syncGroup(_ request: SyncGroupRequest) async throws(Errno) -> SyncGroupResponse? {
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
        let outcome = try await unlessGone { groups async -> Result<SyncAnswer, CoordinationError> in
            do throws(CoordinationError) { return .success(try await groups.sync(wanted)) } catch {
                return .failure(error)
            }
        }
        switch outcome {
        case nil: return nil
        case .success(let answer):
            response.protocolType = answer.protocolType
            response.protocolName = answer.protocolName
            response.assignment = answer.assignment
        case .failure(let error): response.errorCode = ErrorCode(error)
        }
        return response
    }
}
