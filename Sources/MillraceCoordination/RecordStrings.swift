internal import MillraceBytes

/// Strings and bytes as Kafka's records have them: with two or four bytes of length in front, or,
/// in flexible versions, a varint of the length and one, 0 for none.
extension ByteWriter {
    /// What is longer than the length can say was refused before, where it is known to matter.
    mutating func writeShortString(_ string: String) {
        let bytes = Array(string.utf8.prefix(Int(Int16.max)))
        writeInt16(Int16(bytes.count))
        writeBytes(bytes)
    }

    mutating func writeNullableShortString(_ string: String?) {
        if let string { writeShortString(string) } else { writeInt16(-1) }
    }

    mutating func writeCompactString(_ string: String) {
        let bytes = Array(string.utf8.prefix(Int(Int16.max)))
        writeUnsignedVarint(UInt32(bytes.count) + 1)
        writeBytes(bytes)
    }

    mutating func writeLongBytes(_ bytes: [UInt8]) {
        writeInt32(Int32(clamping: bytes.count))
        writeBytes(bytes)
    }
}

extension ByteReader {
    mutating func readShortString() throws(BytesError) -> String {
        let bytes = try readBytes(Int(try readInt16()))
        return String(decoding: bytes, as: UTF8.self)
    }

    mutating func readNullableShortString() throws(BytesError) -> String? {
        let count = try readInt16()
        return count < 0 ? nil : String(decoding: try readBytes(Int(count)), as: UTF8.self)
    }

    mutating func readCompactString() throws(BytesError) -> String? {
        let count = try readUnsignedVarint()
        return count == 0
            ? nil : String(decoding: try readBytes(Int(count) - 1), as: UTF8.self)
    }

    mutating func readLongBytes() throws(BytesError) -> [UInt8] {
        Array(try readBytes(Int(try readInt32())))
    }

    mutating func readCompactBytes() throws(BytesError) -> [UInt8] {
        let count = try readUnsignedVarint()
        return count == 0 ? [] : Array(try readBytes(Int(count) - 1))
    }

    mutating func skipTaggedFields() throws(BytesError) {
        for _ in 0..<(try readUnsignedVarint()) {
            _ = try readUnsignedVarint()
            try skip(Int(try readUnsignedVarint()))
        }
    }
}
