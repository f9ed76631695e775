package import MillraceModel

// Key 75, versions 0 to 0, flexible from 0.
package struct DescribeTopicPartitionsRequest: RequestMessage {
    package static let api = API.describeTopicPartitions
    package typealias Response = DescribeTopicPartitionsResponse

    package var topics: [TopicRequest] = []
    package var responsePartitionLimit: Int32 = 2000
    package var cursor: Cursor?

    package init() {}

    package mutating func layout<V: FieldVisitor>(_ visitor: inout V) throws(V.Failure) {
        try visitor.field(&topics)
        try visitor.field(&responsePartitionLimit)
        try visitor.field(&cursor)
        try visitor.end()
    }

    package struct TopicRequest: WireStruct {
        package var name = ""

        package init() {}

        package mutating func layout<V: FieldVisitor>(_ visitor: inout V) throws(V.Failure) {
            try visitor.field(&name)
            try visitor.end()
        }
    }

    package struct Cursor: WireStruct {
        package var topicName = ""
        package var partitionIndex: Int32 = 0

        package init() {}

        package mutating func layout<V: FieldVisitor>(_ visitor: inout V) throws(V.Failure) {
            try visitor.field(&topicName)
            try visitor.field(&partitionIndex)
            try visitor.end()
        }
    }
}

package struct DescribeTopicPartitionsResponse: ResponseMessage {
    package static let api = API.describeTopicPartitions

    package var throttleTimeMs: Int32 = 0
    package var topics: [DescribeTopicPartitionsResponseTopic] = []
    package var nextCursor: Cursor?

    package init() {}

    package mutating func layout<V: FieldVisitor>(_ visitor: inout V) throws(V.Failure) {
        try visitor.field(&throttleTimeMs)
        try visitor.field(&topics)
        try visitor.field(&nextCursor)
        try visitor.end()
    }

    package struct DescribeTopicPartitionsResponseTopic: WireStruct {
        package var errorCode: ErrorCode = .none
        package var name: String? = ""
        package var topicID: TopicID = .zero
        package var isInternal = false
        package var partitions: [DescribeTopicPartitionsResponsePartition] = []
        package var topicAuthorizedOperations: Int32 = .min

        package init() {}

        package mutating func layout<V: FieldVisitor>(_ visitor: inout V) throws(V.Failure) {
            try visitor.field(&errorCode)
            try visitor.field(&name)
            try visitor.field(&topicID)
            try visitor.field(&isInternal)
            try visitor.field(&partitions)
            try visitor.field(&topicAuthorizedOperations)
            try visitor.end()
        }
    }

    package struct Cursor: WireStruct {
        package var topicName = ""
        package var partitionIndex: Int32 = 0

        package init() {}

        package mutating func layout<V: FieldVisitor>(_ visitor: inout V) throws(V.Failure) {
            try visitor.field(&topicName)
            try visitor.field(&partitionIndex)
            try visitor.end()
        }
    }

    package struct DescribeTopicPartitionsResponsePartition: WireStruct {
        package var errorCode: ErrorCode = .none
        package var partitionIndex: Int32 = 0
        package var leaderID: Int32 = 0
        package var leaderEpoch: Int32 = -1
        package var replicaNodes: [Int32] = []
        package var isrNodes: [Int32] = []
        package var eligibleLeaderReplicas: [Int32]?
        package var lastKnownElr: [Int32]?
        package var offlineReplicas: [Int32] = []

        package init() {}

        package mutating func layout<V: FieldVisitor>(_ visitor: inout V) throws(V.Failure) {
            try visitor.field(&errorCode)
            try visitor.field(&partitionIndex)
            try visitor.field(&leaderID)
            try visitor.field(&leaderEpoch)
            try visitor.field(&replicaNodes)
            try visitor.field(&isrNodes)
            try visitor.field(&eligibleLeaderReplicas)
            try visitor.field(&lastKnownElr)
            try visitor.field(&offlineReplicas)
            try visitor.end()
        }
    }
}
