/// Bytes that grow at the end, and may be patched before it. The mirror of `ByteReader`: integers
/// are big-endian where the name does not say otherwise.
package struct ByteWriter: Sendable {
    /// The first `count` are written; the rest is room.
    private var storage: [UInt8]
    package private(set) var count = 0

    package init(capacity: Int = 0) {
        storage = [UInt8](repeating: 0, count: capacity)
    }

    package var capacity: Int { storage.count }

    /// Makes room for `additional` bytes, so that writing them does not move what is there.
    @inline(__always)
    package mutating func reserve(_ additional: Int) {
        if storage.count &- count < additional { grow(additional) }
    }

    @inline(never)
    private mutating func grow(_ additional: Int) {
        let needed = max(storage.count * 2, count + additional, 64)
        var larger = [UInt8](repeating: 0, count: needed)
        let count = count
        larger.withUnsafeMutableBytes { larger in
            storage.withUnsafeBytes { storage in
                larger.copyMemory(from: UnsafeRawBufferPointer(rebasing: storage[..<count]))
            }
        }
        storage = larger
    }

    @inline(__always)
    private mutating func store<Integer: FixedWidthInteger>(_ value: Integer) {
        let size = MemoryLayout<Integer>.size
        reserve(size)
        let position = count
        storage.withUnsafeMutableBytes {
            $0.storeBytes(of: value, toByteOffset: position, as: Integer.self)
        }
        count = position &+ size
    }

    @inline(__always)
    private mutating func replace<Integer: FixedWidthInteger>(_ value: Integer, at position: Int) {
        let size = MemoryLayout<Integer>.size
        precondition(
            position >= 0 && position <= count - size,
            "bytes \(position) +\(size) to patch are not among the \(count) written")
        storage.withUnsafeMutableBytes {
            $0.storeBytes(of: value, toByteOffset: position, as: Integer.self)
        }
    }
}

// MARK: - Taking the bytes

extension ByteWriter {
    /// The bytes written. The writer is empty afterwards and owns no memory.
    package mutating func take() -> [UInt8] {
        var result: [UInt8] = []
        swap(&result, &storage)
        result.removeLast(result.count - count)
        count = 0
        return result
    }

    /// Forgets what was written and keeps the memory.
    package mutating func removeAll() { count = 0 }

    /// Forgets what was written past the first `count` bytes.
    package mutating func truncate(to count: Int) {
        precondition(count >= 0 && count <= self.count, "\(count) is not among \(self.count) bytes")
        self.count = count
    }

    package func withUnsafeBytes<Result>(
        _ body: (UnsafeRawBufferPointer) throws -> Result
    ) rethrows -> Result {
        try storage.withUnsafeBytes { try body(UnsafeRawBufferPointer(rebasing: $0[..<count])) }
    }

    package mutating func withUnsafeMutableBytes<Result>(
        _ body: (UnsafeMutableRawBufferPointer) throws -> Result
    ) rethrows -> Result {
        let count = count
        return try storage.withUnsafeMutableBytes {
            try body(UnsafeMutableRawBufferPointer(rebasing: $0[..<count]))
        }
    }

    /// Lets `body` write up to `most` bytes at the end. It returns how many it wrote.
    package mutating func write(atMost most: Int, _ body: (UnsafeMutableRawBufferPointer) -> Int) {
        reserve(most)
        let start = count
        let written = storage.withUnsafeMutableBytes {
            body(UnsafeMutableRawBufferPointer(rebasing: $0[start..<(start + most)]))
        }
        precondition(written >= 0 && written <= most, "\(written) bytes written into \(most)")
        count = start + written
    }
}

// MARK: - Integers of fixed size

extension ByteWriter {
    package mutating func writeUInt8(_ value: UInt8) { store(value) }
    package mutating func writeInt8(_ value: Int8) { store(value) }
    package mutating func writeUInt16(_ value: UInt16) { store(value.bigEndian) }
    package mutating func writeInt16(_ value: Int16) { store(value.bigEndian) }
    package mutating func writeUInt32(_ value: UInt32) { store(value.bigEndian) }
    package mutating func writeInt32(_ value: Int32) { store(value.bigEndian) }
    package mutating func writeUInt64(_ value: UInt64) { store(value.bigEndian) }
    package mutating func writeInt64(_ value: Int64) { store(value.bigEndian) }

