package import MillraceModel

// Key 91, versions 0 to 0, flexible from 0.
package struct AlterShareGroupOffsetsRequest: RequestMessage {
    package static let api = API.alterShareGroupOffsets
    package typealias Response = AlterShareGroupOffsetsResponse

    package var groupID = ""
    package var topics: [AlterShareGroupOffsetsRequestTopic] = []

    package init() {}

    package mutating func layout<V: FieldVisitor>(_ visitor: inout V) throws(V.Failure) {
        try visitor.field(&groupID)
        try visitor.field(&topics)
        try visitor.end()
    }

    package struct AlterShareGroupOffsetsRequestTopic: WireStruct {
        package var topicName = ""
        package var partitions: [AlterShareGroupOffsetsRequestPartition] = []

        package init() {}

        package mutating func layout<V: FieldVisitor>(_ visitor: inout V) throws(V.Failure) {
            try visitor.field(&topicName)
            try visitor.field(&partitions)
            try visitor.end()
        }
    }

    package struct AlterShareGroupOffsetsRequestPartition: WireStruct {
        package var partitionIndex: Int32 = 0
        package var startOffset: Int64 = 0

        package init() {}

        package mutating func layout<V: FieldVisitor>(_ visitor: inout V) throws(V.Failure) {
            try visitor.field(&partitionIndex)
            try visitor.field(&startOffset)
            try visitor.end()
        }
    }
}

package struct AlterShareGroupOffsetsResponse: ResponseMessage {
    package static let api = API.alterShareGroupOffsets

    package var throttleTimeMs: Int32 = 0
    package var errorCode: ErrorCode = .none
    package var errorMessage: String?
    package var responses: [AlterShareGroupOffsetsResponseTopic] = []

    package init() {}

    package mutating func layout<V: FieldVisitor>(_ visitor: inout V) throws(V.Failure) {
        try visitor.field(&throttleTimeMs)
        try visitor.field(&errorCode)
        try visitor.field(&errorMessage)
        try visitor.field(&responses)
        try visitor.end()
    }

    package struct AlterShareGroupOffsetsResponseTopic: WireStruct {
        package var topicName = ""
        package var topicID: TopicID = .zero
        package var partitions: [AlterShareGroupOffsetsResponsePartition] = []

        package init() {}

        package mutating func layout<V: FieldVisitor>(_ visitor: inout V) throws(V.Failure) {
            try visitor.field(&topicName)
            try visitor.field(&topicID)
            try visitor.field(&partitions)
            try visitor.end()
        }
    }

    package struct AlterShareGroupOffsetsResponsePartition: WireStruct {
        package var partitionIndex: Int32 = 0
        package var errorCode: ErrorCode = .none
        package var errorMessage: String?

        package init() {}

        package mutating func layout<V: FieldVisitor>(_ visitor: inout V) throws(V.Failure) {
            try visitor.field(&partitionIndex)
            try visitor.field(&errorCode)
            try visitor.field(&errorMessage)
            try visitor.end()
        }
    }
}
