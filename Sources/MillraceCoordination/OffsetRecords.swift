internal import MillraceBytes
package import MillraceModel

/// A group's committed offset of one partition, with what the member wrote beside it.
package struct CommittedOffset: Hashable, Sendable {
    /// The offset of the next record to read.
    package var offset: Offset
    package var leaderEpoch: LeaderEpoch?
    package var metadata: String
    package var committedAt: Timestamp
    /// Which topic of the name, where the member said it.
    package var topicID: TopicID?

    package init(
        offset: Offset, leaderEpoch: LeaderEpoch? = nil, metadata: String, committedAt: Timestamp,
        topicID: TopicID? = nil
    ) {
        self.offset = offset
        self.leaderEpoch = leaderEpoch
        self.metadata = metadata
        self.committedAt = committedAt
        self.topicID = topicID
    }
}

/// What an offset is committed for.
package struct OffsetKey: Hashable, Sendable {
    package var group: String
    package var partition: TopicPartition

    package init(group: String, partition: TopicPartition) {
        self.group = group
        self.partition = partition
    }
}

/// The form of a committed offset as a record of `__consumer_offsets`, which is Kafka's:
/// `OffsetCommitKey` version 1 as the key, `OffsetCommitValue` as the value, both with their version
/// in front, integers big-endian. A record without a value takes the offset back.
///
/// The value is of version 4 where the topic's id is known, which is what that version has more,
/// and else of version 3, which tools that watch consumer lag read as well.
package enum OffsetRecord {
    private static let keyVersions: ClosedRange<Int16> = 0...1
    private static let valueVersions: ClosedRange<Int16> = 0...4
    private static let firstFlexibleVersion: Int16 = 4

    package static func record(_ key: OffsetKey, _ value: CommittedOffset?) -> Record {
        Record(key: encode(key), value: value.map(encode))
    }

    private static func encode(_ key: OffsetKey) -> [UInt8] {
        var writer = ByteWriter()
        writer.writeInt16(keyVersions.upperBound)
        writer.writeShortString(key.group)
        writer.writeShortString(key.partition.topic.string)
        writer.writeInt32(key.partition.partition)
        return writer.take()
    }

    private static func encode(_ value: CommittedOffset) -> [UInt8] {
        var writer = ByteWriter()
        writer.writeInt16(value.topicID == nil ? 3 : 4)
        writer.writeInt64(value.offset.value)
        writer.writeInt32(value.leaderEpoch?.value ?? -1)
        if let topicID = value.topicID {
            writer.writeCompactString(value.metadata)
            writer.writeInt64(value.committedAt.milliseconds)
            // One tagged field: number 0, of 16 bytes.
            writer.writeUnsignedVarint(1)
            writer.writeUnsignedVarint(0)
            writer.writeUnsignedVarint(16)
            writer.writeUInt64(topicID.high)
            writer.writeUInt64(topicID.low)
        } else {
            writer.writeShortString(value.metadata)
            writer.writeInt64(value.committedAt.milliseconds)
        }
        return writer.take()
    }

    /// Reads the key; nil for a key of another kind of record, or one that is malformed.
    package static func key(_ bytes: UnsafeRawBufferPointer) -> OffsetKey? {
        do throws(BytesError) {
            var reader = ByteReader(bytes)
            guard keyVersions.contains(try reader.readInt16()) else { return nil }
            let group = try reader.readShortString()
            guard let topic = try? TopicName(try reader.readShortString()) else { return nil }
            return OffsetKey(
                group: group,
                partition: TopicPartition(topic: topic, partition: try reader.readInt32()))
        } catch {
            return nil
        }
    }

    /// Reads the value, of any version up to 4; nil where it is malformed or newer.
    package static func value(_ bytes: UnsafeRawBufferPointer) -> CommittedOffset? {
        do throws(BytesError) {
            var reader = ByteReader(bytes)
            let version = try reader.readInt16()
            guard valueVersions.contains(version) else { return nil }
            let isFlexible = version >= firstFlexibleVersion
            let offset = Offset(try reader.readInt64())
            let epoch = version >= 3 ? try reader.readInt32() : -1
            var value = CommittedOffset(
                offset: offset, leaderEpoch: epoch < 0 ? nil : LeaderEpoch(epoch),
                metadata: isFlexible
                    ? try reader.readCompactString() ?? "" : try reader.readShortString(),
                committedAt: Timestamp(milliseconds: try reader.readInt64()))
            if isFlexible { value.topicID = try reader.readTopicIDTag() }
            return value
        } catch {
            return nil
        }
    }
}

extension ByteReader {
    /// The tagged fields of the value, of which only number 0 is known.
    fileprivate mutating func readTopicIDTag() throws(BytesError) -> TopicID? {
        var topicID: TopicID?
        for _ in 0..<(try readUnsignedVarint()) {
            let tag = try readUnsignedVarint()
            var field = ByteReader(try readBytes(Int(try readUnsignedVarint())))
            if tag == 0 {
                topicID = TopicID(high: try field.readUInt64(), low: try field.readUInt64())
            }
        }
        return topicID
    }
}
