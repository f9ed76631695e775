internal import MillraceBytes
internal import MillraceModel

/// The aborted transactions whose markers lie in a segment (`.txnindex`), in Kafka's form, big-endian:
///
///     version i16 = 0 | producer id i64 | first offset i64 | last offset i64 | last stable offset i64 | ...
///
/// It is made again from the log where it does not go as far as the newest producer snapshot.
enum TransactionIndex {
    static let version: Int16 = 0
    static let entrySize = 34

    static func encode(_ entries: some Collection<AbortedTransaction>) -> [UInt8] {
        var writer = ByteWriter(capacity: entries.count * entrySize)
        for entry in entries {
            writer.writeInt16(version)
            writer.writeInt64(entry.producer.value)
            writer.writeInt64(entry.firstOffset.value)
            writer.writeInt64(entry.lastOffset.value)
            writer.writeInt64(entry.lastStableOffset.value)
        }
        return writer.take()
    }

    /// What the bytes of the index of a segment say.
    /// - Parameter base: the segment's first offset.
    static func decode(
        _ bytes: UnsafeRawBufferPointer, base: Offset
    ) throws(TransactionIndexFault) -> [AbortedTransaction] {
        guard bytes.count.isMultiple(of: entrySize) else {
            throw TransactionIndexFault(reason: "\(bytes.count) bytes are no whole entries of \(entrySize)")
        }
        var entries: [AbortedTransaction] = []
        entries.reserveCapacity(bytes.count / entrySize)
        var reader = ByteReader(bytes)
        while reader.remaining > 0 {
            guard let (found, entry) = try? entry(&reader) else { break }
            guard found == version, entry.producer.value >= 0, entry.firstOffset >= .zero,
                entry.firstOffset < entry.lastOffset,
                entry.lastOffset > entries.last?.lastOffset ?? base.advanced(by: -1)
            else {
                throw TransactionIndexFault(
                    reason: """
                        entry \(entries.count) has version \(found), producer \(entry.producer.value) and offsets \
                        \(entry.firstOffset) to \(entry.lastOffset)
                        """)
            }
            entries.append(entry)
        }
        return entries
    }

    private static func entry(
        _ reader: inout ByteReader
    ) throws(BytesError) -> (version: Int16, AbortedTransaction) {
        let version = try reader.readInt16()
        let entry = AbortedTransaction(
            producer: ProducerID(try reader.readInt64()), firstOffset: Offset(try reader.readInt64()),
            lastOffset: Offset(try reader.readInt64()), lastStableOffset: Offset(try reader.readInt64()))
        return (version, entry)
    }
}

/// Why a file is no transaction index.
struct TransactionIndexFault: Error {
    let reason: String
}
