// Key 74, versions 0 to 1, flexible from 0.
package struct ListConfigResourcesRequest: RequestMessage {
    package static let api = API.listConfigResources
    package typealias Response = ListConfigResourcesResponse

    package var resourceTypes: [Int8] = []

    package init() {}

    package mutating func layout<V: FieldVisitor>(_ visitor: inout V) throws(V.Failure) {
        if visitor.has(1...) { try visitor.field(&resourceTypes) }
        try visitor.end()
    }
}

package struct ListConfigResourcesResponse: ResponseMessage {
    package static let api = API.listConfigResources

    package var throttleTimeMs: Int32 = 0
    package var errorCode: ErrorCode = .none
    package var configResources: [ConfigResource] = []

    package init() {}

    package mutating func layout<V: FieldVisitor>(_ visitor: inout V) throws(V.Failure) {
        try visitor.field(&throttleTimeMs)
        try visitor.field(&errorCode)
        try visitor.field(&configResources)
        try visitor.end()
    }

    package struct ConfigResource: WireStruct {
        package var resourceName = ""
        package var resourceType: Int8 = 16

        package init() {}

        package mutating func layout<V: FieldVisitor>(_ visitor: inout V) throws(V.Failure) {
            try visitor.field(&resourceName)
            if visitor.has(1...) { try visitor.field(&resourceType) }
            try visitor.end()
        }
    }
}
