// Key 11, versions 0 to 9, flexible from 6.
package struct JoinGroupRequest: RequestMessage {
    package static let api = API.joinGroup
    package typealias Response = JoinGroupResponse

    package var groupID = ""
    package var sessionTimeoutMs: Int32 = 0
    package var rebalanceTimeoutMs: Int32 = -1
    package var memberID = ""
    package var groupInstanceID: String?
    package var protocolType = ""
    package var protocols: [JoinGroupRequestProtocol] = []
    package var reason: String?

    package init() {}

    package mutating func layout<V: FieldVisitor>(_ visitor: inout V) throws(V.Failure) {
        try visitor.field(&groupID)
        try visitor.field(&sessionTimeoutMs)
        if visitor.has(1...) { try visitor.field(&rebalanceTimeoutMs) }
        try visitor.field(&memberID)
        if visitor.has(5...) { try visitor.field(&groupInstanceID) }
        try visitor.field(&protocolType)
        try visitor.field(&protocols)
        if visitor.has(8...) { try visitor.field(&reason) }
        try visitor.end()
    }

    package struct JoinGroupRequestProtocol: WireStruct {
        package var name = ""
        package var metadata: [UInt8] = []

        package init() {}

        package mutating func layout<V: FieldVisitor>(_ visitor: inout V) throws(V.Failure) {
            try visitor.field(&name)
            try visitor.field(&metadata)
            try visitor.end()
        }
    }
}

package struct JoinGroupResponse: ResponseMessage {
    package static let api = API.joinGroup

    package var throttleTimeMs: Int32 = 0
    package var errorCode: ErrorCode = .none
    package var generationID: Int32 = -1
    package var protocolType: String?
    package var protocolName: String? = ""
    package var leader = ""
    package var skipAssignment = false
    package var memberID = ""
    package var members: [JoinGroupResponseMember] = []

    package init() {}

    package mutating func layout<V: FieldVisitor>(_ visitor: inout V) throws(V.Failure) {
        if visitor.has(2...) { try visitor.field(&throttleTimeMs) }
        try visitor.field(&errorCode)
        try visitor.field(&generationID)
        if visitor.has(7...) { try visitor.field(&protocolType) }
        try visitor.field(&protocolName, nullable: visitor.has(7...))
        try visitor.field(&leader)
        if visitor.has(9...) { try visitor.field(&skipAssignment) }
        try visitor.field(&memberID)
        try visitor.field(&members)
        try visitor.end()
    }

    package struct JoinGroupResponseMember: WireStruct {
        package var memberID = ""
        package var groupInstanceID: String?
        package var metadata: [UInt8] = []

        package init() {}

        package mutating func layout<V: FieldVisitor>(_ visitor: inout V) throws(V.Failure) {
            try visitor.field(&memberID)
            if visitor.has(5...) { try visitor.field(&groupInstanceID) }
            try visitor.field(&metadata)
            try visitor.end()
        }
    }
}
