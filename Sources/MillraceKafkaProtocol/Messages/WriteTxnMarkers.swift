// Key 27, versions 1 to 2, flexible from 1.
package struct WriteTxnMarkersRequest: RequestMessage {
    package static let api = API.writeTxnMarkers
    package typealias Response = WriteTxnMarkersResponse

    package var markers: [WritableTxnMarker] = []

    package init() {}

    package mutating func layout<V: FieldVisitor>(_ visitor: inout V) throws(V.Failure) {
        try visitor.field(&markers)
        try visitor.end()
    }

    package struct WritableTxnMarker: WireStruct {
        package var producerID: Int64 = 0
        package var producerEpoch: Int16 = 0
        package var transactionResult = false
        package var topics: [WritableTxnMarkerTopic] = []
        package var coordinatorEpoch: Int32 = 0
        package var transactionVersion: Int8 = 0

        package init() {}

        package mutating func layout<V: FieldVisitor>(_ visitor: inout V) throws(V.Failure) {
            try visitor.field(&producerID)
            try visitor.field(&producerEpoch)
            try visitor.field(&transactionResult)
            try visitor.field(&topics)
            try visitor.field(&coordinatorEpoch)
            if visitor.has(2...) { try visitor.field(&transactionVersion) }
            try visitor.end()
        }
    }

    package struct WritableTxnMarkerTopic: WireStruct {
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

package struct WriteTxnMarkersResponse: ResponseMessage {
    package static let api = API.writeTxnMarkers

    package var markers: [WritableTxnMarkerResult] = []

    package init() {}

    package mutating func layout<V: FieldVisitor>(_ visitor: inout V) throws(V.Failure) {
        try visitor.field(&markers)
        try visitor.end()
    }

    package struct WritableTxnMarkerResult: WireStruct {
        package var producerID: Int64 = 0
        package var topics: [WritableTxnMarkerTopicResult] = []

        package init() {}

        package mutating func layout<V: FieldVisitor>(_ visitor: inout V) throws(V.Failure) {
            try visitor.field(&producerID)
            try visitor.field(&topics)
            try visitor.end()
        }
    }

    package struct WritableTxnMarkerTopicResult: WireStruct {
        package var name = ""
        package var partitions: [WritableTxnMarkerPartitionResult] = []

        package init() {}

        package mutating func layout<V: FieldVisitor>(_ visitor: inout V) throws(V.Failure) {
            try visitor.field(&name)
            try visitor.field(&partitions)
            try visitor.end()
        }
    }

    package struct WritableTxnMarkerPartitionResult: WireStruct {
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
