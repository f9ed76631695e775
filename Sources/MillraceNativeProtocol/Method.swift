/// What can be called. The high byte is the service, the low one the method in it.
package enum Method: UInt16, Hashable, Sendable, CaseIterable {
    case createTopic = 0x0101
    case listTopics = 0x0102
    case describeTopic = 0x0103
    case deleteTopic = 0x0104
    case addPartitions = 0x0105

    /// Messages both ways: batches in, acknowledgements out.
    case produce = 0x0201

    /// Messages from the broker only, against credit.
    case subscribe = 0x0301

    case commitOffsets = 0x0401
    case fetchOffsets = 0x0402

    /// Answered by one message and END, or by END alone when it failed.
    package var isUnary: Bool { self != .produce && self != .subscribe }
}
