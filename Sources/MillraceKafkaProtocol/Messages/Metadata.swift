package import MillraceModel

// Key 3, versions 0 to 13, flexible from 9.
package struct MetadataRequest: RequestMessage {
    package static let api = API.metadata
    package typealias Response = MetadataResponse

    package var topics: [MetadataRequestTopic]? = []
    package var allowAutoTopicCreation = true
    package var includeClusterAuthorizedOperations = false
    package var includeTopicAuthorizedOperations = false

    package init() {}

    package mutating func layout<V: FieldVisitor>(_ visitor: inout V) throws(V.Failure) {
        try visitor.field(&topics, nullable: visitor.has(1...))
        if visitor.has(4...) { try visitor.field(&allowAutoTopicCreation) }
        if visitor.has(8...10) { try visitor.field(&includeClusterAuthorizedOperations) }
        if visitor.has(8...) { try visitor.field(&includeTopicAuthorizedOperations) }
        try visitor.end()
    }

    package struct MetadataRequestTopic: WireStruct {
        package var topicID: TopicID = .zero
        package var name: String? = ""

        package init() {}

        package mutating func layout<V: FieldVisitor>(_ visitor: inout V) throws(V.Failure) {
            if visitor.has(10...) { try visitor.field(&topicID) }
            try visitor.field(&name, nullable: visitor.has(10...))
            try visitor.end()
        }
    }
}

package struct MetadataResponse: ResponseMessage {
    package static let api = API.metadata

    package var throttleTimeMs: Int32 = 0
    package var brokers: [MetadataResponseBroker] = []
    package var clusterID: String?
    package var controllerID: Int32 = -1
    package var topics: [MetadataResponseTopic] = []
    package var clusterAuthorizedOperations: Int32 = .min
    package var errorCode: ErrorCode = .none

    package init() {}

    package mutating func layout<V: FieldVisitor>(_ visitor: inout V) throws(V.Failure) {
        if visitor.has(3...) { try visitor.field(&throttleTimeMs) }
        try visitor.field(&brokers)
        if visitor.has(2...) { try visitor.field(&clusterID) }
        if visitor.has(1...) { try visitor.field(&controllerID) }
        try visitor.field(&topics)
        if visitor.has(8...10) { try visitor.field(&clusterAuthorizedOperations) }
        if visitor.has(13...) { try visitor.field(&errorCode) }
        try visitor.end()
    }

    package struct MetadataResponseBroker: WireStruct {
        package var nodeID: Int32 = 0
        package var host = ""
        package var port: Int32 = 0
        package var rack: String?

        package init() {}

        package mutating func layout<V: FieldVisitor>(_ visitor: inout V) throws(V.Failure) {
            try visitor.field(&nodeID)
            try visitor.field(&host)
            try visitor.field(&port)
            if visitor.has(1...) { try visitor.field(&rack) }
            try visitor.end()
        }
    }

    package struct MetadataResponseTopic: WireStruct {
        package var errorCode: ErrorCode = .none
        package var name: String? = ""
        package var topicID: TopicID = .zero
        package var isInternal = false
        package var partitions: [MetadataResponsePartition] = []
        package var topicAuthorizedOperations: Int32 = .min

        package init() {}

        package mutating func layout<V: FieldVisitor>(_ visitor: inout V) throws(V.Failure) {
            try visitor.field(&errorCode)
            try visitor.field(&name, nullable: visitor.has(12...))
            if visitor.has(10...) { try visitor.field(&topicID) }
            if visitor.has(1...) { try visitor.field(&isInternal) }
            try visitor.field(&partitions)
            if visitor.has(8...) { try visitor.field(&topicAuthorizedOperations) }
            try visitor.end()
        }
    }

    package struct MetadataResponsePartition: WireStruct {
        package var errorCode: ErrorCode = .none
        package var partitionIndex: Int32 = 0
        package var leaderID: Int32 = 0
        package var leaderEpoch: Int32 = -1
        package var replicaNodes: [Int32] = []
        package var isrNodes: [Int32] = []
        package var offlineReplicas: [Int32] = []

        package init() {}

        package mutating func layout<V: FieldVisitor>(_ visitor: inout V) throws(V.Failure) {
            try visitor.field(&errorCode)
            try visitor.field(&partitionIndex)
            try visitor.field(&leaderID)
            if visitor.has(7...) { try visitor.field(&leaderEpoch) }
            try visitor.field(&replicaNodes)
            try visitor.field(&isrNodes)
            if visitor.has(5...) { try visitor.field(&offlineReplicas) }
            try visitor.end()
        }
    }
}
