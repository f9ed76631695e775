package import MillraceModel

// Key 20, versions 1 to 6, flexible from 4.
package struct DeleteTopicsRequest: RequestMessage {
    package static let api = API.deleteTopics
    package typealias Response = DeleteTopicsResponse

    package var topics: [DeleteTopicState] = []
    package var topicNames: [String] = []
    package var timeoutMs: Int32 = 0

    package init() {}

    package mutating func layout<V: FieldVisitor>(_ visitor: inout V) throws(V.Failure) {
        if visitor.has(6...) { try visitor.field(&topics) }
        if visitor.has(...5) { try visitor.field(&topicNames) }
        try visitor.field(&timeoutMs)
        try visitor.end()
    }

    package struct DeleteTopicState: WireStruct {
        package var name: String?
        package var topicID: TopicID = .zero

        package init() {}

        package mutating func layout<V: FieldVisitor>(_ visitor: inout V) throws(V.Failure) {
            try visitor.field(&name)
            try visitor.field(&topicID)
            try visitor.end()
        }
    }
}

package struct DeleteTopicsResponse: ResponseMessage {
    package static let api = API.deleteTopics

    package var throttleTimeMs: Int32 = 0
    package var responses: [DeletableTopicResult] = []

    package init() {}

    package mutating func layout<V: FieldVisitor>(_ visitor: inout V) throws(V.Failure) {
        try visitor.field(&throttleTimeMs)
        try visitor.field(&responses)
        try visitor.end()
    }

    package struct DeletableTopicResult: WireStruct {
        package var name: String? = ""
        package var topicID: TopicID = .zero
        package var errorCode: ErrorCode = .none
        package var errorMessage: String?

        package init() {}

        package mutating func layout<V: FieldVisitor>(_ visitor: inout V) throws(V.Failure) {
            try visitor.field(&name, nullable: visitor.has(6...))
            if visitor.has(6...) { try visitor.field(&topicID) }
            try visitor.field(&errorCode)
            if visitor.has(5...) { try visitor.field(&errorMessage) }
            try visitor.end()
        }
    }
}
