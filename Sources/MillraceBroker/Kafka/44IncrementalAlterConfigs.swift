internal import MillraceKafkaProtocol

// Key 44, IncrementalAlterConfigs: changes single settings of a topic or of the broker (KIP-339): 0 sets, 1 takes
// back, 2 adds to a list, 3 takes from a list. All of a resource or none.

extension KafkaConnection {
    func incrementalAlterConfigs(
        _ request: IncrementalAlterConfigsRequest
    ) async -> IncrementalAlterConfigsResponse {
        var response = IncrementalAlterConfigsResponse()
        for resource in request.resources {
            var result = IncrementalAlterConfigsResponse.AlterConfigsResourceResponse()
            result.resourceType = resource.resourceType
            result.resourceName = resource.resourceName
            result.errorMessage = nil
            do throws(Refusal) {
                try await alter(
                    resource.resourceType, resource.resourceName, try Self.change(resource),
                    validateOnly: request.validateOnly)
            } catch {
                result.errorCode = error.code
                result.errorMessage = error.message
            }
            response.responses.append(result)
        }
        return response
    }

    private static func change(
        _ resource: IncrementalAlterConfigsRequest.AlterConfigsResource
    ) throws(Refusal) -> ConfigChange {
        var change = ConfigChange(edits: [], replacesAll: false)
        for config in resource.configs {
            guard let operation = ConfigChange.Operation(rawValue: config.configOperation) else {
                throw Refusal(
                    .invalidRequest,
                    "\(config.name): operation \(config.configOperation) is none of 0 to 3")
            }
            change.edits.append(
                ConfigChange.Edit(name: config.name, operation: operation, value: config.value))
        }
        guard Set(change.edits.map(\.name)).count == change.edits.count else {
            throw Refusal(.invalidRequest, "a setting is in the request twice")
        }
        return change
    }
}
