// Key 17, versions 0 to 1, never flexible.
package struct SaslHandshakeRequest: RequestMessage {
    package static let api = API.saslHandshake
    package typealias Response = SaslHandshakeResponse

    package var mechanism = ""

    package init() {}

    package mutating func layout<V: FieldVisitor>(_ visitor: inout V) throws(V.Failure) {
        try visitor.field(&mechanism)
        try visitor.end()
    }
}

package struct SaslHandshakeResponse: ResponseMessage {
    package static let api = API.saslHandshake

    package var errorCode: ErrorCode = .none
    package var mechanisms: [String] = []

    package init() {}

    package mutating func layout<V: FieldVisitor>(_ visitor: inout V) throws(V.Failure) {
        try visitor.field(&errorCode)
        try visitor.field(&mechanisms)
        try visitor.end()
    }
}
