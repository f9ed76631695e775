internal import Millrace
internal import MillraceCoordination
internal import MillraceKafkaProtocol

// Key 42, DeleteGroups: removes groups without members, and their offsets. v3 has messages.

extension KafkaConnection {
    func deleteGroups(_ request: DeleteGroupsRequest) async -> DeleteGroupsResponse {
        var response = DeleteGroupsResponse()
        for id in request.groupsNames.unique {
            var result = DeleteGroupsResponse.DeletableGroupResult()
            result.groupID = id
            result.errorMessage = nil
            do throws(CoordinationError) {
                try await withGroups { (groups) async throws(CoordinationError) in try await groups.delete(id) }
            } catch {
                result.errorCode = ErrorCode(error)
                result.errorMessage = "\(error)"
            }
            response.results.append(result)
        }
        return response
    }
}
