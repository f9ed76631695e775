// Key 21, versions 0 to 2, flexible from 2.
package struct DeleteRecordsRequest: RequestMessage {
    package static let api = API.deleteRecords
    package typealias Response = DeleteRecordsResponse

    package var topics: [DeleteRecordsTopic] = []
    package var timeoutMs: Int32 = 0

    package init() {}

    package mutating func layout<V: FieldVisitor>(_ visitor: inout V) throws(V.Failure) {
        try visitor.field(&topics)
        try visitor.field(&timeoutMs)
        try visitor.end()
    }

    package struct DeleteRecordsTopic: WireStruct {
        package var name = ""
        package var partitions: [DeleteRecordsPartition] = []

        package init() {}

        package mutating func layout<V: FieldVisitor>(_ visitor: inout V) throws(V.Failure) {
            try visitor.field(&name)
            try visitor.field(&partitions)
            try visitor.end()
        }
    }

    package struct DeleteRecordsPartition: WireStruct {
        package var partitionIndex: Int32 = 0
        package var offset: Int64 = 0

        package init() {}

        package mutating func layout<V: FieldVisitor>(_ visitor: inout V) throws(V.Failure) {
            try visitor.field(&partitionIndex)
            try visitor.field(&offset)
            try visitor.end()
        }
    }
}

package struct DeleteRecordsResponse: ResponseMessage {
    package static let api = API.deleteRecords

    package var throttleTimeMs: Int32 = 0
    package var topics: [DeleteRecordsTopicResult] = []

    package init() {}

    package mutating func layout<V: FieldVisitor>(_ visitor: inout V) throws(V.Failure) {
        try visitor.field(&throttleTimeMs)
        try visitor.field(&topics)
        try visitor.end()
    }

    package struct DeleteRecordsTopicResult: WireStruct {
        package var name = ""
        package var partitions: [DeleteRecordsPartitionResult] = []

        package init() {}

        package mutating func layout<V: FieldVisitor>(_ visitor: inout V) throws(V.Failure) {
            try visitor.field(&name)
            try visitor.field(&partitions)
            try visitor.end()
        }
    }

    package struct DeleteRecordsPartitionResult: WireStruct {
        package var partitionIndex: Int32 = 0
        package var lowWatermark: Int64 = 0
        package var errorCode: ErrorCode = .none

        package init() {}

        package mutating func layout<V: FieldVisitor>(_ visitor: inout V) throws(V.Failure) {
            try visitor.field(&partitionIndex)
            try visitor.field(&lowWatermark)
            try visitor.field(&errorCode)
            try visitor.end()
        }
    }
}
