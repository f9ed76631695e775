/// What can be called. The high byte is the service, the low one the method in it.
package enum Method: UInt16, Hashable, Sendable, CaseIterable {
    case createTopic = 0x0101
    case listTopics = 0x0102
    case describeTopic = 0x0103
    case deleteTopic = 0x0104
    case addPartitions = 0x0105
    case alterTopic = 0x0106
    case trim = 0x0107
    case findOffsets = 0x0108

    case produce = 0x0201
    case initProducer = 0x0202

    case subscribe = 0x0301

    case commitOffsets = 0x0401
    case fetchOffsets = 0x0402
    case joinGroup = 0x0403
    case listGroups = 0x0404
    case describeGroup = 0x0405
    case deleteGroup = 0x0406
    case deleteOffsets = 0x0407

    case describeBroker = 0x0501
    case alterBroker = 0x0502
    case describeLogDirectory = 0x0503

    case health = 0x0601
    case watchHealth = 0x0602

    package var form: CallForm {
        switch self {
        case .produce, .joinGroup: .bidirectional
        case .subscribe, .watchHealth: .serverStreaming
        default: .unary
        }
    }
}

/// Who sends how many messages in a call, in gRPC's words.
package enum CallForm: Hashable, Sendable {
    /// Answered by one message and END, or by END alone when it failed.
    case unary
    /// Messages from the broker only.
    case serverStreaming
    /// Messages both ways.
    case bidirectional
}
