// Key 66, versions 0 to 2, flexible from 0.
package struct ListTransactionsRequest: RequestMessage {
    package static let api = API.listTransactions
    package typealias Response = ListTransactionsResponse

    package var stateFilters: [String] = []
    package var producerIDFilters: [Int64] = []
    package var durationFilter: Int64 = -1
    package var transactionalIDPattern: String?

    package init() {}

    package mutating func layout<V: FieldVisitor>(_ visitor: inout V) throws(V.Failure) {
        try visitor.field(&stateFilters)
        try visitor.field(&producerIDFilters)
        if visitor.has(1...) { try visitor.field(&durationFilter) }
        if visitor.has(2...) { try visitor.field(&transactionalIDPattern) }
        try visitor.end()
    }
}

package struct ListTransactionsResponse: ResponseMessage {
    package static let api = API.listTransactions

    package var throttleTimeMs: Int32 = 0
    package var errorCode: ErrorCode = .none
    package var unknownStateFilters: [String] = []
    package var transactionStates: [TransactionState] = []

    package init() {}

    package mutating func layout<V: FieldVisitor>(_ visitor: inout V) throws(V.Failure) {
        try visitor.field(&throttleTimeMs)
        try visitor.field(&errorCode)
        try visitor.field(&unknownStateFilters)
        try visitor.field(&transactionStates)
        try visitor.end()
    }

    package struct TransactionState: WireStruct {
        package var transactionalID = ""
        package var producerID: Int64 = 0
        package var transactionState = ""

        package init() {}

        package mutating func layout<V: FieldVisitor>(_ visitor: inout V) throws(V.Failure) {
            try visitor.field(&transactionalID)
            try visitor.field(&producerID)
            try visitor.field(&transactionState)
            try visitor.end()
        }
    }
}
