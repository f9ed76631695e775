// Key 61, versions 0 to 0, flexible from 0.
package struct DescribeProducersRequest: RequestMessage {
    package static let api = API.describeProducers
    package typealias Response = DescribeProducersResponse

    package var topics: [TopicRequest] = []

    package init() {}

    package mutating func layout<V: FieldVisitor>(_ visitor: inout V) throws(V.Failure) {
        try visitor.field(&topics)
        try visitor.end()
    }

    package struct TopicRequest: WireStruct {
        package var name = ""
        package var partitionIndexes: [Int32] = []

        package init() {}

        package mutating func layout<V: FieldVisitor>(_ visitor: inout V) throws(V.Failure) {
            try visitor.field(&name)
            try visitor.field(&partitionIndexes)
            try visitor.end()
        }
    }
}

package struct DescribeProducersResponse: ResponseMessage {
    package static let api = API.describeProducers

    package var throttleTimeMs: Int32 = 0
    package var topics: [TopicResponse] = []

    package init() {}

    package mutating func layout<V: FieldVisitor>(_ visitor: inout V) throws(V.Failure) {
        try visitor.field(&throttleTimeMs)
        try visitor.field(&topics)
        try visitor.end()
    }

    package struct TopicResponse: WireStruct {
        package var name = ""
        package var partitions: [PartitionResponse] = []

        package init() {}

        package mutating func layout<V: FieldVisitor>(_ visitor: inout V) throws(V.Failure) {
            try visitor.field(&name)
            try visitor.field(&partitions)
            try visitor.end()
        }
    }

    package struct PartitionResponse: WireStruct {
        package var partitionIndex: Int32 = 0
        package var errorCode: ErrorCode = .none
        package var errorMessage: String?
        package var activeProducers: [ProducerState] = []

        package init() {}

        package mutating func layout<V: FieldVisitor>(_ visitor: inout V) throws(V.Failure) {
            try visitor.field(&partitionIndex)
            try visitor.field(&errorCode)
            try visitor.field(&errorMessage)
            try visitor.field(&activeProducers)
            try visitor.end()
        }
    }

    package struct ProducerState: WireStruct {
        package var producerID: Int64 = 0
        package var producerEpoch: Int32 = 0
        package var lastSequence: Int32 = -1
        package var lastTimestamp: Int64 = -1
        package var coordinatorEpoch: Int32 = 0
        package var currentTxnStartOffset: Int64 = -1

        package init() {}

        package mutating func layout<V: FieldVisitor>(_ visitor: inout V) throws(V.Failure) {
            try visitor.field(&producerID)
            try visitor.field(&producerEpoch)
            try visitor.field(&lastSequence)
            try visitor.field(&lastTimestamp)
            try visitor.field(&coordinatorEpoch)
            try visitor.field(&currentTxnStartOffset)
            try visitor.end()
        }
    }
}
