package import MillraceModel

// Key 78, versions 1 to 2, flexible from 0.
package struct ShareFetchRequest: RequestMessage {
    package static let api = API.shareFetch
    package typealias Response = ShareFetchResponse

    package var groupID: String?
    package var memberID: String? = ""
    package var shareSessionEpoch: Int32 = 0
    package var maxWaitMs: Int32 = 0
    package var minBytes: Int32 = 0
    package var maxBytes: Int32 = .max
    package var maxRecords: Int32 = 0
    package var batchSize: Int32 = 0
    package var shareAcquireMode: Int8 = 0
    package var isRenewAck = false
    package var topics: [FetchTopic] = []
    package var forgottenTopicsData: [ForgottenTopic] = []

    package init() {}

    package mutating func layout<V: FieldVisitor>(_ visitor: inout V) throws(V.Failure) {
        try visitor.field(&groupID)
        try visitor.field(&memberID)
        try visitor.field(&shareSessionEpoch)
        try visitor.field(&maxWaitMs)
        try visitor.field(&minBytes)
        try visitor.field(&maxBytes)
        try visitor.field(&maxRecords)
        try visitor.field(&batchSize)
        if visitor.has(2...) { try visitor.field(&shareAcquireMode) }
        if visitor.has(2...) { try visitor.field(&isRenewAck) }
        try visitor.field(&topics)
        try visitor.field(&forgottenTopicsData)
        try visitor.end()
    }

    package struct FetchTopic: WireStruct {
        package var topicID: TopicID = .zero
        package var partitions: [FetchPartition] = []

        package init() {}

        package mutating func layout<V: FieldVisitor>(_ visitor: inout V) throws(V.Failure) {
            try visitor.field(&topicID)
            try visitor.field(&partitions)
            try visitor.end()
        }
    }

    package struct ForgottenTopic: WireStruct {
        package var topicID: TopicID = .zero
        package var partitions: [Int32] = []

        package init() {}

        package mutating func layout<V: FieldVisitor>(_ visitor: inout V) throws(V.Failure) {
            try visitor.field(&topicID)
            try visitor.field(&partitions)
            try visitor.end()
        }
    }

    package struct FetchPartition: WireStruct {
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

package struct ShareFetchResponse: ResponseMessage {
    package static let api = API.shareFetch

    package var throttleTimeMs: Int32 = 0
    package var errorCode: ErrorCode = .none
    package var errorMessage: String?
    package var acquisitionLockTimeoutMs: Int32 = 0
    package var responses: [ShareFetchableTopicResponse] = []
    package var nodeEndpoints: [NodeEndpoint] = []

    package init() {}

    package mutating func layout<V: FieldVisitor>(_ visitor: inout V) throws(V.Failure) {
        try visitor.field(&throttleTimeMs)
        try visitor.field(&errorCode)
        try visitor.field(&errorMessage)
        try visitor.field(&acquisitionLockTimeoutMs)
        try visitor.field(&responses)
        try visitor.field(&nodeEndpoints)
        try visitor.end()
    }

    package struct ShareFetchableTopicResponse: WireStruct {
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
        package var acknowledgeErrorCode: ErrorCode = .none
        package var acknowledgeErrorMessage: String?
        package var currentLeader = LeaderIDAndEpoch()
        package var records = RecordData()
        package var acquiredRecords: [AcquiredRecords] = []

        package init() {}

        package mutating func layout<V: FieldVisitor>(_ visitor: inout V) throws(V.Failure) {
            try visitor.field(&partitionIndex)
            try visitor.field(&errorCode)
            try visitor.field(&errorMessage)
            try visitor.field(&acknowledgeErrorCode)
            try visitor.field(&acknowledgeErrorMessage)
            try visitor.field(&currentLeader)
            try visitor.field(&records, nullable: false)
            try visitor.field(&acquiredRecords)
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

    package struct AcquiredRecords: WireStruct {
        package var firstOffset: Int64 = 0
        package var lastOffset: Int64 = 0
        package var deliveryCount: Int16 = 0

        package init() {}

        package mutating func layout<V: FieldVisitor>(_ visitor: inout V) throws(V.Failure) {
            try visitor.field(&firstOffset)
            try visitor.field(&lastOffset)
            try visitor.field(&deliveryCount)
            try visitor.end()
        }
    }
}
