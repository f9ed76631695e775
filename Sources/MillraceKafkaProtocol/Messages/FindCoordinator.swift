// Key 10, versions 0 to 6, flexible from 3.
package struct FindCoordinatorRequest: RequestMessage {
    package static let api = API.findCoordinator
    package typealias Response = FindCoordinatorResponse

    package var key = ""
    package var keyType: Int8 = 0
    package var coordinatorKeys: [String] = []

    package init() {}

    package mutating func layout<V: FieldVisitor>(_ visitor: inout V) throws(V.Failure) {
        if visitor.has(...3) { try visitor.field(&key) }
        if visitor.has(1...) { try visitor.field(&keyType) }
        if visitor.has(4...) { try visitor.field(&coordinatorKeys) }
        try visitor.end()
    }
}

package struct FindCoordinatorResponse: ResponseMessage {
    package static let api = API.findCoordinator

    package var throttleTimeMs: Int32 = 0
    package var errorCode: ErrorCode = .none
    package var errorMessage: String? = ""
    package var nodeID: Int32 = 0
    package var host = ""
    package var port: Int32 = 0
    package var coordinators: [Coordinator] = []

    package init() {}

    package mutating func layout<V: FieldVisitor>(_ visitor: inout V) throws(V.Failure) {
        if visitor.has(1...) { try visitor.field(&throttleTimeMs) }
        if visitor.has(...3) { try visitor.field(&errorCode) }
        if visitor.has(1...3) { try visitor.field(&errorMessage) }
        if visitor.has(...3) { try visitor.field(&nodeID) }
        if visitor.has(...3) { try visitor.field(&host) }
        if visitor.has(...3) { try visitor.field(&port) }
        if visitor.has(4...) { try visitor.field(&coordinators) }
        try visitor.end()
    }

    package struct Coordinator: WireStruct {
        package var key = ""
        package var nodeID: Int32 = 0
        package var host = ""
        package var port: Int32 = 0
        package var errorCode: ErrorCode = .none
        package var errorMessage: String? = ""

        package init() {}

        package mutating func layout<V: FieldVisitor>(_ visitor: inout V) throws(V.Failure) {
            try visitor.field(&key)
            try visitor.field(&nodeID)
            try visitor.field(&host)
            try visitor.field(&port)
            try visitor.field(&errorCode)
            try visitor.field(&errorMessage)
            try visitor.end()
        }
    }
}
