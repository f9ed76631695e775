// Key 33, versions 0 to 2, flexible from 2.
package struct AlterConfigsRequest: RequestMessage {
    package static let api = API.alterConfigs
    package typealias Response = AlterConfigsResponse

    package var resources: [AlterConfigsResource] = []
    package var validateOnly = false

    package init() {}

    package mutating func layout<V: FieldVisitor>(_ visitor: inout V) throws(V.Failure) {
        try visitor.field(&resources)
        try visitor.field(&validateOnly)
        try visitor.end()
    }

    package struct AlterConfigsResource: WireStruct {
        package var resourceType: Int8 = 0
        package var resourceName = ""
        package var configs: [AlterableConfig] = []

        package init() {}

        package mutating func layout<V: FieldVisitor>(_ visitor: inout V) throws(V.Failure) {
            try visitor.field(&resourceType)
            try visitor.field(&resourceName)
            try visitor.field(&configs)
            try visitor.end()
        }
    }

    package struct AlterableConfig: WireStruct {
        package var name = ""
        package var value: String? = ""

        package init() {}

        package mutating func layout<V: FieldVisitor>(_ visitor: inout V) throws(V.Failure) {
            try visitor.field(&name)
            try visitor.field(&value)
            try visitor.end()
        }
    }
}

package struct AlterConfigsResponse: ResponseMessage {
    package static let api = API.alterConfigs

    package var throttleTimeMs: Int32 = 0
    package var responses: [AlterConfigsResourceResponse] = []

    package init() {}

    package mutating func layout<V: FieldVisitor>(_ visitor: inout V) throws(V.Failure) {
        try visitor.field(&throttleTimeMs)
        try visitor.field(&responses)
        try visitor.end()
    }

    package struct AlterConfigsResourceResponse: WireStruct {
        package var errorCode: ErrorCode = .none
        package var errorMessage: String? = ""
        package var resourceType: Int8 = 0
        package var resourceName = ""

        package init() {}

        package mutating func layout<V: FieldVisitor>(_ visitor: inout V) throws(V.Failure) {
            try visitor.field(&errorCode)
            try visitor.field(&errorMessage)
            try visitor.field(&resourceType)
            try visitor.field(&resourceName)
            try visitor.end()
        }
    }
}
