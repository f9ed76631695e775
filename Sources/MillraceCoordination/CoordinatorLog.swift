package import MillraceModel

/// The log that a coordinator keeps its state in. Coordination knows no more of a log than this.
package protocol CoordinatorLog: Sendable {
    /// How many partitions the log has; it is made at the first call.
    func partitionCount() async throws(CoordinationError) -> Int32
    /// Appends the records to one partition, all or none; when it returns they are there for good.
    /// - Parameter transaction: whose transaction they belong to, at whose end they count.
    /// - Throws: `recordsTooLarge` for what it would never take, `log`.
    func append(
        _ records: [Record], in transaction: TransactionOwner?, to partition: Int32
    ) async throws(CoordinationError)
    /// Ends a transaction in one partition.
    func end(
        _ transaction: TransactionOwner, isCommit: Bool, in partition: Int32
    ) async throws(CoordinationError)
    /// Hands out what stands in the log, in the order of each partition; nothing where there is no log yet.
    func load(_ body: (Int32, CoordinatorLogEntry) -> Void) async throws(CoordinationError)
}

/// A transactional producer, as it signs what it writes.
package struct TransactionOwner: Hashable, Sendable {
    package var producerID: ProducerID
    package var producerEpoch: ProducerEpoch

    package init(producerID: ProducerID, producerEpoch: ProducerEpoch) {
        self.producerID = producerID
        self.producerEpoch = producerEpoch
    }
}

/// What stands in a coordinator's log.
package enum CoordinatorLogEntry {
    /// The bytes are valid during the call.
    case record(
        key: UnsafeRawBufferPointer, value: UnsafeRawBufferPointer?, transactionOf: ProducerID?)
    case end(ProducerID, isCommit: Bool)
}