    package mutating func writeUInt16LittleEndian(_ value: UInt16) { store(value.littleEndian) }
    package mutating func writeUInt32LittleEndian(_ value: UInt32) { store(value.littleEndian) }
    package mutating func writeInt32LittleEndian(_ value: Int32) { store(value.littleEndian) }
    package mutating func writeUInt64LittleEndian(_ value: UInt64) { store(value.littleEndian) }
    package mutating func writeInt64LittleEndian(_ value: Int64) { store(value.littleEndian) }

    /// Overwrites four bytes written earlier, such as a length known only now.
    package mutating func patchUInt32(_ value: UInt32, at position: Int) {
        replace(value.bigEndian, at: position)
    }

    package mutating func patchInt32(_ value: Int32, at position: Int) {
        replace(value.bigEndian, at: position)
    }

    package mutating func patchUInt32LittleEndian(_ value: UInt32, at position: Int) {
        replace(value.littleEndian, at: position)
    }
}

// MARK: - Integers of variable size

extension ByteWriter {
    package mutating func writeUnsignedVarint(_ value: UInt32) { writeVariable(UInt64(value)) }
    package mutating func writeUnsignedVarlong(_ value: UInt64) { writeVariable(value) }

    package mutating func writeVarint(_ value: Int32) {
        writeVariable(UInt64(UInt32(bitPattern: (value << 1) ^ (value >> 31))))
    }

    package mutating func writeVarlong(_ value: Int64) {
        writeVariable(UInt64(bitPattern: (value << 1) ^ (value >> 63)))
    }

    @inline(__always)
    private mutating func writeVariable(_ value: UInt64) {
        if value < 0x80 {
            store(UInt8(truncatingIfNeeded: value))
        } else {
            writeLongVariable(value)
        }
    }

    private mutating func writeLongVariable(_ value: UInt64) {
        reserve(10)
        let start = count
        count = storage.withUnsafeMutableBytes { bytes in
            var rest = value
            var position = start
            while rest >= 0x80 {
                bytes[position] = UInt8(truncatingIfNeeded: rest) | 0x80
                rest >>= 7
                position &+= 1
            }
            bytes[position] = UInt8(truncatingIfNeeded: rest)
            return position &+ 1
        }
    }

    /// How many bytes `writeUnsignedVarint` makes of `value`.
    package static func sizeOfUnsignedVarint(_ value: UInt32) -> Int {
        sizeOfVariable(UInt64(value))
    }

    package static func sizeOfVarint(_ value: Int32) -> Int {
        sizeOfVariable(UInt64(UInt32(bitPattern: (value << 1) ^ (value >> 31))))
    }

    package static func sizeOfVarlong(_ value: Int64) -> Int {
        sizeOfVariable(UInt64(bitPattern: (value << 1) ^ (value >> 63)))
    }

    @inline(__always)
    private static func sizeOfVariable(_ value: UInt64) -> Int {
        (70 &- (value | 1).leadingZeroBitCount) / 7
    }
}

// MARK: - Runs of bytes

extension ByteWriter {
    package mutating func writeBytes(_ bytes: UnsafeRawBufferPointer) {
        guard let source = bytes.baseAddress, !bytes.isEmpty else { return }
        let size = bytes.count
        reserve(size)
        let start = count
        storage.withUnsafeMutableBytes { storage in
            guard let base = storage.baseAddress else { return }
            (base + start).copyMemory(from: source, byteCount: size)
        }
        count = start &+ size
    }

    package mutating func writeBytes(_ bytes: [UInt8]) {
        bytes.withUnsafeBytes { writeBytes($0) }
    }

    package mutating func writeZeros(_ count: Int) {
        write(atMost: count) { bytes in
            bytes.initializeMemory(as: UInt8.self, repeating: 0)
            return count
        }
    }
}
