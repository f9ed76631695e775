internal import MillraceKafkaProtocol

// Key 33, AlterConfigs: replaces all settings of a topic or of the broker by those given. Clients have
// IncrementalAlterConfigs for single ones.
//
// Versions differ in form only (v2 flexible).

extension KafkaConnection {
    func alterConfigs(_ request: AlterConfigsRequest) async -> AlterConfigsResponse {
        var response = AlterConfigsResponse()
        for resource in request.resources {
            var result = AlterConfigsResponse.AlterConfigsResourceResponse()
            result.resourceType = resource.resourceType
            result.resourceName = resource.resourceName
            result.errorMessage = nil
            let change = ConfigChange(
                edits: resource.configs.map {
                    ConfigChange.Edit(name: $0.name, operation: .set, value: $0.value)
                }, replacesAll: true)
            do throws(Refusal) {
                try await alter(
                    resource.resourceType, resource.resourceName, change,
                    validateOnly: request.validateOnly)
            } catch {
                result.errorCode = error.code
                result.errorMessage = error.message
            }
            response.responses.append(result)
        }
        return response
    }
}
