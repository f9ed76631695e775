// Key 26, versions 0 to 5, flexible from 3.
package struct EndTxnRequest: RequestMessage {
    package static let api = API.endTxn
    package typealias Response = EndTxnResponse

    package var transactionalID = ""
    package var producerID: Int64 = 0
    package var producerEpoch: Int16 = 0
    package var committed = false

    package init() {}

    package mutating func layout<V: FieldVisitor>(_ visitor: inout V) throws(V.Failure) {
        try visitor.field(&transactionalID)
        try visitor.field(&producerID)
        try visitor.field(&producerEpoch)
        try visitor.field(&committed)
        try visitor.end()
    }
}

package struct EndTxnResponse: ResponseMessage {
    package static let api = API.endTxn

    package var throttleTimeMs: Int32 = 0
    package var errorCode: ErrorCode = .none
    package var producerID: Int64 = -1
    package var producerEpoch: Int16 = -1

    package init() {}

    package mutating func layout<V: FieldVisitor>(_ visitor: inout V) throws(V.Failure) {
        try visitor.field(&throttleTimeMs)
        try visitor.field(&errorCode)
        if visitor.has(5...) { try visitor.field(&producerID) }
        if visitor.has(5...) { try visitor.field(&producerEpoch) }
        try visitor.end()
    }
}
