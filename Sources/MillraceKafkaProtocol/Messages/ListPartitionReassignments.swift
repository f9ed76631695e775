// Key 46, versions 0 to 0, flexible from 0.
package struct ListPartitionReassignmentsRequest: RequestMessage {
    package static let api = API.listPartitionReassignments
    package typealias Response = ListPartitionReassignmentsResponse

    package var timeoutMs: Int32 = 60000
    package var topics: [ListPartitionReassignmentsTopics]?

    package init() {}

    package mutating func layout<V: FieldVisitor>(_ visitor: inout V) throws(V.Failure) {
        try visitor.field(&timeoutMs)
        try visitor.field(&topics)
        try visitor.end()
    }

    package struct ListPartitionReassignmentsTopics: WireStruct {
        package var name = ""
        package var partitionIndexes: [Int32] = []

        package init() {}

        package mutating func layout<V: FieldVisitor>(_ visitor: inout V) throws(V.Failure) {
            try visitor.field(&name)
            try visitor.field(&partitionIndexes)
            try visitor.end()
        }
    }
}

package struct ListPartitionReassignmentsResponse: ResponseMessage {
    package static let api = API.listPartitionReassignments

    package var throttleTimeMs: Int32 = 0
    package var errorCode: ErrorCode = .none
    package var errorMessage: String? = ""
    package var topics: [OngoingTopicReassignment] = []

    package init() {}

    package mutating func layout<V: FieldVisitor>(_ visitor: inout V) throws(V.Failure) {
        try visitor.field(&throttleTimeMs)
        try visitor.field(&errorCode)
        try visitor.field(&errorMessage)
        try visitor.field(&topics)
        try visitor.end()
    }

    package struct OngoingTopicReassignment: WireStruct {
        package var name = ""
        package var partitions: [OngoingPartitionReassignment] = []

        package init() {}

        package mutating func layout<V: FieldVisitor>(_ visitor: inout V) throws(V.Failure) {
            try visitor.field(&name)
            try visitor.field(&partitions)
            try visitor.end()
        }
    }

    package struct OngoingPartitionReassignment: WireStruct {
        package var partitionIndex: Int32 = 0
        package var replicas: [Int32] = []
        package var addingReplicas: [Int32] = []
        package var removingReplicas: [Int32] = []

        package init() {}

        package mutating func layout<V: FieldVisitor>(_ visitor: inout V) throws(V.Failure) {
            try visitor.field(&partitionIndex)
            try visitor.field(&replicas)
            try visitor.field(&addingReplicas)
            try visitor.field(&removingReplicas)
            try visitor.end()
        }
    }
}
