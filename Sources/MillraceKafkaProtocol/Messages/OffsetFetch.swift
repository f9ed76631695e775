package import MillraceModel

// Key 9, versions 1 to 10, flexible from 6.
package struct OffsetFetchRequest: RequestMessage {
    package static let api = API.offsetFetch
    package typealias Response = OffsetFetchResponse

    package var groupID = ""
    package var topics: [OffsetFetchRequestTopic]? = []
    package var groups: [OffsetFetchRequestGroup] = []
    package var requireStable = false

    package init() {}

    package mutating func layout<V: FieldVisitor>(_ visitor: inout V) throws(V.Failure) {
        if visitor.has(...7) { try visitor.field(&groupID) }
        if visitor.has(...7) { try visitor.field(&topics, nullable: visitor.has(2...)) }
        if visitor.has(8...) { try visitor.field(&groups) }
        if visitor.has(7...) { try visitor.field(&requireStable) }
        try visitor.end()
    }

    package struct OffsetFetchRequestTopic: WireStruct {
        package var name = ""
        package var partitionIndexes: [Int32] = []

        package init() {}

        package mutating func layout<V: FieldVisitor>(_ visitor: inout V) throws(V.Failure) {
            try visitor.field(&name)
            try visitor.field(&partitionIndexes)
            try visitor.end()
        }
    }

    package struct OffsetFetchRequestGroup: WireStruct {
        package var groupID = ""
        package var memberID: String?
        package var memberEpoch: Int32 = -1
        package var topics: [OffsetFetchRequestTopics]? = []

        package init() {}

        package mutating func layout<V: FieldVisitor>(_ visitor: inout V) throws(V.Failure) {
            try visitor.field(&groupID)
            if visitor.has(9...) { try visitor.field(&memberID) }
            if visitor.has(9...) { try visitor.field(&memberEpoch) }
            try visitor.field(&topics)
            try visitor.end()
        }
    }

    package struct OffsetFetchRequestTopics: WireStruct {
        package var name = ""
        package var topicID: TopicID = .zero
        package var partitionIndexes: [Int32] = []

        package init() {}

        package mutating func layout<V: FieldVisitor>(_ visitor: inout V) throws(V.Failure) {
            if visitor.has(...9) { try visitor.field(&name) }
            if visitor.has(10...) { try visitor.field(&topicID) }
            try visitor.field(&partitionIndexes)
            try visitor.end()
        }
    }
}

package struct OffsetFetchResponse: ResponseMessage {
    package static let api = API.offsetFetch

    package var throttleTimeMs: Int32 = 0
    package var topics: [OffsetFetchResponseTopic] = []
    package var errorCode: ErrorCode = .none
    package var groups: [OffsetFetchResponseGroup] = []

    package init() {}

    package mutating func layout<V: FieldVisitor>(_ visitor: inout V) throws(V.Failure) {
        if visitor.has(3...) { try visitor.field(&throttleTimeMs) }
        if visitor.has(...7) { try visitor.field(&topics) }
        if visitor.has(2...7) { try visitor.field(&errorCode) }
        if visitor.has(8...) { try visitor.field(&groups) }
        try visitor.end()
    }

    package struct OffsetFetchResponseTopic: WireStruct {
        package var name = ""
        package var partitions: [OffsetFetchResponsePartition] = []

        package init() {}

        package mutating func layout<V: FieldVisitor>(_ visitor: inout V) throws(V.Failure) {
            try visitor.field(&name)
            try visitor.field(&partitions)
            try visitor.end()
        }
    }

    package struct OffsetFetchResponseGroup: WireStruct {
        package var groupID = ""
        package var topics: [OffsetFetchResponseTopics] = []
        package var errorCode: ErrorCode = .none

        package init() {}

        package mutating func layout<V: FieldVisitor>(_ visitor: inout V) throws(V.Failure) {
            try visitor.field(&groupID)
            try visitor.field(&topics)
            try visitor.field(&errorCode)
            try visitor.end()
        }
    }

    package struct OffsetFetchResponsePartition: WireStruct {
        package var partitionIndex: Int32 = 0
        package var committedOffset: Int64 = 0
        package var committedLeaderEpoch: Int32 = -1
        package var metadata: String? = ""
        package var errorCode: ErrorCode = .none

        package init() {}

        package mutating func layout<V: FieldVisitor>(_ visitor: inout V) throws(V.Failure) {
            try visitor.field(&partitionIndex)
            try visitor.field(&committedOffset)
            if visitor.has(5...) { try visitor.field(&committedLeaderEpoch) }
            try visitor.field(&metadata)
            try visitor.field(&errorCode)
            try visitor.end()
        }
    }

    package struct OffsetFetchResponseTopics: WireStruct {
        package var name = ""
        package var topicID: TopicID = .zero
        package var partitions: [OffsetFetchResponsePartitions] = []

        package init() {}

        package mutating func layout<V: FieldVisitor>(_ visitor: inout V) throws(V.Failure) {
            if visitor.has(...9) { try visitor.field(&name) }
            if visitor.has(10...) { try visitor.field(&topicID) }
            try visitor.field(&partitions)
            try visitor.end()
        }
    }

    package struct OffsetFetchResponsePartitions: WireStruct {
        package var partitionIndex: Int32 = 0
        package var committedOffset: Int64 = 0
        package var committedLeaderEpoch: Int32 = -1
        package var metadata: String? = ""
        package var errorCode: ErrorCode = .none

        package init() {}

        package mutating func layout<V: FieldVisitor>(_ visitor: inout V) throws(V.Failure) {
            try visitor.field(&partitionIndex)
            try visitor.field(&committedOffset)
            try visitor.field(&committedLeaderEpoch)
            try visitor.field(&metadata)
            try visitor.field(&errorCode)
            try visitor.end()
        }
    }
}
