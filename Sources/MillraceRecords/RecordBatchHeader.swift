public import MillraceModel

/// The 61 bytes that every record batch of version 2 begins with (KIP-98), integers big-endian:
///
///      0        8        12       16  17       21   23       27       35       43       51
///     +--------+--------+--------+---+--------+----+--------+--------+--------+--------+----+
///     | base   | batch  | leader | 2 | CRC-   |attr| last   | base   | max    |producer| ep |
///     | offset | length | epoch  |   | 32C    |    | offset |timestmp|timestmp| id     |    |
///     | i64    | i32    | i32    |i8 | u32    |i16 | delta  | i64    | i64    | i64    |i16 |
///     +--------+--------+--------+---+--------+----+--------+--------+--------+--------+----+
///      53       57       61
///     +--------+--------+------------------------------
///     | base   | record | records, compressed as the
///     |sequence| count  | attributes say
///     | i32    | i32    |
///     +--------+--------+------------------------------
///
/// The batch length counts from byte 12 on. The CRC covers byte 21 to the end, so the base offset
/// and the leader epoch can be written in place by the log without touching it.
///
/// Attributes: bits 0-2 codec, 3 timestamp type (1 for the log's clock), 4 transactional, 5
/// control, 6 delete horizon: the base timestamp says when compaction drops the batch's tombstones
/// (KIP-534).
public struct RecordBatchHeader: Hashable, Sendable {
    /// The offset of the first record; the log writes it.
    public var baseOffset: Offset
    /// As stored: the bytes after this field.
    public var batchLength: Int32
    /// Under which leadership the batch was written; the log writes it.
    public var leaderEpoch: LeaderEpoch
    /// CRC-32C of the bytes from `attributes` on.
    public var checksum: UInt32
    /// The codec and three flags, as the type says.
    public var attributes: Int16
    /// How far the last record is from the base offset.
    public var lastOffsetDelta: Int32
    /// The time that those of the records are counted from.
    public var baseTimestamp: Timestamp
    /// The latest time of the records; the log's where `timestampType` is `logAppend`.
    public var maxTimestamp: Timestamp
    /// The idempotent producer; none for any other.
    public var producerID: ProducerID
    /// The producer's incarnation; none where it has no id.
    public var producerEpoch: ProducerEpoch
    /// The producer's own number for the first record; -1 where it has no id.
    public var baseSequence: Int32
    /// How many records the batch has; compaction may have left none.
    public var recordCount: Int32

    /// The bytes of the header: where the records begin.
    public static let size = 61
    /// Bytes before those that the batch length counts.
    package static let lengthEnd = 12
    /// The batch length of a batch without any record.
    package static let lengthMin = Int32(size - lengthEnd)
    /// A record without key, value and headers: six lengths and deltas of one byte, and its
    /// attributes.
    package static let recordSizeMin = 7
    package static let magicPosition = 16
    package static let checksumPosition = 17
    /// Where the checksummed bytes begin.
    package static let attributesPosition = 21
    package static let magic: Int8 = 2

    /// Reads the fields of the header at the front of `bytes` and checks its format and length
    /// field. Nothing is said of the bytes after it: see `RecordBatch.validate`.
    package init(parsing bytes: UnsafeRawBufferPointer) throws(RecordsError) {
        // Formats 0 and 1 have their magic in the same place and shorter headers: tell them first.
        if bytes.count > Self.magicPosition {
            let magic = Int8(bitPattern: bytes[Self.magicPosition])
            guard magic == Self.magic else { throw .unsupportedMagic(magic) }
        }
        guard bytes.count >= Self.size else {
            throw .truncated(needed: Self.size, remaining: bytes.count)
        }
        batchLength = Self.load(bytes, 8)
        guard batchLength >= Self.lengthMin else { throw .illegalBatchLength(batchLength) }
        baseOffset = Offset(Self.load(bytes, 0))
        leaderEpoch = LeaderEpoch(Self.load(bytes, 12))
        checksum = Self.load(bytes, Self.checksumPosition)
        attributes = Self.load(bytes, Self.attributesPosition)
        lastOffsetDelta = Self.load(bytes, 23)
        baseTimestamp = Timestamp(milliseconds: Self.load(bytes, 27))
        maxTimestamp = Timestamp(milliseconds: Self.load(bytes, 35))
        producerID = ProducerID(Self.load(bytes, 43))
        producerEpoch = ProducerEpoch(Self.load(bytes, 51))
        baseSequence = Self.load(bytes, 53)
        recordCount = Self.load(bytes, 57)
    }

    @inline(__always)
    private static func load<Integer: FixedWidthInteger>(
        _ bytes: UnsafeRawBufferPointer, _ position: Int
    ) -> Integer {
        bytes.loadUnaligned(fromByteOffset: position, as: Integer.self).bigEndian
    }

