package import MillraceBytes

/// What each side sends first, before any frame, so that a stranger on the port is told apart at
/// once. The client speaks first; the broker answers with its own:
///
///      0                   4         6         8
///     +----+----+----+----+----+----+----+----+
///     | M  | L  | R  | C  | version | 0  | 0  |
///     +----+----+----+----+----+----+----+----+
///
/// The version is little-endian, as every number of the native protocol. A broker that does not
/// speak the client's version still answers with its preface, which says the version it speaks, and
/// closes.
package struct Preface: Hashable, Sendable {
    package var version: UInt16

    package init(version: UInt16 = Self.currentVersion) { self.version = version }

    package static let size = 8
    package static let currentVersion: UInt16 = 1

    /// `MLRC`, read as a little-endian number.
    static let magic: UInt32 = 0x4352_4c4d

    /// Reads the first 8 of `bytes`, which must have as many.
    package init(parsing bytes: UnsafeRawBufferPointer) throws(FrameError) {
        guard bytes.count >= Self.size,
            bytes.loadUnaligned(as: UInt32.self).littleEndian == Self.magic,
            bytes.loadUnaligned(fromByteOffset: 6, as: UInt16.self) == 0
        else {
            throw .notMillrace(firstBytes: [UInt8](bytes.prefix(Self.size)))
        }
        version = bytes.loadUnaligned(fromByteOffset: 4, as: UInt16.self).littleEndian
    }

    /// Throws when `bytes`, fewer than a preface has, cannot be the beginning of one.
    static func requirePrefix(_ bytes: UnsafeRawBufferPointer) throws(FrameError) {
        for (index, byte) in bytes.prefix(4).enumerated() {
            guard byte == UInt8(truncatingIfNeeded: magic >> UInt32(8 * index)) else {
                throw .notMillrace(firstBytes: [UInt8](bytes))
            }
        }
    }

    /// Throws unless both sides speak the same version.
    package func requireCurrentVersion() throws(FrameError) {
        guard version == Self.currentVersion else {
            throw .unsupportedVersion(version, supported: Self.currentVersion)
        }
    }
}

extension ByteWriter {
    package mutating func writePreface(_ preface: Preface = Preface()) {
        writeUInt32LittleEndian(Preface.magic)
        writeUInt16LittleEndian(preface.version)
        writeUInt16LittleEndian(0)
    }
}
