// Key 57, versions 0 to 2, flexible from 0.
package struct UpdateFeaturesRequest: RequestMessage {
    package static let api = API.updateFeatures
    package typealias Response = UpdateFeaturesResponse

    package var timeoutMs: Int32 = 60000
    package var featureUpdates: [FeatureUpdateKey] = []
    package var validateOnly = false

    package init() {}

    package mutating func layout<V: FieldVisitor>(_ visitor: inout V) throws(V.Failure) {
        try visitor.field(&timeoutMs)
        try visitor.field(&featureUpdates)
        if visitor.has(1...) { try visitor.field(&validateOnly) }
        try visitor.end()
    }

    package struct FeatureUpdateKey: WireStruct {
        package var feature = ""
        package var maxVersionLevel: Int16 = 0
        package var allowDowngrade = false
        package var upgradeType: Int8 = 1

        package init() {}

        package mutating func layout<V: FieldVisitor>(_ visitor: inout V) throws(V.Failure) {
            try visitor.field(&feature)
            try visitor.field(&maxVersionLevel)
            if visitor.has(...0) { try visitor.field(&allowDowngrade) }
            if visitor.has(1...) { try visitor.field(&upgradeType) }
            try visitor.end()
        }
    }
}

package struct UpdateFeaturesResponse: ResponseMessage {
    package static let api = API.updateFeatures

    package var throttleTimeMs: Int32 = 0
    package var errorCode: ErrorCode = .none
    package var errorMessage: String? = ""
    package var results: [UpdatableFeatureResult] = []

    package init() {}

    package mutating func layout<V: FieldVisitor>(_ visitor: inout V) throws(V.Failure) {
        try visitor.field(&throttleTimeMs)
        try visitor.field(&errorCode)
        try visitor.field(&errorMessage)
        if visitor.has(...1) { try visitor.field(&results) }
        try visitor.end()
    }

    package struct UpdatableFeatureResult: WireStruct {
        package var feature = ""
        package var errorCode: ErrorCode = .none
        package var errorMessage: String? = ""

        package init() {}

        package mutating func layout<V: FieldVisitor>(_ visitor: inout V) throws(V.Failure) {
            try visitor.field(&feature)
            try visitor.field(&errorCode)
            try visitor.field(&errorMessage)
            try visitor.end()
        }
    }
}
