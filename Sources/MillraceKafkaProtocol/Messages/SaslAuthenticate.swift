// Key 36, versions 0 to 2, flexible from 2.
package struct SaslAuthenticateRequest: RequestMessage {
    package static let api = API.saslAuthenticate
    package typealias Response = SaslAuthenticateResponse

    package var authBytes: [UInt8] = []

    package init() {}

    package mutating func layout<V: FieldVisitor>(_ visitor: inout V) throws(V.Failure) {
        try visitor.field(&authBytes)
        try visitor.end()
    }
}

package struct SaslAuthenticateResponse: ResponseMessage {
    package static let api = API.saslAuthenticate

    package var errorCode: ErrorCode = .none
    package var errorMessage: String? = ""
    package var authBytes: [UInt8] = []
    package var sessionLifetimeMs: Int64 = 0

    package init() {}

    package mutating func layout<V: FieldVisitor>(_ visitor: inout V) throws(V.Failure) {
        try visitor.field(&errorCode)
        try visitor.field(&errorMessage)
        try visitor.field(&authBytes)
        if visitor.has(1...) { try visitor.field(&sessionLifetimeMs) }
        try visitor.end()
    }
}
