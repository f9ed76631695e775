package import MillraceModel

// Key 90, versions 0 to 1, flexible from 0.
package struct DescribeShareGroupOffsetsRequest: RequestMessage {
    package static let api = API.describeShareGroupOffsets
    package typealias Response = DescribeShareGroupOffsetsResponse

    package var groups: [DescribeShareGroupOffsetsRequestGroup] = []

    package init() {}

    package mutating func layout<V: FieldVisitor>(_ visitor: inout V) throws(V.Failure) {
        try visitor.field(&groups)
        try visitor.end()
    }

    package struct DescribeShareGroupOffsetsRequestGroup: WireStruct {
        package var groupID = ""
        package var topics: [DescribeShareGroupOffsetsRequestTopic]? = []

        package init() {}

        package mutating func layout<V: FieldVisitor>(_ visitor: inout V) throws(V.Failure) {
            try visitor.field(&groupID)
            try visitor.field(&topics)
            try visitor.end()
        }
    }

    package struct DescribeShareGroupOffsetsRequestTopic: WireStruct {
        package var topicName = ""
        package var partitions: [Int32] = []

        package init() {}

        package mutating func layout<V: FieldVisitor>(_ visitor: inout V) throws(V.Failure) {
            try visitor.field(&topicName)
            try visitor.field(&partitions)
            try visitor.end()
        }
    }
}

package struct DescribeShareGroupOffsetsResponse: ResponseMessage {
    package static let api = API.describeShareGroupOffsets

    package var throttleTimeMs: Int32 = 0
    package var groups: [DescribeShareGroupOffsetsResponseGroup] = []

    package init() {}

    package mutating func layout<V: FieldVisitor>(_ visitor: inout V) throws(V.Failure) {
        try visitor.field(&throttleTimeMs)
        try visitor.field(&groups)
        try visitor.end()
    }

    package struct DescribeShareGroupOffsetsResponseGroup: WireStruct {
        package var groupID = ""
        package var topics: [DescribeShareGroupOffsetsResponseTopic] = []
        package var errorCode: ErrorCode = .none
        package var errorMessage: String?

        package init() {}

        package mutating func layout<V: FieldVisitor>(_ visitor: inout V) throws(V.Failure) {
            try visitor.field(&groupID)
            try visitor.field(&topics)
            try visitor.field(&errorCode)
            try visitor.field(&errorMessage)
            try visitor.end()
        }
    }

    package struct DescribeShareGroupOffsetsResponseTopic: WireStruct {
        package var topicName = ""
        package var topicID: TopicID = .zero
        package var partitions: [DescribeShareGroupOffsetsResponsePartition] = []

        package init() {}

        package mutating func layout<V: FieldVisitor>(_ visitor: inout V) throws(V.Failure) {
            try visitor.field(&topicName)
            try visitor.field(&topicID)
            try visitor.field(&partitions)
            try visitor.end()
        }
    }

    package struct DescribeShareGroupOffsetsResponsePartition: WireStruct {
        package var partitionIndex: Int32 = 0
        package var startOffset: Int64 = 0
        package var leaderEpoch: Int32 = 0
        package var lag: Int64 = -1
        package var errorCode: ErrorCode = .none
        package var errorMessage: String?

        package init() {}

        package mutating func layout<V: FieldVisitor>(_ visitor: inout V) throws(V.Failure) {
            try visitor.field(&partitionIndex)
            try visitor.field(&startOffset)
            try visitor.field(&leaderEpoch)
            if visitor.has(1...) { try visitor.field(&lag) }
            try visitor.field(&errorCode)
            try visitor.field(&errorMessage)
            try visitor.end()
        }
    }
}