    package init(
        baseOffset: Offset = .zero, batchLength: Int32 = lengthMin, leaderEpoch: LeaderEpoch,
        attributes: Int16, lastOffsetDelta: Int32, baseTimestamp: Timestamp,
        maxTimestamp: Timestamp, producer: ProducerState, recordCount: Int32
    ) {
        self.baseOffset = baseOffset
        self.batchLength = batchLength
        self.leaderEpoch = leaderEpoch
        self.checksum = 0
        self.attributes = attributes
        self.lastOffsetDelta = lastOffsetDelta
        self.baseTimestamp = baseTimestamp
        self.maxTimestamp = maxTimestamp
        self.producerID = producer.id
        self.producerEpoch = producer.epoch
        self.baseSequence = producer.baseSequence
        self.recordCount = recordCount
    }

    /// Writes all 61 bytes, the checksum as it stands in this value, to the front of `bytes`.
    package func store(to bytes: UnsafeMutableRawBufferPointer) {
        precondition(bytes.count >= Self.size, "\(bytes.count) bytes cannot hold a batch header")
        func put<Integer: FixedWidthInteger>(_ value: Integer, _ position: Int) {
            bytes.storeBytes(of: value.bigEndian, toByteOffset: position, as: Integer.self)
        }
        put(baseOffset.value, 0)
        put(batchLength, 8)
        put(leaderEpoch.value, 12)
        put(Self.magic, Self.magicPosition)
        put(checksum, Self.checksumPosition)
        put(attributes, Self.attributesPosition)
        put(lastOffsetDelta, 23)
        put(baseTimestamp.milliseconds, 27)
        put(maxTimestamp.milliseconds, 35)
        put(producerID.value, 43)
        put(producerEpoch.value, 51)
        put(baseSequence, 53)
        put(recordCount, 57)
    }
}

extension RecordBatchHeader {
    /// The whole batch, header included.
    public var sizeInBytes: Int { Self.lengthEnd &+ Int(batchLength) }

    /// The offset of the last record.
    public var lastOffset: Offset { baseOffset.advanced(by: Int64(lastOffsetDelta)) }

    /// Where the next batch of the log begins.
    public var nextOffset: Offset { lastOffset.advanced(by: 1) }

    /// The attribute bits of the codec, whether or not they name one.
    package var codecNumber: UInt8 { UInt8(truncatingIfNeeded: attributes) & 0x07 }

    /// Nil when the number is not one of a known codec, which `RecordBatch.validate` refuses.
    public var codec: CompressionCodec? { CompressionCodec(rawValue: codecNumber) }

    /// Whose clock the records' times come from.
    public var timestampType: TimestampType {
        attributes & RecordBatchAttributes.logAppendTime == 0 ? .create : .logAppend
    }

    /// The log's time of the append; none where the records have their own.
    package var logAppendTime: Timestamp {
        timestampType == .logAppend ? maxTimestamp : .none
    }

    /// Whether the records belong to a transaction (KIP-98).
    public var isTransactional: Bool { attributes & RecordBatchAttributes.transactional != 0 }

    /// When compaction may drop the tombstones of the batch, or the end of a transaction that it is; nil where it
    /// has not come by yet (KIP-534).
    package var deleteHorizon: Timestamp? {
        attributes & RecordBatchAttributes.deleteHorizon == 0 ? nil : baseTimestamp
    }

    /// A batch the broker wrote for itself, such as the end of a transaction: not for applications.
    public var isControl: Bool { attributes & RecordBatchAttributes.control != 0 }
}

/// Whose clock the timestamps of a batch come from.
public enum TimestampType: Hashable, Sendable {
    /// The producer's, record by record.
    case create
    /// The log's at the time of the append: `maxTimestamp` for every record.
    case logAppend
}

/// The bits of `RecordBatchHeader.attributes` above the codec's three.
package enum RecordBatchAttributes {
    package static let logAppendTime: Int16 = 1 << 3
    package static let transactional: Int16 = 1 << 4
    package static let control: Int16 = 1 << 5
    package static let deleteHorizon: Int16 = 1 << 6
}

/// What an idempotent producer says of a batch, so that the log can tell a repeat from a gap.
package struct ProducerState: Hashable, Sendable {
    package var id: ProducerID
    package var epoch: ProducerEpoch
    /// The sequence of the batch's first record.
    package var baseSequence: Int32

    package init(id: ProducerID, epoch: ProducerEpoch, baseSequence: Int32) {
        self.id = id
        self.epoch = epoch
        self.baseSequence = baseSequence
    }

    /// Of a producer that is not idempotent.
    package static let none = ProducerState(id: .none, epoch: .none, baseSequence: -1)
}
