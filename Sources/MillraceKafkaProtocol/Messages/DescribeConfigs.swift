// Key 32, versions 1 to 4, flexible from 4.
package struct DescribeConfigsRequest: RequestMessage {
    package static let api = API.describeConfigs
    package typealias Response = DescribeConfigsResponse

    package var resources: [DescribeConfigsResource] = []
    package var includeSynonyms = false
    package var includeDocumentation = false

    package init() {}

    package mutating func layout<V: FieldVisitor>(_ visitor: inout V) throws(V.Failure) {
        try visitor.field(&resources)
        try visitor.field(&includeSynonyms)
        if visitor.has(3...) { try visitor.field(&includeDocumentation) }
        try visitor.end()
    }

    package struct DescribeConfigsResource: WireStruct {
        package var resourceType: Int8 = 0
        package var resourceName = ""
        package var configurationKeys: [String]? = []

        package init() {}

        package mutating func layout<V: FieldVisitor>(_ visitor: inout V) throws(V.Failure) {
            try visitor.field(&resourceType)
            try visitor.field(&resourceName)
            try visitor.field(&configurationKeys)
            try visitor.end()
        }
    }
}

package struct DescribeConfigsResponse: ResponseMessage {
    package static let api = API.describeConfigs

    package var throttleTimeMs: Int32 = 0
    package var results: [DescribeConfigsResult] = []

    package init() {}

    package mutating func layout<V: FieldVisitor>(_ visitor: inout V) throws(V.Failure) {
        try visitor.field(&throttleTimeMs)
        try visitor.field(&results)
        try visitor.end()
    }

    package struct DescribeConfigsResult: WireStruct {
        package var errorCode: ErrorCode = .none
        package var errorMessage: String? = ""
        package var resourceType: Int8 = 0
        package var resourceName = ""
        package var configs: [DescribeConfigsResourceResult] = []

        package init() {}

        package mutating func layout<V: FieldVisitor>(_ visitor: inout V) throws(V.Failure) {
            try visitor.field(&errorCode)
            try visitor.field(&errorMessage)
            try visitor.field(&resourceType)
            try visitor.field(&resourceName)
            try visitor.field(&configs)
            try visitor.end()
        }
    }

    package struct DescribeConfigsResourceResult: WireStruct {
        package var name = ""
        package var value: String? = ""
        package var readOnly = false
        package var configSource: Int8 = -1
        package var isSensitive = false
        package var synonyms: [DescribeConfigsSynonym] = []
        package var configType: Int8 = 0
        package var documentation: String? = ""

        package init() {}

        package mutating func layout<V: FieldVisitor>(_ visitor: inout V) throws(V.Failure) {
            try visitor.field(&name)
            try visitor.field(&value)
            try visitor.field(&readOnly)
            try visitor.field(&configSource)
            try visitor.field(&isSensitive)
            try visitor.field(&synonyms)
            if visitor.has(3...) { try visitor.field(&configType) }
            if visitor.has(3...) { try visitor.field(&documentation) }
            try visitor.end()
        }
    }

    package struct DescribeConfigsSynonym: WireStruct {
        package var name = ""
        package var value: String? = ""
        package var source: Int8 = 0

        package init() {}

        package mutating func layout<V: FieldVisitor>(_ visitor: inout V) throws(V.Failure) {
            try visitor.field(&name)
            try visitor.field(&value)
            try visitor.field(&source)
            try visitor.end()
        }
    }
}
