// Key 22, versions 0 to 6, flexible from 2.
package struct InitProducerIdRequest: RequestMessage {
    package static let api = API.initProducerID
    package typealias Response = InitProducerIdResponse

    package var transactionalID: String? = ""
    package var transactionTimeoutMs: Int32 = 0
    package var producerID: Int64 = -1
    package var producerEpoch: Int16 = -1
    package var enable2Pc = false
    package var keepPreparedTxn = false

    package init() {}

    package mutating func layout<V: FieldVisitor>(_ visitor: inout V) throws(V.Failure) {
        try visitor.field(&transactionalID)
        try visitor.field(&transactionTimeoutMs)
        if visitor.has(3...) { try visitor.field(&producerID) }
        if visitor.has(3...) { try visitor.field(&producerEpoch) }
        if visitor.has(6...) { try visitor.field(&enable2Pc) }
        if visitor.has(6...) { try visitor.field(&keepPreparedTxn) }
        try visitor.end()
    }
}

package struct InitProducerIdResponse: ResponseMessage {
    package static let api = API.initProducerID

    package var throttleTimeMs: Int32 = 0
    package var errorCode: ErrorCode = .none
    package var producerID: Int64 = -1
    package var producerEpoch: Int16 = 0
    package var ongoingTxnProducerID: Int64 = -1
    package var ongoingTxnProducerEpoch: Int16 = -1

    package init() {}

    package mutating func layout<V: FieldVisitor>(_ visitor: inout V) throws(V.Failure) {
        try visitor.field(&throttleTimeMs)
        try visitor.field(&errorCode)
        try visitor.field(&producerID)
        try visitor.field(&producerEpoch)
        if visitor.has(6...) { try visitor.field(&ongoingTxnProducerID) }
        if visitor.has(6...) { try visitor.field(&ongoingTxnProducerEpoch) }
        try visitor.end()
    }
}
