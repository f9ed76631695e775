package import MillraceModel

// Key 55, versions 0 to 2, flexible from 0.
package struct DescribeQuorumRequest: RequestMessage {
    package static let api = API.describeQuorum
    package typealias Response = DescribeQuorumResponse

    package var topics: [TopicData] = []

    package init() {}

    package mutating func layout<V: FieldVisitor>(_ visitor: inout V) throws(V.Failure) {
        try visitor.field(&topics)
        try visitor.end()
    }

    package struct TopicData: WireStruct {
        package var topicName = ""
        package var partitions: [PartitionData] = []

        package init() {}

        package mutating func layout<V: FieldVisitor>(_ visitor: inout V) throws(V.Failure) {
            try visitor.field(&topicName)
            try visitor.field(&partitions)
            try visitor.end()
        }
    }

    package struct PartitionData: WireStruct {
        package var partitionIndex: Int32 = 0

        package init() {}

        package mutating func layout<V: FieldVisitor>(_ visitor: inout V) throws(V.Failure) {
            try visitor.field(&partitionIndex)
            try visitor.end()
        }
    }
}

package struct DescribeQuorumResponse: ResponseMessage {
    package static let api = API.describeQuorum

    package var errorCode: ErrorCode = .none
    package var errorMessage: String? = ""
    package var topics: [TopicData] = []
    package var nodes: [Node] = []

    package init() {}

    package mutating func layout<V: FieldVisitor>(_ visitor: inout V) throws(V.Failure) {
        try visitor.field(&errorCode)
        if visitor.has(2...) { try visitor.field(&errorMessage) }
        try visitor.field(&topics)
        if visitor.has(2...) { try visitor.field(&nodes) }
        try visitor.end()
    }

    package struct TopicData: WireStruct {
        package var topicName = ""
        package var partitions: [PartitionData] = []

        package init() {}

        package mutating func layout<V: FieldVisitor>(_ visitor: inout V) throws(V.Failure) {
            try visitor.field(&topicName)
            try visitor.field(&partitions)
            try visitor.end()
        }
    }

    package struct Node: WireStruct {
        package var nodeID: Int32 = 0
        package var listeners: [Listener] = []

        package init() {}

        package mutating func layout<V: FieldVisitor>(_ visitor: inout V) throws(V.Failure) {
            try visitor.field(&nodeID)
            try visitor.field(&listeners)
            try visitor.end()
        }
    }

    package struct ReplicaState: WireStruct {
        package var replicaID: Int32 = 0
        package var replicaDirectoryID: TopicID = .zero
        package var logEndOffset: Int64 = 0
        package var lastFetchTimestamp: Int64 = -1
        package var lastCaughtUpTimestamp: Int64 = -1

        package init() {}

        package mutating func layout<V: FieldVisitor>(_ visitor: inout V) throws(V.Failure) {
            try visitor.field(&replicaID)
            if visitor.has(2...) { try visitor.field(&replicaDirectoryID) }
            try visitor.field(&logEndOffset)
            if visitor.has(1...) { try visitor.field(&lastFetchTimestamp) }
            if visitor.has(1...) { try visitor.field(&lastCaughtUpTimestamp) }
            try visitor.end()
        }
    }

    package struct PartitionData: WireStruct {
        package var partitionIndex: Int32 = 0
        package var errorCode: ErrorCode = .none
        package var errorMessage: String? = ""
        package var leaderID: Int32 = 0
        package var leaderEpoch: Int32 = 0
        package var highWatermark: Int64 = 0
        package var currentVoters: [ReplicaState] = []
        package var observers: [ReplicaState] = []

        package init() {}

        package mutating func layout<V: FieldVisitor>(_ visitor: inout V) throws(V.Failure) {
            try visitor.field(&partitionIndex)
            try visitor.field(&errorCode)
            if visitor.has(2...) { try visitor.field(&errorMessage) }
            try visitor.field(&leaderID)
            try visitor.field(&leaderEpoch)
            try visitor.field(&highWatermark)
            try visitor.field(&currentVoters)
            try visitor.field(&observers)
            try visitor.end()
        }
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
