// Key 89, versions 0 to 1, flexible from 0.
package struct StreamsGroupDescribeRequest: RequestMessage {
    package static let api = API.streamsGroupDescribe
    package typealias Response = StreamsGroupDescribeResponse

    package var groupIDs: [String] = []
    package var includeAuthorizedOperations = false
    package var includeTopologyDescription = false

    package init() {}

    package mutating func layout<V: FieldVisitor>(_ visitor: inout V) throws(V.Failure) {
        try visitor.field(&groupIDs)
        try visitor.field(&includeAuthorizedOperations)
        if visitor.has(1...) { try visitor.field(&includeTopologyDescription) }
        try visitor.end()
    }
}

package struct StreamsGroupDescribeResponse: ResponseMessage {
    package static let api = API.streamsGroupDescribe

    package var throttleTimeMs: Int32 = 0
    package var groups: [DescribedGroup] = []

    package init() {}

    package mutating func layout<V: FieldVisitor>(_ visitor: inout V) throws(V.Failure) {
        try visitor.field(&throttleTimeMs)
        try visitor.field(&groups)
        try visitor.end()
    }

    package struct DescribedGroup: WireStruct {
        package var errorCode: ErrorCode = .none
        package var errorMessage: String?
        package var groupID = ""
        package var groupState = ""
        package var groupEpoch: Int32 = 0
        package var assignmentEpoch: Int32 = 0
        package var topology: Topology?
        package var members: [Member] = []
        package var authorizedOperations: Int32 = .min
        package var topologyDescription: TopologyDescription?
        package var topologyDescriptionStatus: Int8 = 0
        package var assignorName: String?

        package init() {}

        package mutating func layout<V: FieldVisitor>(_ visitor: inout V) throws(V.Failure) {
            try visitor.field(&errorCode)
            try visitor.field(&errorMessage)
            try visitor.field(&groupID)
            try visitor.field(&groupState)
            try visitor.field(&groupEpoch)
            try visitor.field(&assignmentEpoch)
            try visitor.field(&topology)
            try visitor.field(&members)
            try visitor.field(&authorizedOperations)
            if visitor.has(1...) { try visitor.field(&topologyDescription) }
            if visitor.has(1...) { try visitor.field(&topologyDescriptionStatus) }
            if visitor.has(1...) { try visitor.field(&assignorName) }
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

    package struct Assignment: WireStruct {
        package var activeTasks: [TaskIDs] = []
        package var standbyTasks: [TaskIDs] = []
        package var warmupTasks: [TaskIDs] = []

        package init() {}

        package mutating func layout<V: FieldVisitor>(_ visitor: inout V) throws(V.Failure) {
            try visitor.field(&activeTasks)
            try visitor.field(&standbyTasks)
            try visitor.field(&warmupTasks)
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

    package struct TopologyDescription: WireStruct {
        package var subtopologies: [TopologyDescriptionSubtopology] = []
        package var globalStores: [TopologyDescriptionGlobalStore] = []

        package init() {}

        package mutating func layout<V: FieldVisitor>(_ visitor: inout V) throws(V.Failure) {
            try visitor.field(&subtopologies)
            try visitor.field(&globalStores)
            try visitor.end()
        }
    }

    package struct TopologyDescriptionSubtopology: WireStruct {
        package var subtopologyID = ""
        package var nodes: [TopologyDescriptionNode] = []

        package init() {}

        package mutating func layout<V: FieldVisitor>(_ visitor: inout V) throws(V.Failure) {
            try visitor.field(&subtopologyID)
            try visitor.field(&nodes)
            try visitor.end()
        }
    }

    package struct TopologyDescriptionNode: WireStruct {
        package var name = ""
        package var nodeType: Int8 = 0
        package var sourceTopics: [String] = []
        package var sinkTopic: String?
        package var stores: [String] = []
        package var successors: [String] = []

        package init() {}

        package mutating func layout<V: FieldVisitor>(_ visitor: inout V) throws(V.Failure) {
            try visitor.field(&name)
            try visitor.field(&nodeType)
            try visitor.field(&sourceTopics)
            try visitor.field(&sinkTopic)
            try visitor.field(&stores)
            try visitor.field(&successors)
            try visitor.end()
        }
    }

    package struct TopologyDescriptionGlobalStore: WireStruct {
        package var source = TopologyDescriptionNode()
        package var processor = TopologyDescriptionNode()

        package init() {}

        package mutating func layout<V: FieldVisitor>(_ visitor: inout V) throws(V.Failure) {
            try visitor.field(&source)
            try visitor.field(&processor)
            try visitor.end()
        }
    }

    package struct Topology: WireStruct {
        package var epoch: Int32 = 0
        package var subtopologies: [Subtopology]?

        package init() {}

        package mutating func layout<V: FieldVisitor>(_ visitor: inout V) throws(V.Failure) {
            try visitor.field(&epoch)
            try visitor.field(&subtopologies)
            try visitor.end()
        }
    }

    package struct Member: WireStruct {
        package var memberID = ""
        package var memberEpoch: Int32 = 0
        package var instanceID: String?
        package var rackID: String?
        package var clientID = ""
        package var clientHost = ""
        package var topologyEpoch: Int32 = 0
        package var processID = ""
        package var userEndpoint: Endpoint?
        package var clientTags: [KeyValue] = []
        package var taskOffsets: [TaskOffset] = []
        package var taskEndOffsets: [TaskOffset] = []
        package var assignment = Assignment()
        package var targetAssignment = Assignment()
        package var isClassic = false

        package init() {}

        package mutating func layout<V: FieldVisitor>(_ visitor: inout V) throws(V.Failure) {
            try visitor.field(&memberID)
            try visitor.field(&memberEpoch)
            try visitor.field(&instanceID)
            try visitor.field(&rackID)
            try visitor.field(&clientID)
            try visitor.field(&clientHost)
            try visitor.field(&topologyEpoch)
            try visitor.field(&processID)
            try visitor.field(&userEndpoint)
            try visitor.field(&clientTags)
            try visitor.field(&taskOffsets)
            try visitor.field(&taskEndOffsets)
            try visitor.field(&assignment)
            try visitor.field(&targetAssignment)
            try visitor.field(&isClassic)
            try visitor.end()
        }
    }

    package struct Subtopology: WireStruct {
        package var subtopologyID = ""
        package var sourceTopics: [String] = []
        package var repartitionSinkTopics: [String] = []
        package var stateChangelogTopics: [TopicInfo] = []
        package var repartitionSourceTopics: [TopicInfo] = []

        package init() {}

        package mutating func layout<V: FieldVisitor>(_ visitor: inout V) throws(V.Failure) {
            try visitor.field(&subtopologyID)
            try visitor.field(&sourceTopics)
            try visitor.field(&repartitionSinkTopics)
            try visitor.field(&stateChangelogTopics)
            try visitor.field(&repartitionSourceTopics)
            try visitor.end()
        }
    }
}
