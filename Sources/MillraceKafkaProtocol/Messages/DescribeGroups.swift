// Key 15, versions 0 to 6, flexible from 5.
package struct DescribeGroupsRequest: RequestMessage {
    package static let api = API.describeGroups
    package typealias Response = DescribeGroupsResponse

    package var groups: [String] = []
    package var includeAuthorizedOperations = false

    package init() {}

    package mutating func layout<V: FieldVisitor>(_ visitor: inout V) throws(V.Failure) {
        try visitor.field(&groups)
        if visitor.has(3...) { try visitor.field(&includeAuthorizedOperations) }
        try visitor.end()
    }
}

package struct DescribeGroupsResponse: ResponseMessage {
    package static let api = API.describeGroups

    package var throttleTimeMs: Int32 = 0
    package var groups: [DescribedGroup] = []

    package init() {}

    package mutating func layout<V: FieldVisitor>(_ visitor: inout V) throws(V.Failure) {
        if visitor.has(1...) { try visitor.field(&throttleTimeMs) }
        try visitor.field(&groups)
        try visitor.end()
    }

    package struct DescribedGroup: WireStruct {
        package var errorCode: ErrorCode = .none
        package var errorMessage: String?
        package var groupID = ""
        package var groupState = ""
        package var protocolType = ""
        package var protocolData = ""
        package var members: [DescribedGroupMember] = []
        package var authorizedOperations: Int32 = .min

        package init() {}

        package mutating func layout<V: FieldVisitor>(_ visitor: inout V) throws(V.Failure) {
            try visitor.field(&errorCode)
            if visitor.has(6...) { try visitor.field(&errorMessage) }
            try visitor.field(&groupID)
            try visitor.field(&groupState)
            try visitor.field(&protocolType)
            try visitor.field(&protocolData)
            try visitor.field(&members)
            if visitor.has(3...) { try visitor.field(&authorizedOperations) }
            try visitor.end()
        }
    }

    package struct DescribedGroupMember: WireStruct {
        package var memberID = ""
        package var groupInstanceID: String?
        package var clientID = ""
        package var clientHost = ""
        package var memberMetadata: [UInt8] = []
        package var memberAssignment: [UInt8] = []

        package init() {}

        package mutating func layout<V: FieldVisitor>(_ visitor: inout V) throws(V.Failure) {
            try visitor.field(&memberID)
            if visitor.has(4...) { try visitor.field(&groupInstanceID) }
            try visitor.field(&clientID)
            try visitor.field(&clientHost)
            try visitor.field(&memberMetadata)
            try visitor.field(&memberAssignment)
            try visitor.end()
        }
    }
}
