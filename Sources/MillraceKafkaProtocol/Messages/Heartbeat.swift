// Key 12, versions 0 to 4, flexible from 4.
package struct HeartbeatRequest: RequestMessage {
    package static let api = API.heartbeat
    package typealias Response = HeartbeatResponse

    package var groupID = ""
    package var generationID: Int32 = 0
    package var memberID = ""
    package var groupInstanceID: String?

    package init() {}

    package mutating func layout<V: FieldVisitor>(_ visitor: inout V) throws(V.Failure) {
        try visitor.field(&groupID)
        try visitor.field(&generationID)
        try visitor.field(&memberID)
        if visitor.has(3...) { try visitor.field(&groupInstanceID) }
        try visitor.end()
    }
}

package struct HeartbeatResponse: ResponseMessage {
    package static let api = API.heartbeat

    package var throttleTimeMs: Int32 = 0
    package var errorCode: ErrorCode = .none

    package init() {}

    package mutating func layout<V: FieldVisitor>(_ visitor: inout V) throws(V.Failure) {
        if visitor.has(1...) { try visitor.field(&throttleTimeMs) }
        try visitor.field(&errorCode)
        try visitor.end()
    }
}
