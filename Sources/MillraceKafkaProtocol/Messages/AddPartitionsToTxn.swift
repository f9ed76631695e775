// Key 24, versions 0 to 5, flexible from 3.
package struct AddPartitionsToTxnRequest: RequestMessage {
    package static let api = API.addPartitionsToTxn
    package typealias Response = AddPartitionsToTxnResponse

    package var transactions: [AddPartitionsToTxnTransaction] = []
    package var v3AndBelowTransactionalID = ""
    package var v3AndBelowProducerID: Int64 = 0
    package var v3AndBelowProducerEpoch: Int16 = 0
    package var v3AndBelowTopics: [AddPartitionsToTxnTopic] = []

    package init() {}

    package mutating func layout<V: FieldVisitor>(_ visitor: inout V) throws(V.Failure) {
        if visitor.has(4...) { try visitor.field(&transactions) }
        if visitor.has(...3) { try visitor.field(&v3AndBelowTransactionalID) }
        if visitor.has(...3) { try visitor.field(&v3AndBelowProducerID) }
        if visitor.has(...3) { try visitor.field(&v3AndBelowProducerEpoch) }
        if visitor.has(...3) { try visitor.field(&v3AndBelowTopics) }
        try visitor.end()
    }

    package struct AddPartitionsToTxnTransaction: WireStruct {
        package var transactionalID = ""
        package var producerID: Int64 = 0
        package var producerEpoch: Int16 = 0
        package var verifyOnly = false
        package var topics: [AddPartitionsToTxnTopic] = []

        package init() {}

        package mutating func layout<V: FieldVisitor>(_ visitor: inout V) throws(V.Failure) {
            try visitor.field(&transactionalID)
            try visitor.field(&producerID)
            try visitor.field(&producerEpoch)
            try visitor.field(&verifyOnly)
            try visitor.field(&topics)
            try visitor.end()
        }
    }

    package struct AddPartitionsToTxnTopic: WireStruct {
        package var name = ""
        package var partitions: [Int32] = []

        package init() {}

        package mutating func layout<V: FieldVisitor>(_ visitor: inout V) throws(V.Failure) {
            try visitor.field(&name)
            try visitor.field(&partitions)
            try visitor.end()
        }
    }
}

package struct AddPartitionsToTxnResponse: ResponseMessage {
    package static let api = API.addPartitionsToTxn

    package var throttleTimeMs: Int32 = 0
    package var errorCode: ErrorCode = .none
    package var resultsByTransaction: [AddPartitionsToTxnResult] = []
    package var resultsByTopicV3AndBelow: [AddPartitionsToTxnTopicResult] = []

    package init() {}

    package mutating func layout<V: FieldVisitor>(_ visitor: inout V) throws(V.Failure) {
        try visitor.field(&throttleTimeMs)
        if visitor.has(4...) { try visitor.field(&errorCode) }
        if visitor.has(4...) { try visitor.field(&resultsByTransaction) }
        if visitor.has(...3) { try visitor.field(&resultsByTopicV3AndBelow) }
        try visitor.end()
    }

    package struct AddPartitionsToTxnResult: WireStruct {
        package var transactionalID = ""
        package var topicResults: [AddPartitionsToTxnTopicResult] = []

        package init() {}

        package mutating func layout<V: FieldVisitor>(_ visitor: inout V) throws(V.Failure) {
            try visitor.field(&transactionalID)
            try visitor.field(&topicResults)
            try visitor.end()
        }
    }

    package struct AddPartitionsToTxnTopicResult: WireStruct {
        package var name = ""
        package var resultsByPartition: [AddPartitionsToTxnPartitionResult] = []

        package init() {}

        package mutating func layout<V: FieldVisitor>(_ visitor: inout V) throws(V.Failure) {
            try visitor.field(&name)
            try visitor.field(&resultsByPartition)
            try visitor.end()
        }
    }

    package struct AddPartitionsToTxnPartitionResult: WireStruct {
        package var partitionIndex: Int32 = 0
        package var partitionErrorCode: ErrorCode = .none

        package init() {}

        package mutating func layout<V: FieldVisitor>(_ visitor: inout V) throws(V.Failure) {
            try visitor.field(&partitionIndex)
            try visitor.field(&partitionErrorCode)
            try visitor.end()
        }
    }
}
