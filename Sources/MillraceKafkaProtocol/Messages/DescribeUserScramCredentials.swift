// Key 50, versions 0 to 0, flexible from 0.
package struct DescribeUserScramCredentialsRequest: RequestMessage {
    package static let api = API.describeUserScramCredentials
    package typealias Response = DescribeUserScramCredentialsResponse

    package var users: [UserName]? = []

    package init() {}

    package mutating func layout<V: FieldVisitor>(_ visitor: inout V) throws(V.Failure) {
        try visitor.field(&users)
        try visitor.end()
    }

    package struct UserName: WireStruct {
        package var name = ""

        package init() {}

        package mutating func layout<V: FieldVisitor>(_ visitor: inout V) throws(V.Failure) {
            try visitor.field(&name)
            try visitor.end()
        }
    }
}

package struct DescribeUserScramCredentialsResponse: ResponseMessage {
    package static let api = API.describeUserScramCredentials

    package var throttleTimeMs: Int32 = 0
    package var errorCode: ErrorCode = .none
    package var errorMessage: String? = ""
    package var results: [DescribeUserScramCredentialsResult] = []

    package init() {}

    package mutating func layout<V: FieldVisitor>(_ visitor: inout V) throws(V.Failure) {
        try visitor.field(&throttleTimeMs)
        try visitor.field(&errorCode)
        try visitor.field(&errorMessage)
        try visitor.field(&results)
        try visitor.end()
    }

    package struct DescribeUserScramCredentialsResult: WireStruct {
        package var user = ""
        package var errorCode: ErrorCode = .none
        package var errorMessage: String? = ""
        package var credentialInfos: [CredentialInfo] = []

        package init() {}

        package mutating func layout<V: FieldVisitor>(_ visitor: inout V) throws(V.Failure) {
            try visitor.field(&user)
            try visitor.field(&errorCode)
            try visitor.field(&errorMessage)
            try visitor.field(&credentialInfos)
            try visitor.end()
        }
    }

    package struct CredentialInfo: WireStruct {
        package var mechanism: Int8 = 0
        package var iterations: Int32 = 0

        package init() {}

        package mutating func layout<V: FieldVisitor>(_ visitor: inout V) throws(V.Failure) {
            try visitor.field(&mechanism)
            try visitor.field(&iterations)
            try visitor.end()
        }
    }
}
