internal import MillraceKafkaProtocol

// Key 64, UnregisterBroker: forgets a broker that is gone for good. This one is not, and there is no other.

extension KafkaConnection {
    func unregisterBroker(_ request: UnregisterBrokerRequest) -> UnregisterBrokerResponse {
        var response = UnregisterBrokerResponse()
        if request.brokerID == services.options.nodeID {
            response.errorCode = .invalidRequest
            response.errorMessage = "broker \(request.brokerID) is the only one of its cluster; stop it instead"
        } else {
            response.errorCode = .brokerIDNotRegistered
            response.errorMessage = "there is no broker \(request.brokerID)"
        }
        return response
    }
}
