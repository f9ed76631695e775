// Key 18, versions 0 to 5, flexible from 3.
package struct ApiVersionsRequest: RequestMessage {
    package static let api = API.apiVersions
    package typealias Response = ApiVersionsResponse

    package var clientSoftwareName = ""
    package var clientSoftwareVersion = ""
    package var clusterID: String?
    package var nodeID: Int32 = -1

    package init() {}

    package mutating func layout<V: FieldVisitor>(_ visitor: inout V) throws(V.Failure) {
        if visitor.has(3...) { try visitor.field(&clientSoftwareName) }
        if visitor.has(3...) { try visitor.field(&clientSoftwareVersion) }
        if visitor.has(5...) { try visitor.field(&clusterID) }
        if visitor.has(5...) { try visitor.field(&nodeID) }
        try visitor.end()
    }
}

package struct ApiVersionsResponse: ResponseMessage {
    package static let api = API.apiVersions

    package var errorCode: ErrorCode = .none
    package var apiKeys: [ApiVersion] = []
    package var throttleTimeMs: Int32 = 0
    package var supportedFeatures: [SupportedFeatureKey] = []
    package var finalizedFeaturesEpoch: Int64 = -1
    package var finalizedFeatures: [FinalizedFeatureKey] = []
    package var zkMigrationReady = false

    package init() {}

    package mutating func layout<V: FieldVisitor>(_ visitor: inout V) throws(V.Failure) {
        try visitor.field(&errorCode)
        try visitor.field(&apiKeys)
        if visitor.has(1...) { try visitor.field(&throttleTimeMs) }
        try visitor.tag(0, &supportedFeatures)
        try visitor.tag(1, &finalizedFeaturesEpoch, absent: -1)
        try visitor.tag(2, &finalizedFeatures)
        try visitor.tag(3, &zkMigrationReady)
        try visitor.end()
    }

    package struct ApiVersion: WireStruct {
        package var apiKey: Int16 = 0
        package var minVersion: Int16 = 0
        package var maxVersion: Int16 = 0

        package init() {}

        package mutating func layout<V: FieldVisitor>(_ visitor: inout V) throws(V.Failure) {
            try visitor.field(&apiKey)
            try visitor.field(&minVersion)
            try visitor.field(&maxVersion)
            try visitor.end()
        }
    }

    package struct SupportedFeatureKey: WireStruct {
        package var name = ""
        package var minVersion: Int16 = 0
        package var maxVersion: Int16 = 0

        package init() {}

        package mutating func layout<V: FieldVisitor>(_ visitor: inout V) throws(V.Failure) {
            try visitor.field(&name)
            try visitor.field(&minVersion)
            try visitor.field(&maxVersion)
            try visitor.end()
        }
    }

    package struct FinalizedFeatureKey: WireStruct {
        package var name = ""
        package var maxVersionLevel: Int16 = 0
        package var minVersionLevel: Int16 = 0

        package init() {}

        package mutating func layout<V: FieldVisitor>(_ visitor: inout V) throws(V.Failure) {
            try visitor.field(&name)
            try visitor.field(&maxVersionLevel)
            try visitor.field(&minVersionLevel)
            try visitor.end()
        }
    }
}
