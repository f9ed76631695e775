package import MillraceModel

// Key 68, versions 0 to 1, flexible from 0.
package struct ConsumerGroupHeartbeatRequest: RequestMessage {
    package static let api = API.consumerGroupHeartbeat
    package typealias Response = ConsumerGroupHeartbeatResponse

    package var groupID = ""
    package var memberID = ""
    package var memberEpoch: Int32 = 0
    package var instanceID: String?
    package var rackID: String?
    package var rebalanceTimeoutMs: Int32 = -1
    package var subscribedTopicNames: [String]?
    package var subscribedTopicRegex: String?
    package var serverAssignor: String?
    package var topicPartitions: [TopicPartitions]?

    package init() {}

    package mutating func layout<V: FieldVisitor>(_ visitor: inout V) throws(V.Failure) {
        try visitor.field(&groupID)
        try visitor.field(&memberID)
        try visitor.field(&memberEpoch)
        try visitor.field(&instanceID)
        try visitor.field(&rackID)
        try visitor.field(&rebalanceTimeoutMs)
        try visitor.field(&subscribedTopicNames)
        if visitor.has(1...) { try visitor.field(&subscribedTopicRegex) }
        try visitor.field(&serverAssignor)
        try visitor.field(&topicPartitions)
        try visitor.end()
    }

    package struct TopicPartitions: WireStruct {
        package var topicID: TopicID = .zero
        package var partitions: [Int32] = []

        package init() {}

        package mutating func layout<V: FieldVisitor>(_ visitor: inout V) throws(V.Failure) {
            try visitor.field(&topicID)
            try visitor.field(&partitions)
            try visitor.end()
        }
    }
}

package struct ConsumerGroupHeartbeatResponse: ResponseMessage {
    package static let api = API.consumerGroupHeartbeat

    package var throttleTimeMs: Int32 = 0
    package var errorCode: ErrorCode = .none
    package var errorMessage: String?
    package var memberID: String?
    package var memberEpoch: Int32 = 0
    package var heartbeatIntervalMs: Int32 = 0
    package var assignment: Assignment?

    package init() {}

    package mutating func layout<V: FieldVisitor>(_ visitor: inout V) throws(V.Failure) {
        try visitor.field(&throttleTimeMs)
        try visitor.field(&errorCode)
        try visitor.field(&errorMessage)
        try visitor.field(&memberID)
        try visitor.field(&memberEpoch)
        try visitor.field(&heartbeatIntervalMs)
        try visitor.field(&assignment)
        try visitor.end()
    }

    package struct Assignment: WireStruct {
        package var topicPartitions: [TopicPartitions] = []

        package init() {}

        package mutating func layout<V: FieldVisitor>(_ visitor: inout V) throws(V.Failure) {
            try visitor.field(&topicPartitions)
            try visitor.end()
        }
    }

    package struct TopicPartitions: WireStruct {
        package var topicID: TopicID = .zero
        package var partitions: [Int32] = []

        package init() {}

        package mutating func layout<V: FieldVisitor>(_ visitor: inout V) throws(V.Failure) {
            try visitor.field(&topicID)
            try visitor.field(&partitions)
            try visitor.end()
        }
    }
}
