// Key 65, versions 0 to 0, flexible from 0.
package struct DescribeTransactionsRequest: RequestMessage {
    package static let api = API.describeTransactions
    package typealias Response = DescribeTransactionsResponse

    package var transactionalIDs: [String] = []

    package init() {}

    package mutating func layout<V: FieldVisitor>(_ visitor: inout V) throws(V.Failure) {
        try visitor.field(&transactionalIDs)
        try visitor.end()
    }
}

package struct DescribeTransactionsResponse: ResponseMessage {
    package static let api = API.describeTransactions

    package var throttleTimeMs: Int32 = 0
    package var transactionStates: [TransactionState] = []

    package init() {}

    package mutating func layout<V: FieldVisitor>(_ visitor: inout V) throws(V.Failure) {
        try visitor.field(&throttleTimeMs)
        try visitor.field(&transactionStates)
        try visitor.end()
    }

    package struct TransactionState: WireStruct {
        package var errorCode: ErrorCode = .none
        package var transactionalID = ""
        package var transactionState = ""
        package var transactionTimeoutMs: Int32 = 0
        package var transactionStartTimeMs: Int64 = 0
        package var producerID: Int64 = 0
        package var producerEpoch: Int16 = 0
        package var topics: [TopicData] = []

        package init() {}

        package mutating func layout<V: FieldVisitor>(_ visitor: inout V) throws(V.Failure) {
            try visitor.field(&errorCode)
            try visitor.field(&transactionalID)
            try visitor.field(&transactionState)
            try visitor.field(&transactionTimeoutMs)
            try visitor.field(&transactionStartTimeMs)
            try visitor.field(&producerID)
            try visitor.field(&producerEpoch)
            try visitor.field(&topics)
            try visitor.end()
        }
    }

    package struct TopicData: WireStruct {
        package var topic = ""
        package var partitions: [Int32] = []

        package init() {}

        package mutating func layout<V: FieldVisitor>(_ visitor: inout V) throws(V.Failure) {
            try visitor.field(&topic)
            try visitor.field(&partitions)
            try visitor.end()
        }
    }
}
