internal import MillraceBytes
package import MillraceModel

/// How far a transactional id is with its transaction. The numbers are those of Kafka's log.
package enum TransactionState: Int8, Hashable, Sendable, CaseIterable {
    case empty = 0
    case ongoing = 1
    case prepareCommit = 2
    case prepareAbort = 3
    case completeCommit = 4
    case completeAbort = 5
    case dead = 6
    case prepareEpochFence = 7

    /// As Kafka's tools show it.
    package var name: String {
        switch self {
        case .empty: "Empty"
        case .ongoing: "Ongoing"
        case .prepareCommit: "PrepareCommit"
        case .prepareAbort: "PrepareAbort"
        case .completeCommit: "CompleteCommit"
        case .completeAbort: "CompleteAbort"
        case .dead: "Dead"
        case .prepareEpochFence: "PrepareEpochFence"
        }
    }
}

/// What is known of a transactional id, as it is written.
package struct TransactionMetadata: Hashable, Sendable {
    package var producerID: ProducerID
    package var producerEpoch: ProducerEpoch
    package var timeout: Duration
    package var state = TransactionState.empty
    /// Those that get a marker when the transaction ends.
    package var partitions: Set<TopicPartition> = []
    package var updatedAt: Timestamp
    /// When the transaction began; none while there is none.
    package var startedAt = Timestamp.none
}

/// A transactional id's record of `__transaction_state`, in Kafka's form: `TransactionLogKey` and `TransactionLogValue`
/// of version 0, both with their version in front, integers big-endian. A record without a value forgets the id.
///
/// Values of version 1, which Kafka writes for clients of KIP-890, are read as well; their tagged fields say how an
/// epoch that overflows goes on, and are not needed once a transaction is complete.
package struct TransactionRecord: Hashable, Sendable {
    package var id: String
    package var value: TransactionMetadata?

    package init(id: String, value: TransactionMetadata?) {
        self.id = id
        self.value = value
    }

    private static let keyVersion: Int16 = 0
    private static let valueVersion: Int16 = 0
    private static let firstFlexibleVersion: Int16 = 1

    package var record: Record {
        var key = ByteWriter()
        key.writeInt16(Self.keyVersion)
        key.writeShortString(id)
        return Record(key: key.take(), value: value.map(Self.encode))
    }

    private static func encode(_ value: TransactionMetadata) -> [UInt8] {
        var writer = ByteWriter()
        writer.writeInt16(valueVersion)
        writer.writeInt64(value.producerID.value)
        writer.writeInt16(value.producerEpoch.value)
        writer.writeInt32(Int32(clamping: Int64(value.timeout / .milliseconds(1))))
        writer.writeInt8(value.state.rawValue)
        let topics = Dictionary(grouping: value.partitions.sorted(), by: \.topic)
        writer.writeInt32(Int32(clamping: topics.count))
        for (topic, partitions) in topics.sorted(by: { $0.key < $1.key }) {
            writer.writeShortString(topic.string)
            writer.writeInt32(Int32(clamping: partitions.count))
            for partition in partitions { writer.writeInt32(partition.partition) }
        }
        writer.writeInt64(value.updatedAt.milliseconds)
        writer.writeInt64(value.startedAt.milliseconds)
        return writer.take()
    }

    /// Reads a record; nil for one of another kind, or one that is malformed.
    package init?(key: UnsafeRawBufferPointer, value: UnsafeRawBufferPointer?) {
        do throws(BytesError) {
            var reader = ByteReader(key)
            guard try reader.readInt16() == Self.keyVersion else { return nil }
            id = try reader.readShortString()
            guard let value else { return }
            guard let metadata = try Self.decode(value) else { return nil }
            self.value = metadata
        } catch {
            return nil
        }
    }

    private static func decode(
        _ bytes: UnsafeRawBufferPointer
    ) throws(BytesError) -> TransactionMetadata? {
        var reader = ByteReader(bytes)
        let version = try reader.readInt16()
        guard (valueVersion...firstFlexibleVersion).contains(version) else { return nil }
        let isFlexible = version >= firstFlexibleVersion
        let producer = ProducerID(try reader.readInt64())
        let epoch = ProducerEpoch(try reader.readInt16())
        let timeout = try reader.readInt32()
        guard let state = TransactionState(rawValue: try reader.readInt8()) else { return nil }
        var partitions: Set<TopicPartition> = []
        for _ in 0..<max(0, try reader.readCount(isFlexible)) {
            let name = isFlexible ? try reader.readCompactString() ?? "" : try reader.readShortString()
            guard let topic = try? TopicName(name) else { return nil }
            for _ in 0..<max(0, try reader.readCount(isFlexible)) {
                partitions.insert(TopicPartition(topic: topic, partition: try reader.readInt32()))
            }
            if isFlexible { try reader.skipTaggedFields() }
        }
        let updated = Timestamp(milliseconds: try reader.readInt64())
        return TransactionMetadata(
            producerID: producer, producerEpoch: epoch, timeout: .milliseconds(Int64(max(0, timeout))),
            state: state, partitions: partitions, updatedAt: updated,
            startedAt: Timestamp(milliseconds: try reader.readInt64()))
    }
}

extension ByteReader {
    /// -1 for none.
    fileprivate mutating func readCount(_ isFlexible: Bool) throws(BytesError) -> Int64 {
        isFlexible ? Int64(try readUnsignedVarint()) - 1 : Int64(try readInt32())
    }
}
