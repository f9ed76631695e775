package import MillraceModel

// Key 81, versions 0 to 0, flexible from 0.
package struct RemoveRaftVoterRequest: RequestMessage {
    package static let api = API.removeRaftVoter
    package typealias Response = RemoveRaftVoterResponse

    package var clusterID: String? = ""
    package var voterID: Int32 = 0
    package var voterDirectoryID: TopicID = .zero

    package init() {}

    package mutating func layout<V: FieldVisitor>(_ visitor: inout V) throws(V.Failure) {
        try visitor.field(&clusterID)
        try visitor.field(&voterID)
        try visitor.field(&voterDirectoryID)
        try visitor.end()
    }
}

package struct RemoveRaftVoterResponse: ResponseMessage {
    package static let api = API.removeRaftVoter

    package var throttleTimeMs: Int32 = 0
    package var errorCode: ErrorCode = .none
    package var errorMessage: String? = ""

    package init() {}

    package mutating func layout<V: FieldVisitor>(_ visitor: inout V) throws(V.Failure) {
        try visitor.field(&throttleTimeMs)
        try visitor.field(&errorCode)
        try visitor.field(&errorMessage)
        try visitor.end()
    }
}
