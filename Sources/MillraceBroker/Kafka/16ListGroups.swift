internal import Millrace
internal import MillraceCoordination
internal import MillraceKafkaProtocol

// Key 16, ListGroups: all groups, or those in some states (v4, KIP-518) or of some types (v5, KIP-848).

extension KafkaConnection {
    func listGroups(_ request: ListGroupsRequest) async -> ListGroupsResponse {
        var response = ListGroupsResponse()
        do throws(CoordinationError) {
            let found = try await withGroups { (groups) async throws(CoordinationError) in
                try await groups.list(states: request.statesFilter, types: request.typesFilter)
            }
            response.groups = found.map {
                var group = ListGroupsResponse.ListedGroup()
                group.groupID = $0.id
                group.protocolType = $0.protocolType
                group.groupState = $0.state.rawValue
                group.groupType = $0.type
                return group
            }
        } catch {
            response.errorCode = ErrorCode(error)
        }
        return response
    }
}
