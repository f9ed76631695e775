package import MillraceModel

// Key 69, versions 0 to 1, flexible from 0.
package struct ConsumerGroupDescribeRequest: RequestMessage {
    package static let api = API.consumerGroupDescribe
    package typealias Response = ConsumerGroupDescribeResponse

    package var groupIDs: [String] = []
    package var includeAuthorizedOperations = false

    package init() {}

    package mutating func layout<V: FieldVisitor>(_ visitor: inout V) throws(V.Failure) {
        try visitor.field(&groupIDs)
        try visitor.field(&includeAuthorizedOperations)
        try visitor.end()
    }
}

package struct ConsumerGroupDescribeResponse: ResponseMessage {
    package static let api = API.consumerGroupDescribe

    package var throttleTimeMs: Int32 = 0
    package var groups: [DescribedGroup] = []

    package init() {}

    package mutating func layout<V: FieldVisitor>(_ visitor: inout V) throws(V.Failure) {
        try visitor.field(&throttleTimeMs)
        try visitor.field(&groups)
        try visitor.end()
    }

    package struct DescribedGroup: WireStruct {
        package var errorCode: ErrorCode = .none
        package var errorMessage: String?
        package var groupID = ""
        package var groupState = ""
        package var groupEpoch: Int32 = 0
        package var assignmentEpoch: Int32 = 0
        package var assignorName = ""
        package var members: [Member] = []
        package var authorizedOperations: Int32 = .min

        package init() {}

        package mutating func layout<V: FieldVisitor>(_ visitor: inout V) throws(V.Failure) {
            try visitor.field(&errorCode)
            try visitor.field(&errorMessage)
            try visitor.field(&groupID)
            try visitor.field(&groupState)
            try visitor.field(&groupEpoch)
            try visitor.field(&assignmentEpoch)
            try visitor.field(&assignorName)
            try visitor.field(&members)
            try visitor.field(&authorizedOperations)
            try visitor.end()
        }
    }

    package struct TopicPartitions: WireStruct {
        package var topicID: TopicID = .zero
        package var topicName = ""
        package var partitions: [Int32] = []

        package init() {}

        package mutating func layout<V: FieldVisitor>(_ visitor: inout V) throws(V.Failure) {
            try visitor.field(&topicID)
            try visitor.field(&topicName)
            try visitor.field(&partitions)
            try visitor.end()
        }
    }

    package struct Assignment: WireStruct {
        package var topicPartitions: [TopicPartitions] = []

        package init() {}

        package mutating func layout<V: FieldVisitor>(_ visitor: inout V) throws(V.Failure) {
            try visitor.field(&topicPartitions)
            try visitor.end()
        }
    }

    package struct Member: WireStruct {
        package var memberID = ""
        package var instanceID: String?
        package var rackID: String?
        package var memberEpoch: Int32 = 0
        package var clientID = ""
        package var clientHost = ""
        package var subscribedTopicNames: [String] = []
        package var subscribedTopicRegex: String?
        package var assignment = Assignment()
        package var targetAssignment = Assignment()
        package var memberType: Int8 = -1

        package init() {}

        package mutating func layout<V: FieldVisitor>(_ visitor: inout V) throws(V.Failure) {
            try visitor.field(&memberID)
            try visitor.field(&instanceID)
            try visitor.field(&rackID)
            try visitor.field(&memberEpoch)
            try visitor.field(&clientID)
            try visitor.field(&clientHost)
            try visitor.field(&subscribedTopicNames)
            try visitor.field(&subscribedTopicRegex)
            try visitor.field(&assignment)
            try visitor.field(&targetAssignment)
            if visitor.has(1...) { try visitor.field(&memberType) }
            try visitor.end()
        }
    }
}
