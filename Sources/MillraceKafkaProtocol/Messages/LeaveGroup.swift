// Key 13, versions 0 to 5, flexible from 4.
package struct LeaveGroupRequest: RequestMessage {
    package static let api = API.leaveGroup
    package typealias Response = LeaveGroupResponse

    package var groupID = ""
    package var memberID = ""
    package var members: [MemberIdentity] = []

    package init() {}

    package mutating func layout<V: FieldVisitor>(_ visitor: inout V) throws(V.Failure) {
        try visitor.field(&groupID)
        if visitor.has(...2) { try visitor.field(&memberID) }
        if visitor.has(3...) { try visitor.field(&members) }
        try visitor.end()
    }

    package struct MemberIdentity: WireStruct {
        package var memberID = ""
        package var groupInstanceID: String?
        package var reason: String?

        package init() {}

        package mutating func layout<V: FieldVisitor>(_ visitor: inout V) throws(V.Failure) {
            try visitor.field(&memberID)
            try visitor.field(&groupInstanceID)
            if visitor.has(5...) { try visitor.field(&reason) }
            try visitor.end()
        }
    }
}

package struct LeaveGroupResponse: ResponseMessage {
    package static let api = API.leaveGroup

    package var throttleTimeMs: Int32 = 0
    package var errorCode: ErrorCode = .none
    package var members: [MemberResponse] = []

    package init() {}

    package mutating func layout<V: FieldVisitor>(_ visitor: inout V) throws(V.Failure) {
        if visitor.has(1...) { try visitor.field(&throttleTimeMs) }
        try visitor.field(&errorCode)
        if visitor.has(3...) { try visitor.field(&members) }
        try visitor.end()
    }

    package struct MemberResponse: WireStruct {
        package var memberID = ""
        package var groupInstanceID: String? = ""
        package var errorCode: ErrorCode = .none

        package init() {}

        package mutating func layout<V: FieldVisitor>(_ visitor: inout V) throws(V.Failure) {
            try visitor.field(&memberID)
            try visitor.field(&groupInstanceID)
            try visitor.field(&errorCode)
            try visitor.end()
        }
    }
}
