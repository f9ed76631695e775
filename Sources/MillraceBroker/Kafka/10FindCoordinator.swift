internal import MillraceKafkaProtocol

// Key 10, FindCoordinator: which broker keeps a group; this one keeps all.
//
// v1 has types: 0 groups; 1 transactions and 2 share groups are not served and refused. v4 asks for many at once
// (KIP-699).

extension KafkaConnection {
    func findCoordinator(_ request: FindCoordinatorRequest, _ call: KafkaCall) -> FindCoordinatorResponse {
        var response = FindCoordinatorResponse()
        let refusal: String? =
            request.keyType == 0 ? nil : "there are coordinators of groups only (key type 0), not \(request.keyType)"
        guard call.version >= 4 else {
            response.errorCode = refusal == nil ? .none : .invalidRequest
            response.errorMessage = refusal
            response.nodeID = refusal == nil ? services.options.nodeID : -1
            response.host = refusal == nil ? services.advertised.host : ""
            response.port = refusal == nil ? Int32(services.advertised.port) : -1
            return response
        }
        response.coordinators = request.coordinatorKeys.unique.map {
            var coordinator = FindCoordinatorResponse.Coordinator()
            coordinator.key = $0
            coordinator.errorCode = refusal == nil ? .none : .invalidRequest
            coordinator.errorMessage = refusal
            coordinator.nodeID = refusal == nil ? services.options.nodeID : -1
            coordinator.host = refusal == nil ? services.advertised.host : ""
            coordinator.port = refusal == nil ? Int32(services.advertised.port) : -1
            return coordinator
        }
        return response
    }
}
