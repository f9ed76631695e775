public import MillraceModel

/// Why bytes are no record batch, or records cannot be made into one.
public enum RecordsError: Error, Hashable, Sendable {
    /// Fewer bytes remain than the batch (or its header) has.
    case truncated(needed: Int, remaining: Int)
    /// The batch is larger than the topic, or the reader, allows; both in bytes.
    case batchTooLarge(bytes: Int, limit: Int)
    /// The batch is of format 0 or 1, or of none that there is.
    case unsupportedMagic(Int8)
    /// The length field says less than a header takes.
    case illegalBatchLength(Int32)
    /// The bytes are not those that the CRC-32C was made of.
    case checksumMismatch(baseOffset: Offset, stored: UInt32, computed: UInt32)
    /// No codec has the number that the attributes name.
    case unknownCodec(UInt8, baseOffset: Offset)
    /// The count of records and the last offset delta do not go together.
    case illegalRecordCount(Int32, lastOffsetDelta: Int32, baseOffset: Offset)
    /// Producer id, epoch and sequence do not go together.
    case illegalProducer(id: Int64, epoch: Int16, baseSequence: Int32, isTransactional: Bool)
    /// Only a broker writes control batches.
    case controlBatchFromProducer(baseOffset: Offset)
    /// So many bytes follow where one batch should stand alone.
    case trailingBytes(Int)

    /// One record, the `index`th of its batch, is malformed.
    case malformedRecord(RecordFault, index: Int, baseOffset: Offset)

    /// The codec cannot read what is compressed.
    case malformedCompression(CompressionCodec, reason: CompressionFault)
    /// What is compressed grows over the limit, in bytes.
    case decompressedTooLarge(CompressionCodec, limit: Int)
    /// The codec's library refused.
    case compressionFailed(CompressionCodec, reason: CompressionFault)

    /// A batch was finished without a record.
    case emptyBatch
    /// With this record the batch would have more bytes than the format counts.
    case recordTooLarge(bytes: Int, limit: Int)
}

/// What is wrong with a record.
public enum RecordFault: Hashable, Sendable {
    /// More bytes are needed than remain.
    case truncated(needed: Int, remaining: Int)
    /// An integer of variable length has more bits than its type.
    case varintOverflow
    /// A length or count is negative, and not the -1 that stands for "none" where that is allowed.
    case illegalLength(Int)
    /// The offset is not after that of the record before, or not in the batch.
    case illegalOffsetDelta(Int32, expected: ClosedRange<Int32>)
    /// The record's fields end before its length says that it does.
    case trailingBytes(Int)
    /// The records end before as many were read as the batch header says.
    case missing(of: Int32)
}

/// What a codec's library said, or what we found before asking it.
public enum CompressionFault: Hashable, Sendable {
    /// It ends too early.
    case truncated
    /// A block says it has so many bytes, which are negative or more than there are.
    case illegalBlockLength(Int64)
    /// It says it decompresses to so many bytes, which are too many.
    case illegalDeclaredSize(Int)
    /// The library's error number.
    case library(Int)
}

extension RecordsError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .truncated(let needed, let remaining):
            "the record batch needs \(needed) bytes and \(remaining) remain"
        case .batchTooLarge(let bytes, let limit):
            """
            a record batch of \(bytes) bytes is over the limit of \(limit); make smaller batches \
            or raise max.message.bytes
            """
        case .unsupportedMagic(let magic):
            "record format \(magic) is not supported; use version 2 (Kafka 0.11 and newer)"
        case .illegalBatchLength(let length):
            "the batch length \(length) is under the \(RecordBatchHeader.lengthMin) of a header"
        case .checksumMismatch(let baseOffset, let stored, let computed):
            """
            the batch at offset \(baseOffset) is damaged: its CRC-32C says \(stored) and its bytes \
            give \(computed)
            """
        case .unknownCodec(let codec, let baseOffset):
            """
            the batch at offset \(baseOffset) has the unknown compression codec \(codec); known \
            are 0 to \(CompressionCodec.allCases.count - 1)
            """
        case .illegalRecordCount(let count, let lastOffsetDelta, let baseOffset):
            """
            the batch at offset \(baseOffset) says \(count) records and a last offset delta of \
            \(lastOffsetDelta), which do not go together or do not fit its bytes
            """
        case .illegalProducer(let id, let epoch, let baseSequence, let isTransactional):
            """
            producer id \(id), epoch \(epoch) and base sequence \(baseSequence) of a \
            \(isTransactional ? "transactional " : "")batch do not go together
            """
        case .controlBatchFromProducer(let baseOffset):
            "the batch at offset \(baseOffset) is a control batch, which only a broker may write"
        case .trailingBytes(let count):
            "\(count) bytes follow the record batch; send one batch for each partition"
        case .malformedRecord(let fault, let index, let baseOffset):
            "record \(index) of the batch at offset \(baseOffset): \(fault)"
        case .malformedCompression(let codec, let reason):
            "the \(codec) data is malformed: \(reason)"
        case .decompressedTooLarge(let codec, let limit):
            "the \(codec) data grows over the limit of \(limit) bytes when decompressed"
        case .compressionFailed(let codec, let reason):
            "\(codec) could not compress: \(reason)"
        case .emptyBatch:
            "a record batch needs at least one record"
        case .recordTooLarge(let bytes, let limit):
            "a record would take the batch to \(bytes) bytes and the limit is \(limit)"
        }
    }
}

extension RecordFault: CustomStringConvertible {
    public var description: String {
        switch self {
        case .truncated(let needed, let remaining):
            "\(needed) bytes are needed and \(remaining) remain"
        case .varintOverflow:
            "a variable-length integer does not fit its type"
        case .illegalLength(let length):
            "the length \(length) is illegal"
        case .illegalOffsetDelta(let delta, let expected):
            "its offset delta \(delta) is not in \(expected)"
        case .trailingBytes(let count):
            "\(count) bytes are left over"
        case .missing(let count):
            "the batch ends, and \(count) records were announced"
        }
    }
}

extension CompressionFault: CustomStringConvertible {
    public var description: String {
        switch self {
        case .truncated: "it ends too early"
        case .illegalBlockLength(let length): "a block says that it has \(length) bytes"
        case .illegalDeclaredSize(let size): "it says that it decompresses to \(size) bytes"
        case .library(let code): "the library's error \(code)"
        }
    }
}
