// Key 30, versions 1 to 3, flexible from 2.
package struct CreateAclsRequest: RequestMessage {
    package static let api = API.createAcls
    package typealias Response = CreateAclsResponse

    package var creations: [AclCreation] = []

    package init() {}

    package mutating func layout<V: FieldVisitor>(_ visitor: inout V) throws(V.Failure) {
        try visitor.field(&creations)
        try visitor.end()
    }

    package struct AclCreation: WireStruct {
        package var resourceType: Int8 = 0
        package var resourceName = ""
        package var resourcePatternType: Int8 = 3
        package var principal = ""
        package var host = ""
        package var operation: Int8 = 0
        package var permissionType: Int8 = 0

        package init() {}

        package mutating func layout<V: FieldVisitor>(_ visitor: inout V) throws(V.Failure) {
            try visitor.field(&resourceType)
            try visitor.field(&resourceName)
            try visitor.field(&resourcePatternType)
            try visitor.field(&principal)
            try visitor.field(&host)
            try visitor.field(&operation)
            try visitor.field(&permissionType)
            try visitor.end()
        }
    }
}

package struct CreateAclsResponse: ResponseMessage {
    package static let api = API.createAcls

    package var throttleTimeMs: Int32 = 0
    package var results: [AclCreationResult] = []

    package init() {}

    package mutating func layout<V: FieldVisitor>(_ visitor: inout V) throws(V.Failure) {
        try visitor.field(&throttleTimeMs)
        try visitor.field(&results)
        try visitor.end()
    }

    package struct AclCreationResult: WireStruct {
        package var errorCode: ErrorCode = .none
        package var errorMessage: String? = ""

        package init() {}

        package mutating func layout<V: FieldVisitor>(_ visitor: inout V) throws(V.Failure) {
            try visitor.field(&errorCode)
            try visitor.field(&errorMessage)
            try visitor.end()
        }
    }
}
