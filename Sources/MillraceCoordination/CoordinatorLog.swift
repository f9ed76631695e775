package import MillraceModel

/// The log that a coordinator keeps its state in. Coordination knows no more of a log than this.
package protocol CoordinatorLog: Sendable {
    /// How many partitions the log has; it is made at the first call.
    func partitionCount() async throws(CoordinationError) -> Int32
    /// Appends the records to one partition, all or none; when it returns they are there for good.
    /// - Throws: `recordsTooLarge` for what it would never take, `log`.
    func append(_ records: [Record], to partition: Int32) async throws(CoordinationError)
    /// Hands out every record of the log, in the order of each partition; none where there is no
    /// log yet.
    func load(
        _ body: (UnsafeRawBufferPointer, UnsafeRawBufferPointer?) -> Void
    ) async throws(CoordinationError)
}
