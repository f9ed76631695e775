// Key 29, versions 1 to 3, flexible from 2.
package struct DescribeAclsRequest: RequestMessage {
    package static let api = API.describeAcls
    package typealias Response = DescribeAclsResponse

    package var resourceTypeFilter: Int8 = 0
    package var resourceNameFilter: String? = ""
    package var patternTypeFilter: Int8 = 3
    package var principalFilter: String? = ""
    package var hostFilter: String? = ""
    package var operation: Int8 = 0
    package var permissionType: Int8 = 0

    package init() {}

    package mutating func layout<V: FieldVisitor>(_ visitor: inout V) throws(V.Failure) {
        try visitor.field(&resourceTypeFilter)
        try visitor.field(&resourceNameFilter)
        try visitor.field(&patternTypeFilter)
        try visitor.field(&principalFilter)
        try visitor.field(&hostFilter)
        try visitor.field(&operation)
        try visitor.field(&permissionType)
        try visitor.end()
    }
}

package struct DescribeAclsResponse: ResponseMessage {
    package static let api = API.describeAcls

    package var throttleTimeMs: Int32 = 0
    package var errorCode: ErrorCode = .none
    package var errorMessage: String? = ""
    package var resources: [DescribeAclsResource] = []

    package init() {}

    package mutating func layout<V: FieldVisitor>(_ visitor: inout V) throws(V.Failure) {
        try visitor.field(&throttleTimeMs)
        try visitor.field(&errorCode)
        try visitor.field(&errorMessage)
        try visitor.field(&resources)
        try visitor.end()
    }

    package struct DescribeAclsResource: WireStruct {
        package var resourceType: Int8 = 0
        package var resourceName = ""
        package var patternType: Int8 = 3
        package var acls: [AclDescription] = []

        package init() {}

        package mutating func layout<V: FieldVisitor>(_ visitor: inout V) throws(V.Failure) {
            try visitor.field(&resourceType)
            try visitor.field(&resourceName)
            try visitor.field(&patternType)
            try visitor.field(&acls)
            try visitor.end()
        }
    }

    package struct AclDescription: WireStruct {
        package var principal = ""
        package var host = ""
        package var operation: Int8 = 0
        package var permissionType: Int8 = 0

        package init() {}

        package mutating func layout<V: FieldVisitor>(_ visitor: inout V) throws(V.Failure) {
            try visitor.field(&principal)
            try visitor.field(&host)
            try visitor.field(&operation)
            try visitor.field(&permissionType)
            try visitor.end()
        }
    }
}
