// Key 51, versions 0 to 0, flexible from 0.
package struct AlterUserScramCredentialsRequest: RequestMessage {
    package static let api = API.alterUserScramCredentials
    package typealias Response = AlterUserScramCredentialsResponse

    package var deletions: [ScramCredentialDeletion] = []
    package var upsertions: [ScramCredentialUpsertion] = []

    package init() {}

    package mutating func layout<V: FieldVisitor>(_ visitor: inout V) throws(V.Failure) {
        try visitor.field(&deletions)
        try visitor.field(&upsertions)
        try visitor.end()
    }

    package struct ScramCredentialDeletion: WireStruct {
        package var name = ""
        package var mechanism: Int8 = 0

        package init() {}

        package mutating func layout<V: FieldVisitor>(_ visitor: inout V) throws(V.Failure) {
            try visitor.field(&name)
            try visitor.field(&mechanism)
            try visitor.end()
        }
    }

    package struct ScramCredentialUpsertion: WireStruct {
        package var name = ""
        package var mechanism: Int8 = 0
        package var iterations: Int32 = 0
        package var salt: [UInt8] = []
        package var saltedPassword: [UInt8] = []

        package init() {}

        package mutating func layout<V: FieldVisitor>(_ visitor: inout V) throws(V.Failure) {
            try visitor.field(&name)
            try visitor.field(&mechanism)
            try visitor.field(&iterations)
            try visitor.field(&salt)
            try visitor.field(&saltedPassword)
            try visitor.end()
        }
    }
}

package struct AlterUserScramCredentialsResponse: ResponseMessage {
    package static let api = API.alterUserScramCredentials

    package var throttleTimeMs: Int32 = 0
    package var results: [AlterUserScramCredentialsResult] = []

    package init() {}

    package mutating func layout<V: FieldVisitor>(_ visitor: inout V) throws(V.Failure) {
        try visitor.field(&throttleTimeMs)
        try visitor.field(&results)
        try visitor.end()
    }

    package struct AlterUserScramCredentialsResult: WireStruct {
        package var user = ""
        package var errorCode: ErrorCode = .none
        package var errorMessage: String? = ""

        package init() {}

        package mutating func layout<V: FieldVisitor>(_ visitor: inout V) throws(V.Failure) {
            try visitor.field(&user)
            try visitor.field(&errorCode)
            try visitor.field(&errorMessage)
            try visitor.end()
        }
    }
}
