// Key 16, versions 0 to 5, flexible from 3.
package struct ListGroupsRequest: RequestMessage {
    package static let api = API.listGroups
    package typealias Response = ListGroupsResponse

    package var statesFilter: [String] = []
    package var typesFilter: [String] = []

    package init() {}

    package mutating func layout<V: FieldVisitor>(_ visitor: inout V) throws(V.Failure) {
        if visitor.has(4...) { try visitor.field(&statesFilter) }
        if visitor.has(5...) { try visitor.field(&typesFilter) }
        try visitor.end()
    }
}

package struct ListGroupsResponse: ResponseMessage {
    package static let api = API.listGroups

    package var throttleTimeMs: Int32 = 0
    package var errorCode: ErrorCode = .none
    package var groups: [ListedGroup] = []

    package init() {}

    package mutating func layout<V: FieldVisitor>(_ visitor: inout V) throws(V.Failure) {
        if visitor.has(1...) { try visitor.field(&throttleTimeMs) }
        try visitor.field(&errorCode)
        try visitor.field(&groups)
        try visitor.end()
    }

    package struct ListedGroup: WireStruct {
        package var groupID = ""
        package var protocolType = ""
        package var groupState = ""
        package var groupType = ""

        package init() {}

        package mutating func layout<V: FieldVisitor>(_ visitor: inout V) throws(V.Failure) {
            try visitor.field(&groupID)
            try visitor.field(&protocolType)
            if visitor.has(4...) { try visitor.field(&groupState) }
            if visitor.has(5...) { try visitor.field(&groupType) }
            try visitor.end()
        }
    }
}
