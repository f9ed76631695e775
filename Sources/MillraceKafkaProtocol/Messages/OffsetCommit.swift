package import MillraceModel

// Key 8, versions 2 to 10, flexible from 8.
package struct OffsetCommitRequest: RequestMessage {
    package static let api = API.offsetCommit
    package typealias Response = OffsetCommitResponse

    package var groupID = ""
    package var generationIDOrMemberEpoch: Int32 = -1
    package var memberID = ""
    package var groupInstanceID: String?
    package var retentionTimeMs: Int64 = -1
    package var topics: [OffsetCommitRequestTopic] = []

    package init() {}

    package mutating func layout<V: FieldVisitor>(_ visitor: inout V) throws(V.Failure) {
        try visitor.field(&groupID)
        try visitor.field(&generationIDOrMemberEpoch)
        try visitor.field(&memberID)
        if visitor.has(7...) { try visitor.field(&groupInstanceID) }
        if visitor.has(...4) { try visitor.field(&retentionTimeMs) }
        try visitor.field(&topics)
        try visitor.end()
    }

    package struct OffsetCommitRequestTopic: WireStruct {
        package var name = ""
        package var topicID: TopicID = .zero
        package var partitions: [OffsetCommitRequestPartition] = []

        package init() {}

        package mutating func layout<V: FieldVisitor>(_ visitor: inout V) throws(V.Failure) {
            if visitor.has(...9) { try visitor.field(&name) }
            if visitor.has(10...) { try visitor.field(&topicID) }
            try visitor.field(&partitions)
            try visitor.end()
        }
    }

    package struct OffsetCommitRequestPartition: WireStruct {
        package var partitionIndex: Int32 = 0
        package var committedOffset: Int64 = 0
        package var committedLeaderEpoch: Int32 = -1
        package var committedMetadata: String? = ""

        package init() {}

        package mutating func layout<V: FieldVisitor>(_ visitor: inout V) throws(V.Failure) {
            try visitor.field(&partitionIndex)
            try visitor.field(&committedOffset)
            if visitor.has(6...) { try visitor.field(&committedLeaderEpoch) }
            try visitor.field(&committedMetadata)
            try visitor.end()
        }
    }
}

package struct OffsetCommitResponse: ResponseMessage {
    package static let api = API.offsetCommit

    package var throttleTimeMs: Int32 = 0
    package var topics: [OffsetCommitResponseTopic] = []

    package init() {}

    package mutating func layout<V: FieldVisitor>(_ visitor: inout V) throws(V.Failure) {
        if visitor.has(3...) { try visitor.field(&throttleTimeMs) }
        try visitor.field(&topics)
        try visitor.end()
    }

    package struct OffsetCommitResponseTopic: WireStruct {
        package var name = ""
        package var topicID: TopicID = .zero
        package var partitions: [OffsetCommitResponsePartition] = []

        package init() {}

        package mutating func layout<V: FieldVisitor>(_ visitor: inout V) throws(V.Failure) {
            if visitor.has(...9) { try visitor.field(&name) }
            if visitor.has(10...) { try visitor.field(&topicID) }
            try visitor.field(&partitions)
            try visitor.end()
        }
    }

    package struct OffsetCommitResponsePartition: WireStruct {
        package var partitionIndex: Int32 = 0
        package var errorCode: ErrorCode = .none

        package init() {}

        package mutating func layout<V: FieldVisitor>(_ visitor: inout V) throws(V.Failure) {
            try visitor.field(&partitionIndex)
            try visitor.field(&errorCode)
            try visitor.end()
        }
    }
}
