public import MillraceClientCore
public import MillraceModel

/// Takes the records of one `Producer.send`. Their bytes are copied into the batches being
/// gathered: no memory is allocated for a record.
public struct RecordSink: ~Copyable, Sendable {
    var core: ProduceStreamState
    /// The time of records that bring none.
    var now = Timestamp.none

    init(_ core: ProduceStreamState) { self.core = core }

    /// Adds a record. Without a partition the key chooses it, or, without a key, one batch goes
    /// after the other. Throws `recordTooLarge` for a record that the topic does not take,
    /// `noSuchPartition`, or why the producer has failed before; nothing is added then.
    public mutating func append(
        key: UnsafeRawBufferPointer? = nil, value: UnsafeRawBufferPointer?,
        headers: [RecordHeader] = [], timestamp: Timestamp? = nil, partition: Int32? = nil
    ) throws(ClientError) {
        try core.append(
            key: key, value: value, headers: headers, timestamp: timestamp ?? now,
            partition: partition)
    }

    /// Adds a record that is given whole, as the other `append` does.
    public mutating func append(
        _ record: Record, partition: Int32? = nil
    ) throws(ClientError) {
        try core.append(record, now: now, partition: partition)
    }
}
