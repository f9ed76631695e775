internal import Millrace
internal import MillraceCoordination
internal import MillraceKafkaProtocol
internal import MillraceModel
internal import SystemPackage

// Key 11, JoinGroup: a member asks to be in the next generation of its group; the answer comes when that begins.
//
// v1 has a rebalance timeout of its own (KIP-62), v4 gives a new member its id first and has it come back (KIP-394),
// v5 static members (KIP-345), v7 says the protocol's type (KIP-559), v8 has a reason (KIP-800), v9 may tell a leader
// not to assign (KIP-814).

extension KafkaConnection {
    func joinGroup(_ request: JoinGroupRequest, _ call: KafkaCall) async throws(Errno) -> JoinGroupResponse? {
        var response = JoinGroupResponse()
        response.memberID = request.memberID
        response.protocolName = call.version >= 7 ? nil : ""
        guard !request.protocolType.isEmpty, !request.protocols.isEmpty else {
            response.errorCode = .inconsistentGroupProtocol
            return response
        }
        var join = JoinRequest(
            group: request.groupID, memberID: request.memberID,
            sessionTimeout: .milliseconds(Int64(request.sessionTimeoutMs)),
            protocolType: request.protocolType,
            protocols: request.protocols.map { MemberProtocol(name: $0.name, metadata: $0.metadata) })
        join.instanceID = request.groupInstanceID
        join.clientID = call.clientID
        join.clientHost = "/\(call.host)"
        if call.version >= 1 {
            join.rebalanceTimeout = .milliseconds(Int64(max(0, request.rebalanceTimeoutMs)))
        }
        join.reason = request.reason
        join.requiresKnownMemberID = call.version >= 4
        join.supportsSkippingAssignment = call.version >= 9
        let wanted = join
        let outcome = try await unlessGone { groups async -> Result<JoinAnswer, CoordinationError> in
            do throws(CoordinationError) { return .success(try await groups.join(wanted)) } catch {
                return .failure(error)
            }
        }
        switch outcome {
        case nil: return nil
        case .success(let answer):
            response.generationID = answer.generation
            response.protocolType = answer.protocolType
            response.protocolName = answer.protocolName ?? response.protocolName
            response.leader = answer.leader
            response.memberID = answer.memberID
            response.skipAssignment = answer.skipsAssignment
            response.members = answer.members.map {
                var member = JoinGroupResponse.JoinGroupResponseMember()
                member.memberID = $0.memberID
                member.groupInstanceID = $0.instanceID
                member.metadata = $0.metadata
                return member
            }
        case .failure(let error):
            response.errorCode = ErrorCode(error)
            if case .memberIDRequired(let assigned) = error { response.memberID = assigned }
        }
        return response
    }
}
