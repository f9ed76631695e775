internal import Millrace
internal import MillraceCoordination
internal import MillraceKafkaProtocol

// Key 15, DescribeGroups: groups with their members, what these are subscribed to and assigned.
//
// A group that nobody has heard of is Dead, and from v6 on GROUP_ID_NOT_FOUND (KIP-1043). v3 may ask for authorized
// operations, v4 has static members.

extension KafkaConnection {
    func describeGroups(
        _ request: DescribeGroupsRequest, _ call: KafkaCall
    ) async -> DescribeGroupsResponse {
        var response = DescribeGroupsResponse()
        for id in request.groups.unique {
            var group = DescribeGroupsResponse.DescribedGroup()
            group.groupID = id
            group.errorMessage = nil
            if request.includeAuthorizedOperations {
                group.authorizedOperations = AuthorizedOperations.group
            }
            do throws(CoordinationError) {
                let found = try await withGroups { (groups) async throws(CoordinationError) in
                    try await groups.describe(id)
                }
                group.groupState = found.state.rawValue
                group.protocolType = found.protocolType
                group.protocolData = found.protocolName
                group.members = found.members.map(Self.describe)
            } catch {
                group.groupState = GroupState.dead.rawValue
                if case .groupIDNotFound = error, call.version < 6 {
                    group.errorCode = .none
                } else {
                    group.errorCode = ErrorCode(error)
                    group.errorMessage = "\(error)"
                }
            }
            response.groups.append(group)
        }
        return response
    }

    private static func describe(
        _ member: GroupDescription.Member
    ) -> DescribeGroupsResponse.DescribedGroupMember {
        var described = DescribeGroupsResponse.DescribedGroupMember()
        described.memberID = member.id
        described.groupInstanceID = member.instanceID
        described.clientID = member.clientID
        described.clientHost = member.clientHost
        described.memberMetadata = member.metadata
        described.memberAssignment = member.assignment
        return described
    }
}
