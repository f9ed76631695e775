// Key 47, versions 0 to 0, never flexible.
package struct OffsetDeleteRequest: RequestMessage {
    package static let api = API.offsetDelete
    package typealias Response = OffsetDeleteResponse

    package var groupID = ""
    package var topics: [OffsetDeleteRequestTopic] = []

    package init() {}

    package mutating func layout<V: FieldVisitor>(_ visitor: inout V) throws(V.Failure) {
        try visitor.field(&groupID)
        try visitor.field(&topics)
        try visitor.end()
    }

    package struct OffsetDeleteRequestTopic: WireStruct {
        package var name = ""
        package var partitions: [OffsetDeleteRequestPartition] = []

        package init() {}

        package mutating func layout<V: FieldVisitor>(_ visitor: inout V) throws(V.Failure) {
            try visitor.field(&name)
            try visitor.field(&partitions)
            try visitor.end()
        }
    }

    package struct OffsetDeleteRequestPartition: WireStruct {
        package var partitionIndex: Int32 = 0

        package init() {}

        package mutating func layout<V: FieldVisitor>(_ visitor: inout V) throws(V.Failure) {
            try visitor.field(&partitionIndex)
            try visitor.end()
        }
    }
}

package struct OffsetDeleteResponse: ResponseMessage {
    package static let api = API.offsetDelete

    package var errorCode: ErrorCode = .none
    package var throttleTimeMs: Int32 = 0
    package var topics: [OffsetDeleteResponseTopic] = []

    package init() {}

    package mutating func layout<V: FieldVisitor>(_ visitor: inout V) throws(V.Failure) {
        try visitor.field(&errorCode)
        try visitor.field(&throttleTimeMs)
        try visitor.field(&topics)
        try visitor.end()
    }

    package struct OffsetDeleteResponseTopic: WireStruct {
        package var name = ""
        package var partitions: [OffsetDeleteResponsePartition] = []

        package init() {}

        package mutating func layout<V: FieldVisitor>(_ visitor: inout V) throws(V.Failure) {
            try visitor.field(&name)
            try visitor.field(&partitions)
            try visitor.end()
        }
    }

    package struct OffsetDeleteResponsePartition: WireStruct {
        package var partitionIndex: Int32 = 0
        package var errorCode: ErrorCode = .none

        package init() {}

        package mutating func layout<V: FieldVisitor>(_ visitor: inout V) throws(V.Failure) {
            try visitor.field(&partitionIndex)
            try visitor.field(&errorCode)
            try visitor.end()
        }
    }
}
