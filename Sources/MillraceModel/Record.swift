/// A record as a producer makes it and a consumer sees it: an optional key, an optional value (none
/// is a tombstone), headers, and a time.
public struct Record: Hashable, Sendable {
    /// What the record is about. Records of one key go to one partition and keep their order there;
    /// nil for a record of no key.
    public var key: [UInt8]?
    /// What the record says; nil is a tombstone, which says that the key is no more.
    public var value: [UInt8]?
    /// Named values beside the record's own, in order; names may repeat.
    public var headers: [RecordHeader]
    /// None leaves the choice to the log, which takes its clock's.
    public var timestamp: Timestamp?

    /// A record of these parts. Nothing is checked before it is appended.
    public init(
        key: [UInt8]? = nil, value: [UInt8]?, headers: [RecordHeader] = [], timestamp: Timestamp? = nil
    ) {
        self.key = key
        self.value = value
        self.headers = headers
        self.timestamp = timestamp
    }
}

/// A named value beside the record's own (KIP-82). Names may repeat.
public struct RecordHeader: Hashable, Sendable {
    /// The name.
    public var key: String
    /// The value in bytes; nil for a name that stands alone.
    public var value: [UInt8]?

    /// A header of these parts.
    public init(key: String, value: [UInt8]?) {
        self.key = key
        self.value = value
    }
}

/// How the records of a batch are compressed; the number is the batch's attribute bits 0 to 2.
public enum CompressionCodec: UInt8, Hashable, Sendable, CaseIterable, CustomStringConvertible {
    /// Not compressed.
    case none = 0
    /// DEFLATE in gzip's form (RFC 1952): small and slow.
    case gzip = 1
    /// Snappy in the frames of xerial's Java library, as Kafka's clients send it.
    case snappy = 2
    /// LZ4 frames of independent blocks: the quickest to read.
    case lz4 = 3
    /// Zstandard: about as small as gzip, and several times as quick.
    case zstd = 4

    /// The codec of a name that `description` gives; nil for any other.
    public init?(name: String) {
        guard let codec = Self.allCases.first(where: { $0.description == name }) else { return nil }
        self = codec
    }

    public var description: String {
        switch self {
        case .none: "none"
        case .gzip: "gzip"
        case .snappy: "snappy"
        case .lz4: "lz4"
        case .zstd: "zstd"
        }
    }
}

/// What an acknowledgement of an append means.
public enum Durability: String, Hashable, Sendable, CaseIterable {
    /// The bytes survive power loss.
    case durable
    /// The bytes are in the page cache: they survive a crash of the process, not of the machine.
    case relaxed
}
