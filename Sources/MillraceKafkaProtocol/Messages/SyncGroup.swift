// Key 14, versions 0 to 5, flexible from 4.
package struct SyncGroupRequest: RequestMessage {
    package static let api = API.syncGroup
    package typealias Response = SyncGroupResponse

    package var groupID = ""
    package var generationID: Int32 = 0
    package var memberID = ""
    package var groupInstanceID: String?
    package var protocolType: String?
    package var protocolName: String?
    package var assignments: [SyncGroupRequestAssignment] = []

    package init() {}

    package mutating func layout<V: FieldVisitor>(_ visitor: inout V) throws(V.Failure) {
        try visitor.field(&groupID)
        try visitor.field(&generationID)
        try visitor.field(&memberID)
        if visitor.has(3...) { try visitor.field(&groupInstanceID) }
        if visitor.has(5...) { try visitor.field(&protocolType) }
        if visitor.has(5...) { try visitor.field(&protocolName) }
        try visitor.field(&assignments)
        try visitor.end()
    }

    package struct SyncGroupRequestAssignment: WireStruct {
        package var memberID = ""
        package var assignment: [UInt8] = []

        package init() {}

        package mutating func layout<V: FieldVisitor>(_ visitor: inout V) throws(V.Failure) {
            try visitor.field(&memberID)
            try visitor.field(&assignment)
            try visitor.end()
        }
    }
}

package struct SyncGroupResponse: ResponseMessage {
    package static let api = API.syncGroup

    package var throttleTimeMs: Int32 = 0
    package var errorCode: ErrorCode = .none
    package var protocolType: String?
    package var protocolName: String?
    package var assignment: [UInt8] = []

    package init() {}

    package mutating func layout<V: FieldVisitor>(_ visitor: inout V) throws(V.Failure) {
        if visitor.has(1...) { try visitor.field(&throttleTimeMs) }
        try visitor.field(&errorCode)
        if visitor.has(5...) { try visitor.field(&protocolType) }
        if visitor.has(5...) { try visitor.field(&protocolName) }
        try visitor.field(&assignment)
        try visitor.end()
    }
}
