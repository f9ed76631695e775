internal import MillraceBytes
package import MillraceModel

/// The control record that ends a transaction in a partition (KIP-98), alone in its batch.
///
///     key    version i16 = 0 | type i16: 0 abort, 1 commit
///     value  version i16 = 0 | coordinator epoch i32
///
/// Integers are big-endian. The batch names the producer, and has no sequence.
package struct TransactionMarker: Hashable, Sendable {
    package var producerID: ProducerID
    package var producerEpoch: ProducerEpoch
    package var isCommit: Bool
    /// Of the coordinator that wrote it; the broker's own is always 0.
    package var coordinatorEpoch: Int32 = 0

    package init(producerID: ProducerID, producerEpoch: ProducerEpoch, isCommit: Bool) {
        self.producerID = producerID
        self.producerEpoch = producerEpoch
        self.isCommit = isCommit
    }

    private static let version: Int16 = 0
    private static let abortType: Int16 = 0
    private static let commitType: Int16 = 1

    /// The marker as a batch; the log writes its offset.
    package func batch(at now: Timestamp) throws(RecordsError) -> [UInt8] {
        var key = ByteWriter()
        key.writeInt16(Self.version)
        key.writeInt16(isCommit ? Self.commitType : Self.abortType)
        var value = ByteWriter()
        value.writeInt16(Self.version)
        value.writeInt32(coordinatorEpoch)
        var builder = RecordBatchBuilder()
        try builder.append(Record(key: key.take(), value: value.take()), now: now)
        let producer = ProducerState(id: producerID, epoch: producerEpoch, baseSequence: -1)
        return try builder.finish(producer: producer, isTransactional: true, isControl: true)
    }

    /// Reads a marker from a control batch; nil where it holds a control record of another kind, which readers pass
    /// over.
    package init?(_ view: RecordBatchView) throws(RecordsError) {
        let header = view.header
        guard header.isControl, header.isTransactional else { return nil }
        var records = view.makeRecordIterator()
        guard let record = try records.next(), let key = record.keyBytes else { return nil }
        guard let type = Self.type(key), type == Self.abortType || type == Self.commitType else { return nil }
        producerID = header.producerID
        producerEpoch = header.producerEpoch
        isCommit = type == Self.commitType
        if let value = record.valueBytes { coordinatorEpoch = Self.coordinatorEpoch(value) }
    }

    /// A newer version has more behind what this one has.
    private static func type(_ key: UnsafeRawBufferPointer) -> Int16? {
        var reader = ByteReader(key)
        guard let version = try? reader.readInt16(), version >= Self.version else { return nil }
        return try? reader.readInt16()
    }

    private static func coordinatorEpoch(_ value: UnsafeRawBufferPointer) -> Int32 {
        var reader = ByteReader(value)
        guard (try? reader.readInt16()) != nil else { return 0 }
        return (try? reader.readInt32()) ?? 0
    }
}
