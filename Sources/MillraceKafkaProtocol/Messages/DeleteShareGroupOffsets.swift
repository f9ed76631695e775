package import MillraceModel

// Key 92, versions 0 to 0, flexible from 0.
package struct DeleteShareGroupOffsetsRequest: RequestMessage {
    package static let api = API.deleteShareGroupOffsets
    package typealias Response = DeleteShareGroupOffsetsResponse

    package var groupID = ""
    package var topics: [DeleteShareGroupOffsetsRequestTopic] = []

    package init() {}

    package mutating func layout<V: FieldVisitor>(_ visitor: inout V) throws(V.Failure) {
        try visitor.field(&groupID)
        try visitor.field(&topics)
        try visitor.end()
    }

    package struct DeleteShareGroupOffsetsRequestTopic: WireStruct {
        package var topicName = ""

        package init() {}

        package mutating func layout<V: FieldVisitor>(_ visitor: inout V) throws(V.Failure) {
            try visitor.field(&topicName)
            try visitor.end()
        }
    }
}

package struct DeleteShareGroupOffsetsResponse: ResponseMessage {
    package static let api = API.deleteShareGroupOffsets

    package var throttleTimeMs: Int32 = 0
    package var errorCode: ErrorCode = .none
    package var errorMessage: String?
    package var responses: [DeleteShareGroupOffsetsResponseTopic] = []

    package init() {}

    package mutating func layout<V: FieldVisitor>(_ visitor: inout V) throws(V.Failure) {
        try visitor.field(&throttleTimeMs)
        try visitor.field(&errorCode)
        try visitor.field(&errorMessage)
        try visitor.field(&responses)
        try visitor.end()
    }

    package struct DeleteShareGroupOffsetsResponseTopic: WireStruct {
        package var topicName = ""
        package var topicID: TopicID = .zero
        package var errorCode: ErrorCode = .none
        package var errorMessage: String?

        package init() {}

        package mutating func layout<V: FieldVisitor>(_ visitor: inout V) throws(V.Failure) {
            try visitor.field(&topicName)
            try visitor.field(&topicID)
            try visitor.field(&errorCode)
            try visitor.field(&errorMessage)
            try visitor.end()
        }
    }
}
