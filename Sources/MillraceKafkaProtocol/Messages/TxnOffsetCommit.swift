package import MillraceModel

// Key 28, versions 0 to 6, flexible from 3.
package struct TxnOffsetCommitRequest: RequestMessage {
    package static let api = API.txnOffsetCommit
    package typealias Response = TxnOffsetCommitResponse

    package var transactionalID = ""
    package var groupID = ""
    package var producerID: Int64 = 0
    package var producerEpoch: Int16 = 0
    package var generationIDOrMemberEpoch: Int32 = -1
    package var memberID = ""
    package var groupInstanceID: String?
    package var topics: [TxnOffsetCommitRequestTopic] = []

    package init() {}

    package mutating func layout<V: FieldVisitor>(_ visitor: inout V) throws(V.Failure) {
        try visitor.field(&transactionalID)
        try visitor.field(&groupID)
        try visitor.field(&producerID)
        try visitor.field(&producerEpoch)
        if visitor.has(3...) { try visitor.field(&generationIDOrMemberEpoch) }
        if visitor.has(3...) { try visitor.field(&memberID) }
        if visitor.has(3...) { try visitor.field(&groupInstanceID) }
        try visitor.field(&topics)
        try visitor.end()
    }

    package struct TxnOffsetCommitRequestTopic: WireStruct {
        package var name = ""
        package var topicID: TopicID = .zero
        package var partitions: [TxnOffsetCommitRequestPartition] = []

        package init() {}

        package mutating func layout<V: FieldVisitor>(_ visitor: inout V) throws(V.Failure) {
            if visitor.has(...5) { try visitor.field(&name) }
            if visitor.has(6...) { try visitor.field(&topicID) }
            try visitor.field(&partitions)
            try visitor.end()
        }
    }

    package struct TxnOffsetCommitRequestPartition: WireStruct {
        package var partitionIndex: Int32 = 0
        package var committedOffset: Int64 = 0
        package var committedLeaderEpoch: Int32 = -1
        package var committedMetadata: String? = ""

        package init() {}

        package mutating func layout<V: FieldVisitor>(_ visitor: inout V) throws(V.Failure) {
            try visitor.field(&partitionIndex)
            try visitor.field(&committedOffset)
            if visitor.has(2...) { try visitor.field(&committedLeaderEpoch) }
            try visitor.field(&committedMetadata)
            try visitor.end()
        }
    }
}

package struct TxnOffsetCommitResponse: ResponseMessage {
    package static let api = API.txnOffsetCommit

    package var throttleTimeMs: Int32 = 0
    package var topics: [TxnOffsetCommitResponseTopic] = []

    package init() {}

    package mutating func layout<V: FieldVisitor>(_ visitor: inout V) throws(V.Failure) {
        try visitor.field(&throttleTimeMs)
        try visitor.field(&topics)
        try visitor.end()
    }

    package struct TxnOffsetCommitResponseTopic: WireStruct {
        package var name = ""
        package var topicID: TopicID = .zero
        package var partitions: [TxnOffsetCommitResponsePartition] = []

        package init() {}

        package mutating func layout<V: FieldVisitor>(_ visitor: inout V) throws(V.Failure) {
            if visitor.has(...5) { try visitor.field(&name) }
            if visitor.has(6...) { try visitor.field(&topicID) }
            try visitor.field(&partitions)
            try visitor.end()
        }
    }

    package struct TxnOffsetCommitResponsePartition: WireStruct {
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
