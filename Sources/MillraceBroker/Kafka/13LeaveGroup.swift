internal import Millrace
internal import MillraceCoordination
internal import MillraceKafkaProtocol

// Key 13, LeaveGroup: members go, and the group rebalances without waiting for their sessions to end.
//
// v3 lets many go at once, by member or by instance id, which is how an administrator removes them (KIP-345); v5 has
// reasons (KIP-800).

extension KafkaConnection {
    func leaveGroup(_ request: LeaveGroupRequest, _ call: KafkaCall) async -> LeaveGroupResponse {
        var response = LeaveGroupResponse()
        let leaving =
            call.version >= 3
            ? request.members.map {
                LeavingMember(
                    memberID: $0.memberID, instanceID: $0.groupInstanceID, reason: $0.reason)
            } : [LeavingMember(memberID: request.memberID)]
        do throws(CoordinationError) {
            let left = try await withGroups { (groups) async throws(CoordinationError) in
                try await groups.leave(request.groupID, leaving)
            }
            guard call.version >= 3 else {
                response.errorCode = left.first?.error.map { ErrorCode($0) } ?? .none
                return response
            }
            response.members = left.map {
                var member = LeaveGroupResponse.MemberResponse()
                member.memberID = $0.memberID
                member.groupInstanceID = $0.instanceID
                member.errorCode = $0.error.map { ErrorCode($0) } ?? .none
                return member
            }
        } catch {
            response.errorCode = ErrorCode(error)
        }
        return response
    }
}
