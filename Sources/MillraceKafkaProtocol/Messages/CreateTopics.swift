package import MillraceModel

// Key 19, versions 2 to 7, flexible from 5.
package struct CreateTopicsRequest: RequestMessage {
    package static let api = API.createTopics
    package typealias Response = CreateTopicsResponse

    package var topics: [CreatableTopic] = []
    package var timeoutMs: Int32 = 60000
    package var validateOnly = false

    package init() {}

    package mutating func layout<V: FieldVisitor>(_ visitor: inout V) throws(V.Failure) {
        try visitor.field(&topics)
        try visitor.field(&timeoutMs)
        try visitor.field(&validateOnly)
        try visitor.end()
    }

    package struct CreatableTopic: WireStruct {
        package var name = ""
        package var numPartitions: Int32 = 0
        package var replicationFactor: Int16 = 0
        package var assignments: [CreatableReplicaAssignment] = []
        package var configs: [CreatableTopicConfig] = []

        package init() {}

        package mutating func layout<V: FieldVisitor>(_ visitor: inout V) throws(V.Failure) {
            try visitor.field(&name)
            try visitor.field(&numPartitions)
            try visitor.field(&replicationFactor)
            try visitor.field(&assignments)
            try visitor.field(&configs)
            try visitor.end()
        }
    }

    package struct CreatableReplicaAssignment: WireStruct {
        package var partitionIndex: Int32 = 0
        package var brokerIDs: [Int32] = []

        package init() {}

        package mutating func layout<V: FieldVisitor>(_ visitor: inout V) throws(V.Failure) {
            try visitor.field(&partitionIndex)
            try visitor.field(&brokerIDs)
            try visitor.end()
        }
    }

    package struct CreatableTopicConfig: WireStruct {
        package var name = ""
        package var value: String? = ""

        package init() {}

        package mutating func layout<V: FieldVisitor>(_ visitor: inout V) throws(V.Failure) {
            try visitor.field(&name)
            try visitor.field(&value)
            try visitor.end()
        }
    }
}

package struct CreateTopicsResponse: ResponseMessage {
    package static let api = API.createTopics

    package var throttleTimeMs: Int32 = 0
    package var topics: [CreatableTopicResult] = []

    package init() {}

    package mutating func layout<V: FieldVisitor>(_ visitor: inout V) throws(V.Failure) {
        try visitor.field(&throttleTimeMs)
        try visitor.field(&topics)
        try visitor.end()
    }

    package struct CreatableTopicResult: WireStruct {
        package var name = ""
        package var topicID: TopicID = .zero
        package var errorCode: ErrorCode = .none
        package var errorMessage: String? = ""
        package var topicConfigErrorCode: ErrorCode = .none
        package var numPartitions: Int32 = -1
        package var replicationFactor: Int16 = -1
        package var configs: [CreatableTopicConfigs]? = []

        package init() {}

        package mutating func layout<V: FieldVisitor>(_ visitor: inout V) throws(V.Failure) {
            try visitor.field(&name)
            if visitor.has(7...) { try visitor.field(&topicID) }
            try visitor.field(&errorCode)
            try visitor.field(&errorMessage)
            if visitor.has(5...) { try visitor.field(&numPartitions) }
            if visitor.has(5...) { try visitor.field(&replicationFactor) }
            if visitor.has(5...) { try visitor.field(&configs) }
            try visitor.tag(0, &topicConfigErrorCode)
            try visitor.end()
        }
    }

    package struct CreatableTopicConfigs: WireStruct {
        package var name = ""
        package var value: String? = ""
        package var readOnly = false
        package var configSource: Int8 = -1
        package var isSensitive = false

        package init() {}

        package mutating func layout<V: FieldVisitor>(_ visitor: inout V) throws(V.Failure) {
            try visitor.field(&name)
            try visitor.field(&value)
            try visitor.field(&readOnly)
            try visitor.field(&configSource)
            try visitor.field(&isSensitive)
            try visitor.end()
        }
    }
}
