// Key 93, versions 0 to 0, flexible from 0.
package struct StreamsGroupTopologyDescriptionUpdateRequest: RequestMessage {
    package static let api = API.streamsGroupTopologyDescriptionUpdate
    package typealias Response = StreamsGroupTopologyDescriptionUpdateResponse

    package var groupID = ""
    package var memberID = ""
    package var topologyEpoch: Int32 = 0
    package var topologyDescription = TopologyDescription()

    package init() {}

    package mutating func layout<V: FieldVisitor>(_ visitor: inout V) throws(V.Failure) {
        try visitor.field(&groupID)
        try visitor.field(&memberID)
        try visitor.field(&topologyEpoch)
        try visitor.field(&topologyDescription)
        try visitor.end()
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
}

package struct StreamsGroupTopologyDescriptionUpdateResponse: ResponseMessage {
    package static let api = API.streamsGroupTopologyDescriptionUpdate

    package var throttleTimeMs: Int32 = 0
    package var errorCode: ErrorCode = .none
    package var errorMessage: String?

    package init() {}

    package mutating func layout<V: FieldVisitor>(_ visitor: inout V) throws(V.Failure) {
        try visitor.field(&throttleTimeMs)
        try visitor.field(&errorCode)
        try visitor.field(&errorMessage)
        try visitor.end()
    }
}
