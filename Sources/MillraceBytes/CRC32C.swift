internal import CMillraceChecksum

/// CRC-32C (Castagnoli), the checksum of record batches and of the journal.
package enum CRC32C {
    /// The checksum of `bytes`, or, given the checksum of what stands before them as `continuing`,
    /// of both together.
    package static func checksum(
        _ bytes: UnsafeRawBufferPointer, continuing checksum: UInt32 = 0
    ) -> UInt32 {
        millrace_crc32c(checksum, bytes.baseAddress, bytes.count)
    }

    package static func checksum(_ bytes: [UInt8], continuing checksum: UInt32 = 0) -> UInt32 {
        bytes.withUnsafeBytes { Self.checksum($0, continuing: checksum) }
    }

    /// The same without the processor's CRC-32C instruction: what the quick way is checked against.
    package static func checksumByTable(
        _ bytes: UnsafeRawBufferPointer, continuing checksum: UInt32 = 0
    ) -> UInt32 {
        millrace_crc32c_by_table(checksum, bytes.baseAddress, bytes.count)
    }

    /// Whether `checksum` has the processor's instruction; it is by table otherwise.
    package static var hasInstruction: Bool { millrace_crc32c_has_instruction() }
}
