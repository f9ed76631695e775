package import MillraceModel

// Key 71, versions 0 to 0, flexible from 0.
package struct GetTelemetrySubscriptionsRequest: RequestMessage {
    package static let api = API.getTelemetrySubscriptions
    package typealias Response = GetTelemetrySubscriptionsResponse

    package var clientInstanceID: TopicID = .zero

    package init() {}

    package mutating func layout<V: FieldVisitor>(_ visitor: inout V) throws(V.Failure) {
        try visitor.field(&clientInstanceID)
        try visitor.end()
    }
}

package struct GetTelemetrySubscriptionsResponse: ResponseMessage {
    package static let api = API.getTelemetrySubscriptions

    package var throttleTimeMs: Int32 = 0
    package var errorCode: ErrorCode = .none
    package var clientInstanceID: TopicID = .zero
    package var subscriptionID: Int32 = 0
    package var acceptedCompressionTypes: [Int8] = []
    package var pushIntervalMs: Int32 = 0
    package var telemetryMaxBytes: Int32 = 0
    package var deltaTemporality = false
    package var requestedMetrics: [String] = []

    package init() {}

    package mutating func layout<V: FieldVisitor>(_ visitor: inout V) throws(V.Failure) {
        try visitor.field(&throttleTimeMs)
        try visitor.field(&errorCode)
        try visitor.field(&clientInstanceID)
        try visitor.field(&subscriptionID)
        try visitor.field(&acceptedCompressionTypes)
        try visitor.field(&pushIntervalMs)
        try visitor.field(&telemetryMaxBytes)
        try visitor.field(&deltaTemporality)
        try visitor.field(&requestedMetrics)
        try visitor.end()
    }
}
