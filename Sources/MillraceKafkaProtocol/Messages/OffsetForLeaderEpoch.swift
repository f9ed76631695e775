// Key 23, versions 2 to 4, flexible from 4.
package struct OffsetForLeaderEpochRequest: RequestMessage {
    package static let api = API.offsetForLeaderEpoch
    package typealias Response = OffsetForLeaderEpochResponse

    package var replicaID: Int32 = -2
    package var topics: [OffsetForLeaderTopic] = []

    package init() {}

    package mutating func layout<V: FieldVisitor>(_ visitor: inout V) throws(V.Failure) {
        if visitor.has(3...) { try visitor.field(&replicaID) }
        try visitor.field(&topics)
        try visitor.end()
    }

    package struct OffsetForLeaderTopic: WireStruct {
        package var topic = ""
        package var partitions: [OffsetForLeaderPartition] = []

        package init() {}

        package mutating func layout<V: FieldVisitor>(_ visitor: inout V) throws(V.Failure) {
            try visitor.field(&topic)
            try visitor.field(&partitions)
            try visitor.end()
        }
    }

    package struct OffsetForLeaderPartition: WireStruct {
        package var partition: Int32 = 0
        package var currentLeaderEpoch: Int32 = -1
        package var leaderEpoch: Int32 = 0

        package init() {}

        package mutating func layout<V: FieldVisitor>(_ visitor: inout V) throws(V.Failure) {
            try visitor.field(&partition)
            try visitor.field(&currentLeaderEpoch)
            try visitor.field(&leaderEpoch)
            try visitor.end()
        }
    }
}

package struct OffsetForLeaderEpochResponse: ResponseMessage {
    package static let api = API.offsetForLeaderEpoch

    package var throttleTimeMs: Int32 = 0
    package var topics: [OffsetForLeaderTopicResult] = []

    package init() {}

    package mutating func layout<V: FieldVisitor>(_ visitor: inout V) throws(V.Failure) {
        try visitor.field(&throttleTimeMs)
        try visitor.field(&topics)
        try visitor.end()
    }

    package struct OffsetForLeaderTopicResult: WireStruct {
        package var topic = ""
        package var partitions: [EpochEndOffset] = []

        package init() {}

        package mutating func layout<V: FieldVisitor>(_ visitor: inout V) throws(V.Failure) {
            try visitor.field(&topic)
            try visitor.field(&partitions)
            try visitor.end()
        }
    }

    package struct EpochEndOffset: WireStruct {
        package var errorCode: ErrorCode = .none
        package var partition: Int32 = 0
        package var leaderEpoch: Int32 = -1
        package var endOffset: Int64 = -1

        package init() {}

        package mutating func layout<V: FieldVisitor>(_ visitor: inout V) throws(V.Failure) {
            try visitor.field(&errorCode)
            try visitor.field(&partition)
            try visitor.field(&leaderEpoch)
            try visitor.field(&endOffset)
            try visitor.end()
        }
    }
}
