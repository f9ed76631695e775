// Key 88, versions 0 to 1, flexible from 0.
package struct StreamsGroupHeartbeatRequest: RequestMessage {
    package static let api = API.streamsGroupHeartbeat
    package typealias Response = StreamsGroupHeartbeatResponse

    package var groupID = ""
    package var memberID = ""
    package var memberEpoch: Int32 = 0
    package var endpointInformationEpoch: Int32 = 0
    package var instanceID: String?
    package var rackID: String?
    package var rebalanceTimeoutMs: Int32 = -1
    package var topology: Topology?
    package var activeTasks: [TaskIDs]?
    package var standbyTasks: [TaskIDs]?
    package var warmupTasks: [TaskIDs]?
    package var processID: String?
    package var userEndpoint: Endpoint?
    package var clientTags: [KeyValue]?
    package var taskOffsets: [TaskOffset]?
    package var taskEndOffsets: [TaskOffset]?
    package var shutdownApplication = false

    package init() {}

    package mutating func layout<V: FieldVisitor>(_ visitor: inout V) throws(V.Failure) {
        try visitor.field(&groupID)
        try visitor.field(&memberID)
        try visitor.field(&memberEpoch)
        try visitor.field(&endpointInformationEpoch)
        try visitor.field(&instanceID)
        try visitor.field(&rackID)
        try visitor.field(&rebalanceTimeoutMs)
        try visitor.field(&topology)
        try visitor.field(&activeTasks)
        try visitor.field(&standbyTasks)
        try visitor.field(&warmupTasks)
        try visitor.field(&processID)
        try visitor.field(&userEndpoint)
        try visitor.field(&clientTags)
        try visitor.field(&taskOffsets)
        try visitor.field(&taskEndOffsets)
        try visitor.field(&shutdownApplication)
        try visitor.end()
    }

    package struct Topology: WireStruct {
        package var epoch: Int32 = 0
        package var subtopologies: [Subtopology] = []

        package init() {}

        package mutating func layout<V: FieldVisitor>(_ visitor: inout V) throws(V.Failure) {
            try visitor.field(&epoch)
            try visitor.field(&subtopologies)
            try visitor.end()
        }
    }

    package struct KeyValue: WireStruct {
        package var key = ""
        package var value = ""

        package init() {}

        package mutating func layout<V: FieldVisitor>(_ visitor: inout V) throws(V.Failure) {
            try visitor.field(&key)
            try visitor.field(&value)
            try visitor.end()
        }
    }

    package struct TopicInfo: WireStruct {
        package var name = ""
        package var partitions: Int32 = 0
        package var replicationFactor: Int16 = 0
        package var topicConfigs: [KeyValue] = []

        package init() {}

        package mutating func layout<V: FieldVisitor>(_ visitor: inout V) throws(V.Failure) {
            try visitor.field(&name)
            try visitor.field(&partitions)
            try visitor.field(&replicationFactor)
            try visitor.field(&topicConfigs)
            try visitor.end()
        }
    }

    package struct Endpoint: WireStruct {
        package var host = ""
        package var port: UInt16 = 0

        package init() {}

        package mutating func layout<V: FieldVisitor>(_ visitor: inout V) throws(V.Failure) {
            try visitor.field(&host)
            try visitor.field(&port)
            try visitor.end()
        }
    }

    package struct TaskOffset: WireStruct {
        package var subtopologyID = ""
        package var partition: Int32 = 0
        package var offset: Int64 = 0

        package init() {}

        package mutating func layout<V: FieldVisitor>(_ visitor: inout V) throws(V.Failure) {
            try visitor.field(&subtopologyID)
            try visitor.field(&partition)
            try visitor.field(&offset)
            try visitor.end()
        }
    }

    package struct TaskIDs: WireStruct {
        package var subtopologyID = ""
        package var partitions: [Int32] = []

        package init() {}

        package mutating func layout<V: FieldVisitor>(_ visitor: inout V) throws(V.Failure) {
            try visitor.field(&subtopologyID)
            try visitor.field(&partitions)
            try visitor.end()
        }
    }

    package struct Subtopology: WireStruct {
        package var subtopologyID = ""
        package var sourceTopics: [String] = []
        package var sourceTopicRegex: [String] = []
        package var stateChangelogTopics: [TopicInfo] = []
        package var repartitionSinkTopics: [String] = []
        package var repartitionSourceTopics: [TopicInfo] = []
        package var copartitionGroups: [CopartitionGroup] = []

        package init() {}

        package mutating func layout<V: FieldVisitor>(_ visitor: inout V) throws(V.Failure) {
            try visitor.field(&subtopologyID)
            try visitor.field(&sourceTopics)
            try visitor.field(&sourceTopicRegex)
            try visitor.field(&stateChangelogTopics)
            try visitor.field(&repartitionSinkTopics)
            try visitor.field(&repartitionSourceTopics)
            try visitor.field(&copartitionGroups)
            try visitor.end()
        }
    }

    package struct CopartitionGroup: WireStruct {
        package var sourceTopics: [Int16] = []
        package var sourceTopicRegex: [Int16] = []
        package var repartitionSourceTopics: [Int16] = []

        package init() {}

        package mutating func layout<V: FieldVisitor>(_ visitor: inout V) throws(V.Failure) {
            try visitor.field(&sourceTopics)
            try visitor.field(&sourceTopicRegex)
            try visitor.field(&repartitionSourceTopics)
            try visitor.end()
        }
    }
}

