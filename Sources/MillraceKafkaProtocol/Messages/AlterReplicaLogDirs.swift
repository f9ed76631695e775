// Key 34, versions 1 to 2, flexible from 2.
package struct AlterReplicaLogDirsRequest: RequestMessage {
    package static let api = API.alterReplicaLogDirs
    package typealias Response = AlterReplicaLogDirsResponse

    package var dirs: [AlterReplicaLogDir] = []

    package init() {}

    package mutating func layout<V: FieldVisitor>(_ visitor: inout V) throws(V.Failure) {
        try visitor.field(&dirs)
        try visitor.end()
    }

    package struct AlterReplicaLogDir: WireStruct {
        package var path = ""
        package var topics: [AlterReplicaLogDirTopic] = []

        package init() {}

        package mutating func layout<V: FieldVisitor>(_ visitor: inout V) throws(V.Failure) {
            try visitor.field(&path)
            try visitor.field(&topics)
            try visitor.end()
        }
    }

    package struct AlterReplicaLogDirTopic: WireStruct {
        package var name = ""
        package var partitions: [Int32] = []

        package init() {}

        package mutating func layout<V: FieldVisitor>(_ visitor: inout V) throws(V.Failure) {
            try visitor.field(&name)
            try visitor.field(&partitions)
            try visitor.end()
        }
    }
}

package struct AlterReplicaLogDirsResponse: ResponseMessage {
    package static let api = API.alterReplicaLogDirs

    package var throttleTimeMs: Int32 = 0
    package var results: [AlterReplicaLogDirTopicResult] = []

    package init() {}

    package mutating func layout<V: FieldVisitor>(_ visitor: inout V) throws(V.Failure) {
        try visitor.field(&throttleTimeMs)
        try visitor.field(&results)
        try visitor.end()
    }

    package struct AlterReplicaLogDirTopicResult: WireStruct {
        package var topicName = ""
        package var partitions: [AlterReplicaLogDirPartitionResult] = []

        package init() {}

        package mutating func layout<V: FieldVisitor>(_ visitor: inout V) throws(V.Failure) {
            try visitor.field(&topicName)
            try visitor.field(&partitions)
            try visitor.end()
        }
    }

    package struct AlterReplicaLogDirPartitionResult: WireStruct {
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
