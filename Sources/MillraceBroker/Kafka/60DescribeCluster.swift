internal import MillraceKafkaProtocol

// Key 60, DescribeCluster: the cluster's id and its brokers, of which there is one.
//
// v1 may ask for controllers (KIP-919), whom clients do not reach here; v2 may include fenced brokers.

extension KafkaConnection {
    func describeCluster(_ request: DescribeClusterRequest) -> DescribeClusterResponse {
        var response = DescribeClusterResponse()
        response.endpointType = request.endpointType
        guard request.endpointType == 1 else {
            response.errorCode = request.endpointType == 2 ? .mismatchedEndpointType : .unsupportedEndpointType
            response.errorMessage = "this is a listener of brokers (endpoint type 1)"
            return response
        }
        response.clusterID = services.clusterID
        response.controllerID = services.options.nodeID
        var broker = DescribeClusterResponse.DescribeClusterBroker()
        broker.brokerID = services.options.nodeID
        broker.host = services.advertised.host
        broker.port = Int32(services.advertised.port)
        response.brokers = [broker]
        if request.includeClusterAuthorizedOperations {
            response.clusterAuthorizedOperations = AuthorizedOperations.cluster
        }
        return response
    }
}