package struct StreamsGroupHeartbeatResponse: ResponseMessage {
    package static let api = API.streamsGroupHeartbeat

    package var throttleTimeMs: Int32 = 0
    package var errorCode: ErrorCode = .none
    package var errorMessage: String?
    package var memberID = ""
    package var memberEpoch: Int32 = 0
    package var heartbeatIntervalMs: Int32 = 0
    package var acceptableRecoveryLagLegacy: Int32 = 0
    package var taskOffsetIntervalMs: Int32 = 0
    package var acceptableRecoveryLag: Int64 = -1
    package var status: [Status]? = []
    package var activeTasks: [TaskIDs]?
    package var standbyTasks: [TaskIDs]?
    package var warmupTasks: [TaskIDs]?
    package var topologyDescriptionRequired = false
    package var endpointInformationEpoch: Int32 = 0
    package var partitionsByUserEndpoint: [EndpointToPartitions]?

    package init() {}

    package mutating func layout<V: FieldVisitor>(_ visitor: inout V) throws(V.Failure) {
        try visitor.field(&throttleTimeMs)
        try visitor.field(&errorCode)
        try visitor.field(&errorMessage)
        try visitor.field(&memberID)
        try visitor.field(&memberEpoch)
        try visitor.field(&heartbeatIntervalMs)
        if visitor.has(...0) { try visitor.field(&acceptableRecoveryLagLegacy) }
        try visitor.field(&taskOffsetIntervalMs)
        if visitor.has(1...) { try visitor.field(&acceptableRecoveryLag) }
        try visitor.field(&status)
        try visitor.field(&activeTasks)
        try visitor.field(&standbyTasks)
        try visitor.field(&warmupTasks)
        if visitor.has(1...) { try visitor.field(&topologyDescriptionRequired) }
        try visitor.field(&endpointInformationEpoch)
        try visitor.field(&partitionsByUserEndpoint)
        try visitor.end()
    }

    package struct EndpointToPartitions: WireStruct {
        package var userEndpoint = Endpoint()
        package var activePartitions: [TopicPartition] = []
        package var standbyPartitions: [TopicPartition] = []

        package init() {}

        package mutating func layout<V: FieldVisitor>(_ visitor: inout V) throws(V.Failure) {
            try visitor.field(&userEndpoint)
            try visitor.field(&activePartitions)
            try visitor.field(&standbyPartitions)
            try visitor.end()
        }
    }

    package struct Status: WireStruct {
        package var statusCode: Int8 = 0
        package var statusDetail = ""

        package init() {}

        package mutating func layout<V: FieldVisitor>(_ visitor: inout V) throws(V.Failure) {
            try visitor.field(&statusCode)
            try visitor.field(&statusDetail)
            try visitor.end()
        }
    }

    package struct TopicPartition: WireStruct {
        package var topic = ""
        package var partitions: [Int32] = []

        package init() {}

        package mutating func layout<V: FieldVisitor>(_ visitor: inout V) throws(V.Failure) {
            try visitor.field(&topic)
            try visitor.field(&partitions)
            try visitor.end()
        }
    }

    package struct TaskIDs: WireStruct {
        package var subtopologyID = ""
        package var partitions: [Int32] = []

        package init() {}

        package mutating func layout<V: FieldVisitor>(_ visitor: inout V) throws(V.Failure) {
            try visitor.field(&subtopologyID)
            try visitor.field(&partitions)
            try visitor.end()
        }
    }

    package struct Endpoint: WireStruct {
        package var host = ""
        package var port: UInt16 = 0

        package init() {}

        package mutating func layout<V: FieldVisitor>(_ visitor: inout V) throws(V.Failure) {
            try visitor.field(&host)
            try visitor.field(&port)
            try visitor.end()
        }
    }
}
