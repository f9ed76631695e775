internal import MillraceBytes
internal import MillraceModel
internal import MillraceShard
internal import SystemPackage

/// The producers of a partition as of the offset in the file's name (`.snapshot`), in Kafka's form,
/// big-endian:
///
///     version i16 = 1 | CRC-32C u32 of all that follows | count i32
///     | producer id i64, epoch i16, last sequence i32, last offset i64, offset delta i32,
///       timestamp i64, coordinator epoch i32, first offset of its transaction i64 | ...
///
/// A producer has an entry for each of its last batches, up to five, the oldest first. Kafka knows
/// one, and of several with an id takes the last, which is the newest.
///
/// It saves recovery the way through the log below its offset, and is made again from the log
/// where it is missing or damaged. The timestamp is when the log heard of the producer.
enum ProducerSnapshot {
    struct Entry: Equatable {
        var id: ProducerID
        var batch: ProducerTable.Batch
        var timestamp: Timestamp
        /// Where its transaction began that is under way.
        var firstOffset: Offset?

        func isSane(before offset: Offset) -> Bool {
            id.value >= 0 && batch.epoch.value >= 0 && batch.offsetDelta >= 0
                && batch.lastSequence >= -1 && batch.lastOffset < offset
                && firstOffset.map { $0 < offset } ?? true
        }
    }

    static let version: Int16 = 1
    private static let headerSize = 6
    private static let entrySize = 46
    /// No transaction is under way.
    private static let none: Int64 = -1
    /// There is one coordinator, and has been no other: what Kafka has for a producer without one fits any.
    private static let coordinatorEpoch: Int32 = -1

    static func encode(_ entries: [Entry]) -> [UInt8] {
        var writer = ByteWriter(capacity: headerSize + 4 + entries.count * entrySize)
        writer.writeInt16(version)
        writer.writeUInt32(0)
        writer.writeInt32(Int32(clamping: entries.count))
        for entry in entries {
            writer.writeInt64(entry.id.value)
            writer.writeInt16(entry.batch.epoch.value)
            writer.writeInt32(entry.batch.lastSequence)
            writer.writeInt64(entry.batch.lastOffset.value)
            writer.writeInt32(entry.batch.offsetDelta)
            writer.writeInt64(entry.timestamp.milliseconds)
            writer.writeInt32(coordinatorEpoch)
            writer.writeInt64(entry.firstOffset?.value ?? none)
        }
        var bytes = writer.take()
        let crc = bytes.withUnsafeBytes {
            CRC32C.checksum(UnsafeRawBufferPointer(rebasing: $0[headerSize...]))
        }
        bytes.withUnsafeMutableBytes {
            $0.storeBytes(of: crc.bigEndian, toByteOffset: 2, as: UInt32.self)
        }
        return bytes
    }

    /// What the bytes of a snapshot at the offset say.
    static func decode(
        _ bytes: UnsafeRawBufferPointer, at offset: Offset
    ) throws(SnapshotFault) -> [Entry] {
        var entries: [Entry] = []
        var fault: String?
        do throws(BytesError) {
            var reader = ByteReader(bytes)
            let found = try reader.readInt16()
            let stored = try reader.readUInt32()
            let computed = CRC32C.checksum(reader.rest)
            let count = try reader.readInt32()
            if found != version {
                fault = "version \(found) is not the known \(version)"
            } else if stored != computed {
                fault = "its CRC-32C does not match"
            } else if count < 0 || Int(count) * entrySize != reader.remaining {
                fault = "\(count) entries do not fit its \(bytes.count) bytes"
            } else {
                entries.reserveCapacity(Int(count))
                for _ in 0..<count { entries.append(try entry(&reader)) }
            }
        } catch {
            fault = "\(error)"
        }
        if let bad = entries.first(where: { !$0.isSane(before: offset) }) {
            fault = "it has producer \(bad.id.value) at offset \(bad.batch.lastOffset)"
        }
        if let fault { throw SnapshotFault(reason: fault) }
        return entries
    }

    private static func entry(_ reader: inout ByteReader) throws(BytesError) -> Entry {
        let id = ProducerID(try reader.readInt64())
        let epoch = ProducerEpoch(try reader.readInt16())
        let lastSequence = try reader.readInt32()
        let lastOffset = Offset(try reader.readInt64())
        let offsetDelta = try reader.readInt32()
        let timestamp = Timestamp(milliseconds: try reader.readInt64())
        _ = try reader.readInt32()
        let firstOffset = try reader.readInt64()
        let batch = ProducerTable.Batch(
            epoch: epoch, lastSequence: lastSequence, lastOffset: lastOffset,
            offsetDelta: offsetDelta, timestamp: timestamp,
            unbrokenCount: lastSequence < 0 ? 0 : Int64(max(0, offsetDelta)) + 1)
        return Entry(
            id: id, batch: batch, timestamp: timestamp,
            firstOffset: firstOffset < 0 ? nil : Offset(firstOffset))
    }
}

/// Why a file is no producer snapshot.
struct SnapshotFault: Error {
    let reason: String
}
