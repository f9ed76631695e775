package import MillraceModel

// Key 0, versions 0 to 13, flexible from 9.
package struct ProduceRequest: RequestMessage {
    package static let api = API.produce
    package typealias Response = ProduceResponse

    package var transactionalID: String?
    package var acks: Int16 = 0
    package var timeoutMs: Int32 = 0
    package var topicData: [TopicProduceData] = []

    package init() {}

    package mutating func layout<V: FieldVisitor>(_ visitor: inout V) throws(V.Failure) {
        if visitor.has(3...) { try visitor.field(&transactionalID) }
        try visitor.field(&acks)
        try visitor.field(&timeoutMs)
        try visitor.field(&topicData)
        try visitor.end()
    }

    package struct TopicProduceData: WireStruct {
        package var name = ""
        package var topicID: TopicID = .zero
        package var partitionData: [PartitionProduceData] = []

        package init() {}

        package mutating func layout<V: FieldVisitor>(_ visitor: inout V) throws(V.Failure) {
            if visitor.has(...12) { try visitor.field(&name) }
            if visitor.has(13...) { try visitor.field(&topicID) }
            try visitor.field(&partitionData)
            try visitor.end()
        }
    }

    package struct PartitionProduceData: WireStruct {
        package var index: Int32 = 0
        package var records = RecordData()

        package init() {}

        package mutating func layout<V: FieldVisitor>(_ visitor: inout V) throws(V.Failure) {
            try visitor.field(&index)
            try visitor.field(&records)
            try visitor.end()
        }
    }
}

package struct ProduceResponse: ResponseMessage {
    package static let api = API.produce

    package var responses: [TopicProduceResponse] = []
    package var throttleTimeMs: Int32 = 0
    package var nodeEndpoints: [NodeEndpoint] = []

    package init() {}

    package mutating func layout<V: FieldVisitor>(_ visitor: inout V) throws(V.Failure) {
        try visitor.field(&responses)
        if visitor.has(1...) { try visitor.field(&throttleTimeMs) }
        if visitor.has(10...) { try visitor.tag(0, &nodeEndpoints) }
        try visitor.end()
    }

    package struct TopicProduceResponse: WireStruct {
        package var name = ""
        package var topicID: TopicID = .zero
        package var partitionResponses: [PartitionProduceResponse] = []

        package init() {}

        package mutating func layout<V: FieldVisitor>(_ visitor: inout V) throws(V.Failure) {
            if visitor.has(...12) { try visitor.field(&name) }
            if visitor.has(13...) { try visitor.field(&topicID) }
            try visitor.field(&partitionResponses)
            try visitor.end()
        }
    }

    package struct NodeEndpoint: WireStruct {
        package var nodeID: Int32 = 0
        package var host = ""
        package var port: Int32 = 0
        package var rack: String?

        package init() {}

        package mutating func layout<V: FieldVisitor>(_ visitor: inout V) throws(V.Failure) {
            try visitor.field(&nodeID)
            try visitor.field(&host)
            try visitor.field(&port)
            try visitor.field(&rack)
            try visitor.end()
        }
    }

    package struct PartitionProduceResponse: WireStruct {
        package var index: Int32 = 0
        package var errorCode: ErrorCode = .none
        package var baseOffset: Int64 = 0
        package var logAppendTimeMs: Int64 = -1
        package var logStartOffset: Int64 = -1
        package var recordErrors: [BatchIndexAndErrorMessage] = []
        package var errorMessage: String?
        package var currentLeader = LeaderIDAndEpoch()

        package init() {}

        package mutating func layout<V: FieldVisitor>(_ visitor: inout V) throws(V.Failure) {
            try visitor.field(&index)
            try visitor.field(&errorCode)
            try visitor.field(&baseOffset)
            if visitor.has(2...) { try visitor.field(&logAppendTimeMs) }
            if visitor.has(5...) { try visitor.field(&logStartOffset) }
            if visitor.has(8...) { try visitor.field(&recordErrors) }
            if visitor.has(8...) { try visitor.field(&errorMessage) }
            if visitor.has(10...) { try visitor.tag(0, &currentLeader) }
            try visitor.end()
        }
    }

    package struct BatchIndexAndErrorMessage: WireStruct {
        package var batchIndex: Int32 = 0
        package var batchIndexErrorMessage: String?

        package init() {}

        package mutating func layout<V: FieldVisitor>(_ visitor: inout V) throws(V.Failure) {
            try visitor.field(&batchIndex)
            try visitor.field(&batchIndexErrorMessage)
            try visitor.end()
        }
    }

    package struct LeaderIDAndEpoch: WireStruct {
        package var leaderID: Int32 = -1
        package var leaderEpoch: Int32 = -1

        package init() {}

        package mutating func layout<V: FieldVisitor>(_ visitor: inout V) throws(V.Failure) {
            try visitor.field(&leaderID)
            try visitor.field(&leaderEpoch)
            try visitor.end()
        }
    }
}
