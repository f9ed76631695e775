// Key 40, versions 1 to 2, flexible from 2.
package struct ExpireDelegationTokenRequest: RequestMessage {
    package static let api = API.expireDelegationToken
    package typealias Response = ExpireDelegationTokenResponse

    package var hmac: [UInt8] = []
    package var expiryTimePeriodMs: Int64 = 0

    package init() {}

    package mutating func layout<V: FieldVisitor>(_ visitor: inout V) throws(V.Failure) {
        try visitor.field(&hmac)
        try visitor.field(&expiryTimePeriodMs)
        try visitor.end()
    }
}

package struct ExpireDelegationTokenResponse: ResponseMessage {
    package static let api = API.expireDelegationToken

    package var errorCode: ErrorCode = .none
    package var expiryTimestampMs: Int64 = 0
    package var throttleTimeMs: Int32 = 0

    package init() {}

    package mutating func layout<V: FieldVisitor>(_ visitor: inout V) throws(V.Failure) {
        try visitor.field(&errorCode)
        try visitor.field(&expiryTimestampMs)
        try visitor.field(&throttleTimeMs)
        try visitor.end()
    }
}
