package import MillraceModel

// Key 72, versions 0 to 0, flexible from 0.
package struct PushTelemetryRequest: RequestMessage {
    package static let api = API.pushTelemetry
    package typealias Response = PushTelemetryResponse

    package var clientInstanceID: TopicID = .zero
    package var subscriptionID: Int32 = 0
    package var terminating = false
    package var compressionType: Int8 = 0
    package var metrics: [UInt8] = []

    package init() {}

    package mutating func layout<V: FieldVisitor>(_ visitor: inout V) throws(V.Failure) {
        try visitor.field(&clientInstanceID)
        try visitor.field(&subscriptionID)
        try visitor.field(&terminating)
        try visitor.field(&compressionType)
        try visitor.field(&metrics)
        try visitor.end()
    }
}

package struct PushTelemetryResponse: ResponseMessage {
    package static let api = API.pushTelemetry

    package var throttleTimeMs: Int32 = 0
    package var errorCode: ErrorCode = .none

    package init() {}

    package mutating func layout<V: FieldVisitor>(_ visitor: inout V) throws(V.Failure) {
        try visitor.field(&throttleTimeMs)
        try visitor.field(&errorCode)
        try visitor.end()
    }
}
