// Key 43, versions 0 to 2, flexible from 2.
package struct ElectLeadersRequest: RequestMessage {
    package static let api = API.electLeaders
    package typealias Response = ElectLeadersResponse

    package var electionType: Int8 = 0
    package var topicPartitions: [TopicPartitions]? = []
    package var timeoutMs: Int32 = 60000

    package init() {}

    package mutating func layout<V: FieldVisitor>(_ visitor: inout V) throws(V.Failure) {
        if visitor.has(1...) { try visitor.field(&electionType) }
        try visitor.field(&topicPartitions)
        try visitor.field(&timeoutMs)
        try visitor.end()
    }

    package struct TopicPartitions: WireStruct {
        package var topic = ""
        package var partitions: [Int32] = []

        package init() {}

        package mutating func layout<V: FieldVisitor>(_ visitor: inout V) throws(V.Failure) {
            try visitor.field(&topic)
            try visitor.field(&partitions)
            try visitor.end()
        }
    }
}

package struct ElectLeadersResponse: ResponseMessage {
    package static let api = API.electLeaders

    package var throttleTimeMs: Int32 = 0
    package var errorCode: ErrorCode = .none
    package var replicaElectionResults: [ReplicaElectionResult] = []

    package init() {}

    package mutating func layout<V: FieldVisitor>(_ visitor: inout V) throws(V.Failure) {
        try visitor.field(&throttleTimeMs)
        if visitor.has(1...) { try visitor.field(&errorCode) }
        try visitor.field(&replicaElectionResults)
        try visitor.end()
    }

    package struct ReplicaElectionResult: WireStruct {
        package var topic = ""
        package var partitionResult: [PartitionResult] = []

        package init() {}

        package mutating func layout<V: FieldVisitor>(_ visitor: inout V) throws(V.Failure) {
            try visitor.field(&topic)
            try visitor.field(&partitionResult)
            try visitor.end()
        }
    }

    package struct PartitionResult: WireStruct {
        package var partitionID: Int32 = 0
        package var errorCode: ErrorCode = .none
        package var errorMessage: String? = ""

        package init() {}

        package mutating func layout<V: FieldVisitor>(_ visitor: inout V) throws(V.Failure) {
            try visitor.field(&partitionID)
            try visitor.field(&errorCode)
            try visitor.field(&errorMessage)
            try visitor.end()
        }
    }
}
