// Key 2, versions 1 to 11, flexible from 6.
package struct ListOffsetsRequest: RequestMessage {
    package static let api = API.listOffsets
    package typealias Response = ListOffsetsResponse

    package var replicaID: Int32 = 0
    package var isolationLevel: Int8 = 0
    package var topics: [ListOffsetsTopic] = []
    package var timeoutMs: Int32 = 0

    package init() {}

    package mutating func layout<V: FieldVisitor>(_ visitor: inout V) throws(V.Failure) {
        try visitor.field(&replicaID)
        if visitor.has(2...) { try visitor.field(&isolationLevel) }
        try visitor.field(&topics)
        if visitor.has(10...) { try visitor.field(&timeoutMs) }
        try visitor.end()
    }

    package struct ListOffsetsTopic: WireStruct {
        package var name = ""
        package var partitions: [ListOffsetsPartition] = []

        package init() {}

        package mutating func layout<V: FieldVisitor>(_ visitor: inout V) throws(V.Failure) {
            try visitor.field(&name)
            try visitor.field(&partitions)
            try visitor.end()
        }
    }

    package struct ListOffsetsPartition: WireStruct {
        package var partitionIndex: Int32 = 0
        package var currentLeaderEpoch: Int32 = -1
        package var timestamp: Int64 = 0

        package init() {}

        package mutating func layout<V: FieldVisitor>(_ visitor: inout V) throws(V.Failure) {
            try visitor.field(&partitionIndex)
            if visitor.has(4...) { try visitor.field(&currentLeaderEpoch) }
            try visitor.field(&timestamp)
            try visitor.end()
        }
    }
}

package struct ListOffsetsResponse: ResponseMessage {
    package static let api = API.listOffsets

    package var throttleTimeMs: Int32 = 0
    package var topics: [ListOffsetsTopicResponse] = []

    package init() {}

    package mutating func layout<V: FieldVisitor>(_ visitor: inout V) throws(V.Failure) {
        if visitor.has(2...) { try visitor.field(&throttleTimeMs) }
        try visitor.field(&topics)
        try visitor.end()
    }

    package struct ListOffsetsTopicResponse: WireStruct {
        package var name = ""
        package var partitions: [ListOffsetsPartitionResponse] = []

        package init() {}

        package mutating func layout<V: FieldVisitor>(_ visitor: inout V) throws(V.Failure) {
            try visitor.field(&name)
            try visitor.field(&partitions)
            try visitor.end()
        }
    }

    package struct ListOffsetsPartitionResponse: WireStruct {
        package var partitionIndex: Int32 = 0
        package var errorCode: ErrorCode = .none
        package var timestamp: Int64 = -1
        package var offset: Int64 = -1
        package var leaderEpoch: Int32 = -1

        package init() {}

        package mutating func layout<V: FieldVisitor>(_ visitor: inout V) throws(V.Failure) {
            try visitor.field(&partitionIndex)
            try visitor.field(&errorCode)
            try visitor.field(&timestamp)
            try visitor.field(&offset)
            if visitor.has(4...) { try visitor.field(&leaderEpoch) }
            try visitor.end()
        }
    }
}
