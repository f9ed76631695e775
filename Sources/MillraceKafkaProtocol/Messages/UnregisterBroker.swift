// Key 64, versions 0 to 0, flexible from 0.
package struct UnregisterBrokerRequest: RequestMessage {
    package static let api = API.unregisterBroker
    package typealias Response = UnregisterBrokerResponse

    package var brokerID: Int32 = 0

    package init() {}

    package mutating func layout<V: FieldVisitor>(_ visitor: inout V) throws(V.Failure) {
        try visitor.field(&brokerID)
        try visitor.end()
    }
}

package struct UnregisterBrokerResponse: ResponseMessage {
    package static let api = API.unregisterBroker

    package var throttleTimeMs: Int32 = 0
    package var errorCode: ErrorCode = .none
    package var errorMessage: String? = ""

    package init() {}

    package mutating func layout<V: FieldVisitor>(_ visitor: inout V) throws(V.Failure) {
        try visitor.field(&throttleTimeMs)
        try visitor.field(&errorCode)
        try visitor.field(&errorMessage)
        try visitor.end()
    }
}
