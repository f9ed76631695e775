package import MillraceModel

// Key 80, versions 0 to 1, flexible from 0.
package struct AddRaftVoterRequest: RequestMessage {
    package static let api = API.addRaftVoter
    package typealias Response = AddRaftVoterResponse

    package var clusterID: String? = ""
    package var timeoutMs: Int32 = 0
    package var voterID: Int32 = 0
    package var voterDirectoryID: TopicID = .zero
    package var listeners: [Listener] = []
    package var ackWhenCommitted = true

    package init() {}

    package mutating func layout<V: FieldVisitor>(_ visitor: inout V) throws(V.Failure) {
        try visitor.field(&clusterID)
        try visitor.field(&timeoutMs)
        try visitor.field(&voterID)
        try visitor.field(&voterDirectoryID)
        try visitor.field(&listeners)
        if visitor.has(1...) { try visitor.field(&ackWhenCommitted) }
        try visitor.end()
    }

    package struct Listener: WireStruct {
        package var name = ""
        package var host = ""
        package var port: UInt16 = 0

        package init() {}

        package mutating func layout<V: FieldVisitor>(_ visitor: inout V) throws(V.Failure) {
            try visitor.field(&name)
            try visitor.field(&host)
            try visitor.field(&port)
            try visitor.end()
        }
    }
}

package struct AddRaftVoterResponse: ResponseMessage {
    package static let api = API.addRaftVoter

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
