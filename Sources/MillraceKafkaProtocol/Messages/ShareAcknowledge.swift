package import MillraceModel

// Key 79, versions 1 to 2, flexible from 0.
package struct ShareAcknowledgeRequest: RequestMessage {
    package static let api = API.shareAcknowledge
    package typealias Response = ShareAcknowledgeResponse

    package var groupID: String?
    package var memberID: String? = ""
    package var shareSessionEpoch: Int32 = 0
    package var isRenewAck = false
    package var topics: [AcknowledgeTopic] = []

    package init() {}

    package mutating func layout<V: FieldVisitor>(_ visitor: inout V) throws(V.Failure) {
        try visitor.field(&groupID)
        try visitor.field(&memberID)
        try visitor.field(&shareSessionEpoch)
        if visitor.has(2...) { try visitor.field(&isRenewAck) }
        try visitor.field(&topics)
        try visitor.end()
    }

    package struct AcknowledgeTopic: WireStruct {
        package var topicID: TopicID = .zero
        package var partitions: [AcknowledgePartition] = []

        package init() {}

        package mutating func layout<V: FieldVisitor>(_ visitor: inout V) throws(V.Failure) {
            try visitor.field(&topicID)
            try visitor.field(&partitions)
            try visitor.end()
        }
    }

    package struct AcknowledgePartition: WireStruct {
        package var partitionIndex: Int32 = 0
        package var acknowledgementBatches: [AcknowledgementBatch] = []

        package init() {}

        package mutating func layout<V: FieldVisitor>(_ visitor: inout V) throws(V.Failure) {
            try visitor.field(&partitionIndex)
            try visitor.field(&acknowledgementBatches)
            try visitor.end()
        }
    }

    package struct AcknowledgementBatch: WireStruct {
        package var firstOffset: Int64 = 0
        package var lastOffset: Int64 = 0
        package var acknowledgeTypes: [Int8] = []

        package init() {}

        package mutating func layout<V: FieldVisitor>(_ visitor: inout V) throws(V.Failure) {
            try visitor.field(&firstOffset)
            try visitor.field(&lastOffset)
            try visitor.field(&acknowledgeTypes)
            try visitor.end()
        }
    }
}

package struct ShareAcknowledgeResponse: ResponseMessage {
    package static let api = API.shareAcknowledge

    package var throttleTimeMs: Int32 = 0
    package var errorCode: ErrorCode = .none
    package var errorMessage: String?
    package var acquisitionLockTimeoutMs: Int32 = 0
    package var responses: [ShareAcknowledgeTopicResponse] = []
    package var nodeEndpoints: [NodeEndpoint] = []

    package init() {}

    package mutating func layout<V: FieldVisitor>(_ visitor: inout V) throws(V.Failure) {
        try visitor.field(&throttleTimeMs)
        try visitor.field(&errorCode)
        try visitor.field(&errorMessage)
        if visitor.has(2...) { try visitor.field(&acquisitionLockTimeoutMs) }
        try visitor.field(&responses)
        try visitor.field(&nodeEndpoints)
        try visitor.end()
    }

    package struct ShareAcknowledgeTopicResponse: WireStruct {
        package var topicID: TopicID = .zero
        package var partitions: [PartitionData] = []

        package init() {}

        package mutating func layout<V: FieldVisitor>(_ visitor: inout V) throws(V.Failure) {
            try visitor.field(&topicID)
            try visitor.field(&partitions)
            try visitor.end()
        }
    }

    package struct NodeEndpoint: WireStruct {
        package var nodeID: Int32 = 0
        package var host = ""
        package var port: Int32 = 0
        package var rack: String?

        package init() {}

        package mutating func layout<V: FieldVisitor>(_ visitor: inout V) throws(V.Failure) {
            try visitor.field(&nodeID)
            try visitor.field(&host)
            try visitor.field(&port)
            try visitor.field(&rack)
            try visitor.end()
        }
    }

    package struct PartitionData: WireStruct {
        package var partitionIndex: Int32 = 0
        package var errorCode: ErrorCode = .none
        package var errorMessage: String?
        package var currentLeader = LeaderIDAndEpoch()

        package init() {}

        package mutating func layout<V: FieldVisitor>(_ visitor: inout V) throws(V.Failure) {
            try visitor.field(&partitionIndex)
            try visitor.field(&errorCode)
            try visitor.field(&errorMessage)
            try visitor.field(&currentLeader)
            try visitor.end()
        }
    }

    package struct LeaderIDAndEpoch: WireStruct {
        package var leaderID: Int32 = 0
        package var leaderEpoch: Int32 = 0

        package init() {}

        package mutating func layout<V: FieldVisitor>(_ visitor: inout V) throws(V.Failure) {
            try visitor.field(&leaderID)
            try visitor.field(&leaderEpoch)
            try visitor.end()
        }
    }
}
