internal import MillraceBytes
package import MillraceModel

/// A group's committed offset of one partition, with what the member wrote beside it.
package struct CommittedOffset: Hashable, Sendable {
    /// The offset of the next record to read.
    package var offset: Offset
    package var leaderEpoch: LeaderEpoch?
    package var metadata: String
    package var committedAt: Timestamp

    package init(
        offset: Offset, leaderEpoch: LeaderEpoch? = nil, metadata: String, committedAt: Timestamp
    ) {
        self.offset = offset
        self.leaderEpoch = leaderEpoch
        self.metadata = metadata
        self.committedAt = committedAt
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
/// `OffsetCommitKey` version 1 as the key, `OffsetCommitValue` version 3 as the value, both with
/// their version in front, integers big-endian. A record without a value takes the offset back.
package enum OffsetRecord {
    private static let keyVersions: ClosedRange<Int16> = 0...1
    private static let valueVersion: Int16 = 3

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
        writer.writeInt16(valueVersion)
        writer.writeInt64(value.offset.value)
        writer.writeInt32(value.leaderEpoch?.value ?? -1)
        writer.writeShortString(value.metadata)
        writer.writeInt64(value.committedAt.milliseconds)
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

    /// Reads the value, of any version up to 3; nil where it is malformed or newer.
    package static func value(_ bytes: UnsafeRawBufferPointer) -> CommittedOffset? {
        do throws(BytesError) {
            var reader = ByteReader(bytes)
            let version = try reader.readInt16()
            guard (0...valueVersion).contains(version) else { return nil }
            let offset = Offset(try reader.readInt64())
            let epoch = version >= 3 ? try reader.readInt32() : -1
            let metadata = try reader.readShortString()
            return CommittedOffset(
                offset: offset, leaderEpoch: epoch < 0 ? nil : LeaderEpoch(epoch),
                metadata: metadata,
                committedAt: Timestamp(milliseconds: try reader.readInt64()))
        } catch {
            return nil
        }
    }
}

extension ByteWriter {
    /// Two bytes of length and UTF-8, as Kafka's non-flexible strings. What is longer than the
    /// limits of groups and metadata allow was refused before.
    fileprivate mutating func writeShortString(_ string: String) {
        let bytes = Array(string.utf8.prefix(Int(Int16.max)))
        writeInt16(Int16(bytes.count))
        writeBytes(bytes)
    }
}

extension ByteReader {
    fileprivate mutating func readShortString() throws(BytesError) -> String {
        let bytes = try readBytes(Int(try readInt16()))
        return String(decoding: bytes, as: UTF8.self)
    }
}
