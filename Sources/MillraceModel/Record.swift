/// A record as a producer makes it and a consumer sees it: an optional key, an optional value (none
/// is a tombstone), headers, and a time.
public struct Record: Hashable, Sendable {
    public var key: [UInt8]?
    public var value: [UInt8]?
    public var headers: [RecordHeader]
    /// None leaves the choice to the log, which takes its clock's.
    public var timestamp: Timestamp?

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
    public var key: String
    public var value: [UInt8]?

    public init(key: String, value: [UInt8]?) {
        self.key = key
        self.value = value
    }
}

/// How the records of a batch are compressed; the number is the batch's attribute bits 0 to 2.
public enum CompressionCodec: UInt8, Hashable, Sendable, CaseIterable, CustomStringConvertible {
    case none = 0
    case gzip = 1
    case snappy = 2
    case lz4 = 3
    case zstd = 4

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
