// Key 38, versions 1 to 3, flexible from 2.
package struct CreateDelegationTokenRequest: RequestMessage {
    package static let api = API.createDelegationToken
    package typealias Response = CreateDelegationTokenResponse

    package var ownerPrincipalType: String? = ""
    package var ownerPrincipalName: String? = ""
    package var renewers: [CreatableRenewers] = []
    package var maxLifetimeMs: Int64 = 0

    package init() {}

    package mutating func layout<V: FieldVisitor>(_ visitor: inout V) throws(V.Failure) {
        if visitor.has(3...) { try visitor.field(&ownerPrincipalType) }
        if visitor.has(3...) { try visitor.field(&ownerPrincipalName) }
        try visitor.field(&renewers)
        try visitor.field(&maxLifetimeMs)
        try visitor.end()
    }

    package struct CreatableRenewers: WireStruct {
        package var principalType = ""
        package var principalName = ""

        package init() {}

        package mutating func layout<V: FieldVisitor>(_ visitor: inout V) throws(V.Failure) {
            try visitor.field(&principalType)
            try visitor.field(&principalName)
            try visitor.end()
        }
    }
}

package struct CreateDelegationTokenResponse: ResponseMessage {
    package static let api = API.createDelegationToken

    package var errorCode: ErrorCode = .none
    package var principalType = ""
    package var principalName = ""
    package var tokenRequesterPrincipalType = ""
    package var tokenRequesterPrincipalName = ""
    package var issueTimestampMs: Int64 = 0
    package var expiryTimestampMs: Int64 = 0
    package var maxTimestampMs: Int64 = 0
    package var tokenID = ""
    package var hmac: [UInt8] = []
    package var throttleTimeMs: Int32 = 0

    package init() {}

    package mutating func layout<V: FieldVisitor>(_ visitor: inout V) throws(V.Failure) {
        try visitor.field(&errorCode)
        try visitor.field(&principalType)
        try visitor.field(&principalName)
        if visitor.has(3...) { try visitor.field(&tokenRequesterPrincipalType) }
        if visitor.has(3...) { try visitor.field(&tokenRequesterPrincipalName) }
        try visitor.field(&issueTimestampMs)
        try visitor.field(&expiryTimestampMs)
        try visitor.field(&maxTimestampMs)
        try visitor.field(&tokenID)
        try visitor.field(&hmac)
        try visitor.field(&throttleTimeMs)
        try visitor.end()
    }
}
