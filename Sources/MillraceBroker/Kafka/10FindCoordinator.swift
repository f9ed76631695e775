internal import MillraceKafkaProtocol

// Key 10, FindCoordinator: which broker keeps a group or a transactional id; this one keeps all.
//
// v1 has types: 0 groups, 1 transactions; 2, share groups, is not served and refused. v4 asks for many at once
// (KIP-699).

extension KafkaConnection {
    func findCoordinator(_ request: FindCoordinatorRequest, _ call: KafkaCall) -> FindCoordinatorResponse {
        var response = FindCoordinatorResponse()
        let refusal: String? =
            (0...1).contains(request.keyType)
            ? nil : "there are coordinators of groups (key type 0) and transactions (1), not of \(request.keyType)"
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
