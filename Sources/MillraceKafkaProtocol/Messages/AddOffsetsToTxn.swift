// Key 25, versions 0 to 4, flexible from 3.
package struct AddOffsetsToTxnRequest: RequestMessage {
    package static let api = API.addOffsetsToTxn
    package typealias Response = AddOffsetsToTxnResponse

    package var transactionalID = ""
    package var producerID: Int64 = 0
    package var producerEpoch: Int16 = 0
    package var groupID = ""

    package init() {}

    package mutating func layout<V: FieldVisitor>(_ visitor: inout V) throws(V.Failure) {
        try visitor.field(&transactionalID)
        try visitor.field(&producerID)
        try visitor.field(&producerEpoch)
        try visitor.field(&groupID)
        try visitor.end()
    }
}

package struct AddOffsetsToTxnResponse: ResponseMessage {
    package static let api = API.addOffsetsToTxn

    package var throttleTimeMs: Int32 = 0
    package var errorCode: ErrorCode = .none

    package init() {}

    package mutating func layout<V: FieldVisitor>(_ visitor: inout V) throws(V.Failure) {
        try visitor.field(&throttleTimeMs)
        try visitor.field(&errorCode)
        try visitor.end()
    }
}
