internal import MillraceBytes

/// A topic and some of its partitions, as consumers tell them to each other.
package struct TopicShare: Hashable, Sendable {
    package var topic: String
    package var partitions: [Int32]

    package init(topic: String, partitions: [Int32]) {
        self.topic = topic
        self.partitions = partitions
    }
}

/// What a consumer says when it joins: Kafka's `ConsumerProtocolSubscription`, versions 0 to 3.
///
/// Integers are big-endian, and there are no tagged fields:
///
///     int16 version | topics: int32 count, each a short string | user data: int32 length, -1 none
///     from 1: owned partitions: int32 count, each a short string and an array of int32
///     from 2: int32 generation | from 3: nullable short string rack
///
/// A newer version says more after this, and is read as if it were version 3.
package struct ConsumerSubscription: Hashable, Sendable {
    package static let protocolType = "consumer"
    private static let versions: ClosedRange<Int16> = 0...3

    package var topics: [String]
    package var userData: [UInt8]?
    /// What the consumer had when it joined.
    package var owned: [TopicShare] = []
    /// In which generation it had that; -1 where it does not say.
    package var generation: Int32 = -1
    package var rack: String?

    package init(topics: [String], userData: [UInt8]? = nil) {
        self.topics = topics
        self.userData = userData
    }

    /// Reads a subscription; nil where the bytes are none.
    package init?(_ bytes: [UInt8]) {
        guard let read = bytes.read({ (reader) throws(BytesError) in try Self(&reader) }) else {
            return nil
        }
        self = read
    }

    private init(_ reader: inout ByteReader) throws(BytesError) {
        let version = try reader.readInt16()
        guard version >= 0 else { throw .negativeCount(Int(version), position: 0) }
        topics = try reader.readTopics()
        userData = try reader.readNullableLongBytes()
        if version >= 1 { owned = try reader.readShares() }
        if version >= 2 { generation = try reader.readInt32() }
        if version >= 3 { rack = try reader.readNullableShortString() }
    }

    /// - Parameter version: the newest by default. Every consumer reads it, since what an older
    /// version lacks comes after what it has.
    package func encoded(version: Int16 = versions.upperBound) -> [UInt8] {
        precondition(Self.versions.contains(version), "subscriptions have no version \(version)")
        var writer = ByteWriter()
        writer.writeInt16(version)
        writer.writeInt32(Int32(clamping: topics.count))
        for topic in topics { writer.writeShortString(topic) }
        writer.writeNullableLongBytes(userData)
        if version >= 1 { writer.writeShares(owned) }
        if version >= 2 { writer.writeInt32(generation) }
        if version >= 3 { writer.writeNullableShortString(rack) }
        return writer.take()
    }

    /// The topics that the consumer wants, which is all that a coordinator has to know; nil where
    /// the bytes are no subscription. Not more is read than that.
    static func topics(of metadata: [UInt8]) -> Set<String>? {
        metadata.read { (reader) throws(BytesError) in
            let version = try reader.readInt16()
            guard version >= 0 else { throw .negativeCount(Int(version), position: 0) }
            return Set(try reader.readTopics())
        }
    }
}

extension [UInt8] {
    /// What the body reads; nil where it cannot.
    func read<Value>(_ body: (inout ByteReader) throws(BytesError) -> Value) -> Value? {
        withUnsafeBytes { bytes in
            do throws(BytesError) {
                var reader = ByteReader(bytes)
                return try body(&reader)
            } catch {
                return nil
            }
        }
    }
}

extension ByteReader {
    /// A count that no more bytes can follow than there are.
    fileprivate mutating func readCount(ofAtLeast size: Int) throws(BytesError) -> Int {
        let count = Int(try readInt32())
        guard count >= 0 else { throw .negativeCount(count, position: position) }
        guard count <= remaining / size else {
            throw .truncated(needed: count &* size, remaining: remaining, position: position)
        }
        return count
    }

    fileprivate mutating func readTopics() throws(BytesError) -> [String] {
        let count = try readCount(ofAtLeast: 2)
        var topics: [String] = []
        topics.reserveCapacity(count)
        for _ in 0..<count { topics.append(try readShortString()) }
        return topics
    }

    mutating func readShares() throws(BytesError) -> [TopicShare] {
        let count = try readCount(ofAtLeast: 6)
        var shares: [TopicShare] = []
        shares.reserveCapacity(count)
        for _ in 0..<count {
            let topic = try readShortString()
            let partitionCount = try readCount(ofAtLeast: 4)
            var partitions: [Int32] = []
            partitions.reserveCapacity(partitionCount)
            for _ in 0..<partitionCount { partitions.append(try readInt32()) }
            shares.append(TopicShare(topic: topic, partitions: partitions))
        }
        return shares
    }

    mutating func readNullableLongBytes() throws(BytesError) -> [UInt8]? {
        let count = try readInt32()
        return count < 0 ? nil : Array(try readBytes(Int(count)))
    }
}

extension ByteWriter {
    mutating func writeShares(_ shares: [TopicShare]) {
        writeInt32(Int32(clamping: shares.count))
        for share in shares {
            writeShortString(share.topic)
            writeInt32(Int32(clamping: share.partitions.count))
            for partition in share.partitions { writeInt32(partition) }
        }
    }

    mutating func writeNullableLongBytes(_ bytes: [UInt8]?) {
        if let bytes { writeLongBytes(bytes) } else { writeInt32(-1) }
    }
}
