// Key 45, versions 0 to 1, flexible from 0.
package struct AlterPartitionReassignmentsRequest: RequestMessage {
    package static let api = API.alterPartitionReassignments
    package typealias Response = AlterPartitionReassignmentsResponse

    package var timeoutMs: Int32 = 60000
    package var allowReplicationFactorChange = true
    package var topics: [ReassignableTopic] = []

    package init() {}

    package mutating func layout<V: FieldVisitor>(_ visitor: inout V) throws(V.Failure) {
        try visitor.field(&timeoutMs)
        if visitor.has(1...) { try visitor.field(&allowReplicationFactorChange) }
        try visitor.field(&topics)
        try visitor.end()
    }

    package struct ReassignableTopic: WireStruct {
        package var name = ""
        package var partitions: [ReassignablePartition] = []

        package init() {}

        package mutating func layout<V: FieldVisitor>(_ visitor: inout V) throws(V.Failure) {
            try visitor.field(&name)
            try visitor.field(&partitions)
            try visitor.end()
        }
    }

    package struct ReassignablePartition: WireStruct {
        package var partitionIndex: Int32 = 0
        package var replicas: [Int32]?

        package init() {}

        package mutating func layout<V: FieldVisitor>(_ visitor: inout V) throws(V.Failure) {
            try visitor.field(&partitionIndex)
            try visitor.field(&replicas)
            try visitor.end()
        }
    }
}

package struct AlterPartitionReassignmentsResponse: ResponseMessage {
    package static let api = API.alterPartitionReassignments

    package var throttleTimeMs: Int32 = 0
    package var allowReplicationFactorChange = true
    package var errorCode: ErrorCode = .none
    package var errorMessage: String? = ""
    package var responses: [ReassignableTopicResponse] = []

    package init() {}

    package mutating func layout<V: FieldVisitor>(_ visitor: inout V) throws(V.Failure) {
        try visitor.field(&throttleTimeMs)
        if visitor.has(1...) { try visitor.field(&allowReplicationFactorChange) }
        try visitor.field(&errorCode)
        try visitor.field(&errorMessage)
        try visitor.field(&responses)
        try visitor.end()
    }

    package struct ReassignableTopicResponse: WireStruct {
        package var name = ""
        package var partitions: [ReassignablePartitionResponse] = []

        package init() {}

        package mutating func layout<V: FieldVisitor>(_ visitor: inout V) throws(V.Failure) {
            try visitor.field(&name)
            try visitor.field(&partitions)
            try visitor.end()
        }
    }

    package struct ReassignablePartitionResponse: WireStruct {
        package var partitionIndex: Int32 = 0
        package var errorCode: ErrorCode = .none
        package var errorMessage: String? = ""

        package init() {}

        package mutating func layout<V: FieldVisitor>(_ visitor: inout V) throws(V.Failure) {
            try visitor.field(&partitionIndex)
            try visitor.field(&errorCode)
            try visitor.field(&errorMessage)
            try visitor.end()
        }
    }
}
