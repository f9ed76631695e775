// Key 42, versions 0 to 3, flexible from 2.
package struct DeleteGroupsRequest: RequestMessage {
    package static let api = API.deleteGroups
    package typealias Response = DeleteGroupsResponse

    package var groupsNames: [String] = []

    package init() {}

    package mutating func layout<V: FieldVisitor>(_ visitor: inout V) throws(V.Failure) {
        try visitor.field(&groupsNames)
        try visitor.end()
    }
}

package struct DeleteGroupsResponse: ResponseMessage {
    package static let api = API.deleteGroups

    package var throttleTimeMs: Int32 = 0
    package var results: [DeletableGroupResult] = []

    package init() {}

    package mutating func layout<V: FieldVisitor>(_ visitor: inout V) throws(V.Failure) {
        try visitor.field(&throttleTimeMs)
        try visitor.field(&results)
        try visitor.end()
    }

    package struct DeletableGroupResult: WireStruct {
        package var groupID = ""
        package var errorCode: ErrorCode = .none
        package var errorMessage: String?

        package init() {}

        package mutating func layout<V: FieldVisitor>(_ visitor: inout V) throws(V.Failure) {
            try visitor.field(&groupID)
            try visitor.field(&errorCode)
            if visitor.has(3...) { try visitor.field(&errorMessage) }
            try visitor.end()
        }
    }
}
