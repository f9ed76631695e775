/// A cursor over bytes that came from outside. Every read is checked against what remains, and a
/// failed read leaves the cursor where it was.
///
/// It borrows the bytes: whoever made it keeps them alive. Integers are big-endian, Kafka's order,
/// where the name does not say otherwise.
package struct ByteReader {
    private let bytes: UnsafeRawBufferPointer
    package private(set) var position = 0

    package init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

    package var count: Int { bytes.count }
    package var remaining: Int { bytes.count &- position }
    package var isAtEnd: Bool { position == bytes.count }

    /// What has not been read yet.
    package var rest: UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(rebasing: bytes[position...])
    }

    @inline(__always)
    private mutating func load<Integer: FixedWidthInteger>(
        _ type: Integer.Type
    ) throws(BytesError) -> Integer {
        let size = MemoryLayout<Integer>.size
        guard size <= remaining else { throw truncated(size) }
        let value = bytes.loadUnaligned(fromByteOffset: position, as: type)
        position &+= size
        return value
    }

    @inline(never)
    private func truncated(_ needed: Int) -> BytesError {
        .truncated(needed: needed, remaining: remaining, position: position)
    }
}

// MARK: - Integers of fixed size

extension ByteReader {
    package mutating func readUInt8() throws(BytesError) -> UInt8 { try load(UInt8.self) }
    package mutating func readInt8() throws(BytesError) -> Int8 { try load(Int8.self) }

    package mutating func readUInt16() throws(BytesError) -> UInt16 {
        try load(UInt16.self).bigEndian
    }

    package mutating func readInt16() throws(BytesError) -> Int16 { try load(Int16.self).bigEndian }

    package mutating func readUInt32() throws(BytesError) -> UInt32 {
        try load(UInt32.self).bigEndian
    }

    package mutating func readInt32() throws(BytesError) -> Int32 { try load(Int32.self).bigEndian }

    package mutating func readUInt64() throws(BytesError) -> UInt64 {
        try load(UInt64.self).bigEndian
    }

    package mutating func readInt64() throws(BytesError) -> Int64 { try load(Int64.self).bigEndian }

    package mutating func readUInt16LittleEndian() throws(BytesError) -> UInt16 {
        try load(UInt16.self).littleEndian
    }

    package mutating func readUInt32LittleEndian() throws(BytesError) -> UInt32 {
        try load(UInt32.self).littleEndian
    }

    package mutating func readInt32LittleEndian() throws(BytesError) -> Int32 {
        try load(Int32.self).littleEndian
    }

    package mutating func readUInt64LittleEndian() throws(BytesError) -> UInt64 {
        try load(UInt64.self).littleEndian
    }

    package mutating func readInt64LittleEndian() throws(BytesError) -> Int64 {
        try load(Int64.self).littleEndian
    }
}

// MARK: - Integers of variable size

extension ByteReader {
    /// Seven bits a byte, the lowest first, as Kafka's flexible versions and protobuf write them.
    package mutating func readUnsignedVarint() throws(BytesError) -> UInt32 {
        let value = try readVariable(bits: 32)
        return UInt32(truncatingIfNeeded: value)
    }

    package mutating func readUnsignedVarlong() throws(BytesError) -> UInt64 {
        try readVariable(bits: 64)
    }

    /// A signed integer in zigzag form: 0, -1, 1, -2 are 0, 1, 2, 3.
    package mutating func readVarint() throws(BytesError) -> Int32 {
        let value = UInt32(truncatingIfNeeded: try readVariable(bits: 32))
        return Int32(bitPattern: value >> 1) ^ -Int32(bitPattern: value & 1)
    }

    package mutating func readVarlong() throws(BytesError) -> Int64 {
        let value = try readVariable(bits: 64)
        return Int64(bitPattern: value >> 1) ^ -Int64(bitPattern: value & 1)
    }

    @inline(__always)
    private mutating func readVariable(bits: Int) throws(BytesError) -> UInt64 {
        if position < bytes.count, bytes[position] < 0x80 {
            let value = UInt64(bytes[position])
            position &+= 1
            return value
        }
        return try readLongVariable(bits: bits)
    }

    private mutating func readLongVariable(bits: Int) throws(BytesError) -> UInt64 {
        var value: UInt64 = 0
        var shift = 0
        var index = position
        while index < bytes.count {
            let byte = UInt64(bytes[index])
            index &+= 1
            let payload = byte & 0x7f
            // The last byte that fits may carry only the bits that are left.
            guard shift < bits, shift &+ 7 <= bits || payload >> UInt64(bits &- shift) == 0 else {
                throw .varintOverflow(bits: bits, position: position)
            }
            value |= payload << UInt64(shift)
            if byte < 0x80 {
                position = index
                return value
            }
            shift &+= 7
        }
        throw truncated(bytes.count &- position &+ 1)
    }
}

// MARK: - Runs of bytes

extension ByteReader {
    /// The next `count` bytes, where they lie.
    package mutating func readBytes(_ count: Int) throws(BytesError) -> UnsafeRawBufferPointer {
        guard count >= 0 else { throw .negativeCount(count, position: position) }
        guard count <= remaining else { throw truncated(count) }
        let result = UnsafeRawBufferPointer(rebasing: bytes[position..<(position &+ count)])
        position &+= count
        return result
    }

    package mutating func skip(_ count: Int) throws(BytesError) {
        _ = try readBytes(count)
    }

    /// Goes to a position counted from the beginning.
    package mutating func move(to position: Int) throws(BytesError) {
        guard position >= 0 else { throw .negativeCount(position, position: self.position) }
        guard position <= bytes.count else {
            throw .truncated(needed: position, remaining: bytes.count, position: self.position)
        }
        self.position = position
    }
}
