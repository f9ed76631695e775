package import MillraceModel

// Key 1, versions 4 to 18, flexible from 12.
package struct FetchRequest: RequestMessage {
    package static let api = API.fetch
    package typealias Response = FetchResponse

    package var clusterID: String?
    package var replicaID: Int32 = -1
    package var replicaState = ReplicaState()
    package var maxWaitMs: Int32 = 0
    package var minBytes: Int32 = 0
    package var maxBytes: Int32 = .max
    package var isolationLevel: Int8 = 0
    package var sessionID: Int32 = 0
    package var sessionEpoch: Int32 = -1
    package var topics: [FetchTopic] = []
    package var forgottenTopicsData: [ForgottenTopic] = []
    package var rackID = ""

    package init() {}

    package mutating func layout<V: FieldVisitor>(_ visitor: inout V) throws(V.Failure) {
        if visitor.has(...14) { try visitor.field(&replicaID) }
        try visitor.field(&maxWaitMs)
        try visitor.field(&minBytes)
        try visitor.field(&maxBytes)
        try visitor.field(&isolationLevel)
        if visitor.has(7...) { try visitor.field(&sessionID) }
        if visitor.has(7...) { try visitor.field(&sessionEpoch) }
        try visitor.field(&topics)
        if visitor.has(7...) { try visitor.field(&forgottenTopicsData) }
        if visitor.has(11...) { try visitor.field(&rackID) }
        try visitor.tag(0, &clusterID)
        if visitor.has(15...) { try visitor.tag(1, &replicaState) }
        try visitor.end()
    }

    package struct ReplicaState: WireStruct {
        package var replicaID: Int32 = -1
        package var replicaEpoch: Int64 = -1

        package init() {}

        package mutating func layout<V: FieldVisitor>(_ visitor: inout V) throws(V.Failure) {
            try visitor.field(&replicaID)
            try visitor.field(&replicaEpoch)
            try visitor.end()
        }
    }

    package struct FetchTopic: WireStruct {
        package var topic = ""
        package var topicID: TopicID = .zero
        package var partitions: [FetchPartition] = []

        package init() {}

        package mutating func layout<V: FieldVisitor>(_ visitor: inout V) throws(V.Failure) {
            if visitor.has(...12) { try visitor.field(&topic) }
            if visitor.has(13...) { try visitor.field(&topicID) }
            try visitor.field(&partitions)
            try visitor.end()
        }
    }

    package struct ForgottenTopic: WireStruct {
        package var topic = ""
        package var topicID: TopicID = .zero
        package var partitions: [Int32] = []

        package init() {}

        package mutating func layout<V: FieldVisitor>(_ visitor: inout V) throws(V.Failure) {
            if visitor.has(...12) { try visitor.field(&topic) }
            if visitor.has(13...) { try visitor.field(&topicID) }
            try visitor.field(&partitions)
            try visitor.end()
        }
    }

    package struct FetchPartition: WireStruct {
        package var partition: Int32 = 0
        package var currentLeaderEpoch: Int32 = -1
        package var fetchOffset: Int64 = 0
        package var lastFetchedEpoch: Int32 = -1
        package var logStartOffset: Int64 = -1
        package var partitionMaxBytes: Int32 = 0
        package var replicaDirectoryID: TopicID = .zero
        package var highWatermark: Int64 = .max

        package init() {}

        package mutating func layout<V: FieldVisitor>(_ visitor: inout V) throws(V.Failure) {
            try visitor.field(&partition)
            if visitor.has(9...) { try visitor.field(&currentLeaderEpoch) }
            try visitor.field(&fetchOffset)
            if visitor.has(12...) { try visitor.field(&lastFetchedEpoch) }
            if visitor.has(5...) { try visitor.field(&logStartOffset) }
            try visitor.field(&partitionMaxBytes)
            if visitor.has(17...) { try visitor.tag(0, &replicaDirectoryID) }
            if visitor.has(18...) { try visitor.tag(1, &highWatermark, absent: .max) }
            try visitor.end()
        }
    }
}

