// Key 35, versions 1 to 5, flexible from 2.
package struct DescribeLogDirsRequest: RequestMessage {
    package static let api = API.describeLogDirs
    package typealias Response = DescribeLogDirsResponse

    package var topics: [DescribableLogDirTopic]? = []

    package init() {}

    package mutating func layout<V: FieldVisitor>(_ visitor: inout V) throws(V.Failure) {
        try visitor.field(&topics)
        try visitor.end()
    }

    package struct DescribableLogDirTopic: WireStruct {
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

package struct DescribeLogDirsResponse: ResponseMessage {
    package static let api = API.describeLogDirs

    package var throttleTimeMs: Int32 = 0
    package var errorCode: ErrorCode = .none
    package var results: [DescribeLogDirsResult] = []

    package init() {}

    package mutating func layout<V: FieldVisitor>(_ visitor: inout V) throws(V.Failure) {
        try visitor.field(&throttleTimeMs)
        if visitor.has(3...) { try visitor.field(&errorCode) }
        try visitor.field(&results)
        try visitor.end()
    }

    package struct DescribeLogDirsResult: WireStruct {
        package var errorCode: ErrorCode = .none
        package var logDir = ""
        package var topics: [DescribeLogDirsTopic] = []
        package var totalBytes: Int64 = -1
        package var usableBytes: Int64 = -1
        package var isCordoned = false

        package init() {}

        package mutating func layout<V: FieldVisitor>(_ visitor: inout V) throws(V.Failure) {
            try visitor.field(&errorCode)
            try visitor.field(&logDir)
            try visitor.field(&topics)
            if visitor.has(4...) { try visitor.field(&totalBytes) }
            if visitor.has(4...) { try visitor.field(&usableBytes) }
            if visitor.has(5...) { try visitor.field(&isCordoned) }
            try visitor.end()
        }
    }

    package struct DescribeLogDirsTopic: WireStruct {
        package var name = ""
        package var partitions: [DescribeLogDirsPartition] = []

        package init() {}

        package mutating func layout<V: FieldVisitor>(_ visitor: inout V) throws(V.Failure) {
            try visitor.field(&name)
            try visitor.field(&partitions)
            try visitor.end()
        }
    }

    package struct DescribeLogDirsPartition: WireStruct {
        package var partitionIndex: Int32 = 0
        package var partitionSize: Int64 = 0
        package var offsetLag: Int64 = 0
        package var isFutureKey = false

        package init() {}

        package mutating func layout<V: FieldVisitor>(_ visitor: inout V) throws(V.Failure) {
            try visitor.field(&partitionIndex)
            try visitor.field(&partitionSize)
            try visitor.field(&offsetLag)
            try visitor.field(&isFutureKey)
            try visitor.end()
        }
    }
}
