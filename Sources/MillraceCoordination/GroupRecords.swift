internal import MillraceBytes
package import MillraceModel

/// One record of `__consumer_offsets`, as the coordinator decides, writes and replays it.
package enum GroupRecord: Hashable, Sendable {
    /// A committed offset; none takes it back.
    case offset(OffsetKey, CommittedOffset?)
    /// A group's generation; none takes the group back.
    case group(String, GroupMetadata?)

    package var group: String {
        switch self {
        case .offset(let key, _): key.group
        case .group(let group, _): group
        }
    }

    package var record: Record {
        switch self {
        case .offset(let key, let value): OffsetRecord.record(key, value)
        case .group(let group, let value): GroupMetadataRecord.record(group, value)
        }
    }

    /// Reads a record; nil for one of another kind, such as those of newer group protocols, and for
    /// one that is malformed, which never changes what is known.
    package init?(key: UnsafeRawBufferPointer, value: UnsafeRawBufferPointer?) {
        if let offset = OffsetRecord.key(key) {
            guard let value else {
                self = .offset(offset, nil)
                return
            }
            guard let committed = OffsetRecord.value(value) else { return nil }
            self = .offset(offset, committed)
        } else if let group = GroupMetadataRecord.key(key) {
            guard let value else {
                self = .group(group, nil)
                return
            }
            guard let metadata = GroupMetadataRecord.value(value) else { return nil }
            self = .group(group, metadata)
        } else {
            return nil
        }
    }
}

/// The form of a group's metadata as a record of `__consumer_offsets`, which is Kafka's:
/// `GroupMetadataKey` version 2 as the key, `GroupMetadataValue` version 3 as the value, both with
/// their version in front, integers big-endian, times in milliseconds.
package enum GroupMetadataRecord {
    private static let keyVersion: Int16 = 2
    private static let valueVersion: Int16 = 3
    private static let firstFlexibleVersion: Int16 = 4

    package static func record(_ group: String, _ value: GroupMetadata?) -> Record {
        var key = ByteWriter()
        key.writeInt16(keyVersion)
        key.writeShortString(group)
        return Record(key: key.take(), value: value.map(encode))
    }

    private static func encode(_ value: GroupMetadata) -> [UInt8] {
        var writer = ByteWriter()
        writer.writeInt16(valueVersion)
        writer.writeShortString(value.protocolType)
        writer.writeInt32(value.generation)
        writer.writeNullableShortString(value.protocolName)
        writer.writeNullableShortString(value.leader)
        writer.writeInt64(value.stateSince?.milliseconds ?? -1)
        writer.writeInt32(Int32(clamping: value.members.count))
        for member in value.members {
            writer.writeShortString(member.id)
            writer.writeNullableShortString(member.instanceID)
            writer.writeShortString(member.clientID)
            writer.writeShortString(member.clientHost)
            writer.writeInt32(member.rebalanceTimeout?.milliseconds ?? -1)
            writer.writeInt32(member.sessionTimeout.milliseconds)
            writer.writeLongBytes(member.subscription)
            writer.writeLongBytes(member.assignment)
        }
        return writer.take()
    }

    package static func key(_ bytes: UnsafeRawBufferPointer) -> String? {
        do throws(BytesError) {
            var reader = ByteReader(bytes)
            guard try reader.readInt16() == keyVersion else { return nil }
            return try reader.readShortString()
        } catch {
            return nil
        }
    }

    /// Reads the value, of any version up to 4; nil where it is malformed or newer.
    package static func value(_ bytes: UnsafeRawBufferPointer) -> GroupMetadata? {
        do throws(BytesError) {
            var reader = ByteReader(bytes)
            let version = try reader.readInt16()
            guard (0...firstFlexibleVersion).contains(version) else { return nil }
            return try metadata(&reader, version)
        } catch {
            return nil
        }
    }

    private static func metadata(
        _ reader: inout ByteReader, _ version: Int16
    ) throws(BytesError) -> GroupMetadata? {
        let isFlexible = version >= firstFlexibleVersion
        let protocolType = try reader.readString(isFlexible) ?? ""
        let generation = try reader.readInt32()
        let protocolName = try reader.readString(isFlexible)
        let leader = try reader.readString(isFlexible)
        let since = version >= 2 ? try reader.readInt64() : -1
        var metadata = GroupMetadata(
            protocolType: protocolType, generation: generation, protocolName: protocolName,
            leader: leader, stateSince: since < 0 ? nil : Timestamp(milliseconds: since),
            members: [])
        let count =
            isFlexible
            ? Int64(try reader.readUnsignedVarint()) - 1 : Int64(try reader.readInt32())
        guard count >= 0 else { return nil }
        for _ in 0..<count { metadata.members.append(try member(&reader, version)) }
        if isFlexible { try reader.skipTaggedFields() }
        return metadata
    }

    private static func member(
        _ reader: inout ByteReader, _ version: Int16
    ) throws(BytesError) -> GroupMetadata.Member {
        let isFlexible = version >= firstFlexibleVersion
        let id = try reader.readString(isFlexible) ?? ""
        let instanceID = version >= 3 ? try reader.readString(isFlexible) : nil
        let clientID = try reader.readString(isFlexible) ?? ""
        let clientHost = try reader.readString(isFlexible) ?? ""
        let rebalanceTimeout = version >= 1 ? try reader.readInt32() : -1
        let sessionTimeout = try reader.readInt32()
        let subscription =
            isFlexible ? try reader.readCompactBytes() : try reader.readLongBytes()
        let assignment = isFlexible ? try reader.readCompactBytes() : try reader.readLongBytes()
        if isFlexible { try reader.skipTaggedFields() }
        return GroupMetadata.Member(
            id: id, instanceID: instanceID, clientID: clientID, clientHost: clientHost,
            rebalanceTimeout: rebalanceTimeout < 0 ? nil : .milliseconds(Int64(rebalanceTimeout)),
            sessionTimeout: .milliseconds(Int64(sessionTimeout)), subscription: subscription,
            assignment: assignment)
    }
}

extension ByteReader {
    fileprivate mutating func readString(_ isFlexible: Bool) throws(BytesError) -> String? {
        isFlexible ? try readCompactString() : try readNullableShortString()
    }
}

extension Duration {
    /// As records have it; what is longer than 24 days is as long as that.
    fileprivate var milliseconds: Int32 {
        let (seconds, attoseconds) = components
        let whole = Int64(clamping: seconds).multipliedReportingOverflow(by: 1000)
        guard !whole.overflow else { return seconds < 0 ? 0 : .max }
        return Int32(clamping: whole.partialValue &+ attoseconds / 1_000_000_000_000_000)
    }
}
