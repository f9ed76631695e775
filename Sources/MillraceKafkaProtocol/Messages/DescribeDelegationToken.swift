// Key 41, versions 1 to 3, flexible from 2.
package struct DescribeDelegationTokenRequest: RequestMessage {
    package static let api = API.describeDelegationToken
    package typealias Response = DescribeDelegationTokenResponse

    package var owners: [DescribeDelegationTokenOwner]? = []

    package init() {}

    package mutating func layout<V: FieldVisitor>(_ visitor: inout V) throws(V.Failure) {
        try visitor.field(&owners)
        try visitor.end()
    }

    package struct DescribeDelegationTokenOwner: WireStruct {
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

package struct DescribeDelegationTokenResponse: ResponseMessage {
    package static let api = API.describeDelegationToken

    package var errorCode: ErrorCode = .none
    package var tokens: [DescribedDelegationToken] = []
    package var throttleTimeMs: Int32 = 0

    package init() {}

    package mutating func layout<V: FieldVisitor>(_ visitor: inout V) throws(V.Failure) {
        try visitor.field(&errorCode)
        try visitor.field(&tokens)
        try visitor.field(&throttleTimeMs)
        try visitor.end()
    }

    package struct DescribedDelegationToken: WireStruct {
        package var principalType = ""
        package var principalName = ""
        package var tokenRequesterPrincipalType = ""
        package var tokenRequesterPrincipalName = ""
        package var issueTimestamp: Int64 = 0
        package var expiryTimestamp: Int64 = 0
        package var maxTimestamp: Int64 = 0
        package var tokenID = ""
        package var hmac: [UInt8] = []
        package var renewers: [DescribedDelegationTokenRenewer] = []

        package init() {}

        package mutating func layout<V: FieldVisitor>(_ visitor: inout V) throws(V.Failure) {
            try visitor.field(&principalType)
            try visitor.field(&principalName)
            if visitor.has(3...) { try visitor.field(&tokenRequesterPrincipalType) }
            if visitor.has(3...) { try visitor.field(&tokenRequesterPrincipalName) }
            try visitor.field(&issueTimestamp)
            try visitor.field(&expiryTimestamp)
            try visitor.field(&maxTimestamp)
            try visitor.field(&tokenID)
            try visitor.field(&hmac)
            try visitor.field(&renewers)
            try visitor.end()
        }
    }

    package struct DescribedDelegationTokenRenewer: WireStruct {
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
