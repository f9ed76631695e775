import MillraceBytes
import MillraceModel
import MillraceRecords

/// Makes batches that are wrong in one place and otherwise right, checksum included.
struct BatchEditing {
    var bytes: [UInt8]

    init(_ bytes: [UInt8]) { self.bytes = bytes }

    static func plain(recordCount: Int = 3) throws -> BatchEditing {
        let records = (0..<recordCount).map { Record(key: [UInt8($0)], value: [1, 2, 3]) }
        return BatchEditing(
            try RecordBatchBuilder.build(records, now: Timestamp(milliseconds: 100)))
    }

    /// A batch of these record bytes, whatever they are.
    static func holding(
        _ records: [UInt8], count: Int32, codec: UInt8 = 0
    ) -> BatchEditing {
        var bytes = [UInt8](repeating: 0, count: RecordBatchHeader.size) + records
        let header = RecordBatchHeader(
            batchLength: Int32(bytes.count - 12), leaderEpoch: .zero, attributes: Int16(codec),
            lastOffsetDelta: count - 1, baseTimestamp: .none, maxTimestamp: .none,
            producer: .none, recordCount: count)
        bytes.withUnsafeMutableBytes { header.store(to: $0) }
        var batch = BatchEditing(bytes)
        batch.mend()
        return batch
    }

    /// Changes the header and makes the checksum right again.
    mutating func edit(_ body: (inout RecordBatchHeader) -> Void) throws {
        var header = try bytes.withUnsafeBytes { try RecordBatchHeader(parsing: $0) }
        body(&header)
        bytes.withUnsafeMutableBytes { header.store(to: $0) }
        mend()
    }

    mutating func mend() {
        let checksum = bytes.withUnsafeBytes { RecordBatch.checksum($0) }
        for index in 0..<4 {
            bytes[17 + index] = UInt8(truncatingIfNeeded: checksum >> (24 - 8 * index))
        }
    }

    func validate(limit: Int = 1 << 20) throws -> RecordBatchHeader {
        try bytes.withUnsafeBytes { try RecordBatch.validate($0, limit: limit) }
    }

    @discardableResult
    func validateProduced(limit: Int = 1 << 20) throws -> RecordBatchHeader {
        try bytes.withUnsafeBytes { try RecordBatch.validateProduced($0, limit: limit) }
    }

    func validateRecords(limit: Int = 1 << 20) throws {
        try bytes.withUnsafeBytes { try RecordBatch.validateRecords($0, limit: limit) }
    }

    func copyRecords(limit: Int = 1 << 20) throws -> [Record] {
        try bytes.withUnsafeBytes {
            try RecordBatchView(borrowing: $0, decompressedLimit: limit).copyRecords()
        }
    }
}
