// Key 37, versions 0 to 3, flexible from 2.
package struct CreatePartitionsRequest: RequestMessage {
    package static let api = API.createPartitions
    package typealias Response = CreatePartitionsResponse

    package var topics: [CreatePartitionsTopic] = []
    package var timeoutMs: Int32 = 0
    package var validateOnly = false

    package init() {}

    package mutating func layout<V: FieldVisitor>(_ visitor: inout V) throws(V.Failure) {
        try visitor.field(&topics)
        try visitor.field(&timeoutMs)
        try visitor.field(&validateOnly)
        try visitor.end()
    }

    package struct CreatePartitionsTopic: WireStruct {
        package var name = ""
        package var count: Int32 = 0
        package var assignments: [CreatePartitionsAssignment]? = []

        package init() {}

        package mutating func layout<V: FieldVisitor>(_ visitor: inout V) throws(V.Failure) {
            try visitor.field(&name)
            try visitor.field(&count)
            try visitor.field(&assignments)
            try visitor.end()
        }
    }

    package struct CreatePartitionsAssignment: WireStruct {
        package var brokerIDs: [Int32] = []

        package init() {}

        package mutating func layout<V: FieldVisitor>(_ visitor: inout V) throws(V.Failure) {
            try visitor.field(&brokerIDs)
            try visitor.end()
        }
    }
}

package struct CreatePartitionsResponse: ResponseMessage {
    package static let api = API.createPartitions

    package var throttleTimeMs: Int32 = 0
    package var results: [CreatePartitionsTopicResult] = []

    package init() {}

    package mutating func layout<V: FieldVisitor>(_ visitor: inout V) throws(V.Failure) {
        try visitor.field(&throttleTimeMs)
        try visitor.field(&results)
        try visitor.end()
    }

    package struct CreatePartitionsTopicResult: WireStruct {
        package var name = ""
        package var errorCode: ErrorCode = .none
        package var errorMessage: String?

        package init() {}

        package mutating func layout<V: FieldVisitor>(_ visitor: inout V) throws(V.Failure) {
            try visitor.field(&name)
            try visitor.field(&errorCode)
            try visitor.field(&errorMessage)
            try visitor.end()
        }
    }
}
