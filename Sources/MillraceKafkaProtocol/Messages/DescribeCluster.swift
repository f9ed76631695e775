// Key 60, versions 0 to 2, flexible from 0.
package struct DescribeClusterRequest: RequestMessage {
    package static let api = API.describeCluster
    package typealias Response = DescribeClusterResponse

    package var includeClusterAuthorizedOperations = false
    package var endpointType: Int8 = 1
    package var includeFencedBrokers = false

    package init() {}

    package mutating func layout<V: FieldVisitor>(_ visitor: inout V) throws(V.Failure) {
        try visitor.field(&includeClusterAuthorizedOperations)
        if visitor.has(1...) { try visitor.field(&endpointType) }
        if visitor.has(2...) { try visitor.field(&includeFencedBrokers) }
        try visitor.end()
    }
}

package struct DescribeClusterResponse: ResponseMessage {
    package static let api = API.describeCluster

    package var throttleTimeMs: Int32 = 0
    package var errorCode: ErrorCode = .none
    package var errorMessage: String?
    package var endpointType: Int8 = 1
    package var clusterID = ""
    package var controllerID: Int32 = -1
    package var brokers: [DescribeClusterBroker] = []
    package var clusterAuthorizedOperations: Int32 = .min

    package init() {}

    package mutating func layout<V: FieldVisitor>(_ visitor: inout V) throws(V.Failure) {
        try visitor.field(&throttleTimeMs)
        try visitor.field(&errorCode)
        try visitor.field(&errorMessage)
        if visitor.has(1...) { try visitor.field(&endpointType) }
        try visitor.field(&clusterID)
        try visitor.field(&controllerID)
        try visitor.field(&brokers)
        try visitor.field(&clusterAuthorizedOperations)
        try visitor.end()
    }

    package struct DescribeClusterBroker: WireStruct {
        package var brokerID: Int32 = 0
        package var host = ""
        package var port: Int32 = 0
        package var rack: String?
        package var isFenced = false

        package init() {}

        package mutating func layout<V: FieldVisitor>(_ visitor: inout V) throws(V.Failure) {
            try visitor.field(&brokerID)
            try visitor.field(&host)
            try visitor.field(&port)
            try visitor.field(&rack)
            if visitor.has(2...) { try visitor.field(&isFenced) }
            try visitor.end()
        }
    }
}