package struct FetchResponse: ResponseMessage {
    package static let api = API.fetch

    package var throttleTimeMs: Int32 = 0
    package var errorCode: ErrorCode = .none
    package var sessionID: Int32 = 0
    package var responses: [FetchableTopicResponse] = []
    package var nodeEndpoints: [NodeEndpoint] = []

    package init() {}

    package mutating func layout<V: FieldVisitor>(_ visitor: inout V) throws(V.Failure) {
        try visitor.field(&throttleTimeMs)
        if visitor.has(7...) { try visitor.field(&errorCode) }
        if visitor.has(7...) { try visitor.field(&sessionID) }
        try visitor.field(&responses)
        if visitor.has(16...) { try visitor.tag(0, &nodeEndpoints) }
        try visitor.end()
    }

    package struct FetchableTopicResponse: WireStruct {
        package var topic = ""
        package var topicID: TopicID = .zero
        package var partitions: [PartitionData] = []

        package init() {}

        package mutating func layout<V: FieldVisitor>(_ visitor: inout V) throws(V.Failure) {
            if visitor.has(...12) { try visitor.field(&topic) }
            if visitor.has(13...) { try visitor.field(&topicID) }
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
        package var highWatermark: Int64 = 0
        package var lastStableOffset: Int64 = -1
        package var logStartOffset: Int64 = -1
        package var divergingEpoch = EpochEndOffset()
        package var currentLeader = LeaderIDAndEpoch()
        package var snapshotID = SnapshotID()
        package var abortedTransactions: [AbortedTransaction]? = []
        package var preferredReadReplica: Int32 = -1
        package var records = RecordData()

        package init() {}

        package mutating func layout<V: FieldVisitor>(_ visitor: inout V) throws(V.Failure) {
            try visitor.field(&partitionIndex)
            try visitor.field(&errorCode)
            try visitor.field(&highWatermark)
            try visitor.field(&lastStableOffset)
            if visitor.has(5...) { try visitor.field(&logStartOffset) }
            try visitor.field(&abortedTransactions)
            if visitor.has(11...) { try visitor.field(&preferredReadReplica) }
            try visitor.field(&records)
            try visitor.tag(0, &divergingEpoch)
            try visitor.tag(1, &currentLeader)
            try visitor.tag(2, &snapshotID)
            try visitor.end()
        }
    }

    package struct EpochEndOffset: WireStruct {
        package var epoch: Int32 = -1
        package var endOffset: Int64 = -1

        package init() {}

        package mutating func layout<V: FieldVisitor>(_ visitor: inout V) throws(V.Failure) {
            try visitor.field(&epoch)
            try visitor.field(&endOffset)
            try visitor.end()
        }
    }

    package struct LeaderIDAndEpoch: WireStruct {
        package var leaderID: Int32 = -1
        package var leaderEpoch: Int32 = -1

        package init() {}

        package mutating func layout<V: FieldVisitor>(_ visitor: inout V) throws(V.Failure) {
            try visitor.field(&leaderID)
            try visitor.field(&leaderEpoch)
            try visitor.end()
        }
    }

    package struct SnapshotID: WireStruct {
        package var endOffset: Int64 = -1
        package var epoch: Int32 = -1

        package init() {}

        package mutating func layout<V: FieldVisitor>(_ visitor: inout V) throws(V.Failure) {
            try visitor.field(&endOffset)
            try visitor.field(&epoch)
            try visitor.end()
        }
    }

    package struct AbortedTransaction: WireStruct {
        package var producerID: Int64 = 0
        package var firstOffset: Int64 = 0

        package init() {}

        package mutating func layout<V: FieldVisitor>(_ visitor: inout V) throws(V.Failure) {
            try visitor.field(&producerID)
            try visitor.field(&firstOffset)
            try visitor.end()
        }
    }
}
