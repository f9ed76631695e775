import MillraceBytes
import Testing

@Suite struct ByteReaderTests {
    private func reading<Value>(
        _ bytes: [UInt8], _ body: (inout ByteReader) throws -> Value
    ) rethrows -> Value {
        try bytes.withUnsafeBytes {
            var reader = ByteReader($0)
            return try body(&reader)
        }
    }

    @Test func integersAreBigEndianUnlessNamedOtherwise() throws {
        let bytes: [UInt8] = [0x81, 2, 3, 4, 5, 6, 7, 8]
        let long = 0x8102_0304_0506_0708 as UInt64
        #expect(try reading(bytes) { try $0.readUInt8() } == 0x81)
        #expect(try reading(bytes) { try $0.readInt8() } == -127)
        #expect(try reading(bytes) { try $0.readUInt16() } == 0x8102)
        #expect(try reading(bytes) { try $0.readInt16() } == Int16(bitPattern: 0x8102))
        #expect(try reading(bytes) { try $0.readUInt32() } == 0x8102_0304)
        #expect(try reading(bytes) { try $0.readInt32() } == Int32(bitPattern: 0x8102_0304))
        #expect(try reading(bytes) { try $0.readUInt64() } == long)
        #expect(try reading(bytes) { try $0.readInt64() } == Int64(bitPattern: long))
        #expect(try reading(bytes) { try $0.readUInt16LittleEndian() } == 0x0281)
        #expect(try reading(bytes) { try $0.readUInt32LittleEndian() } == 0x0403_0281)
        #expect(try reading(bytes) { try $0.readInt32LittleEndian() } == 0x0403_0281)
        #expect(try reading(bytes) { try $0.readUInt64LittleEndian() } == 0x0807_0605_0403_0281)
        #expect(try reading(bytes) { try $0.readInt64LittleEndian() } == 0x0807_0605_0403_0281)
    }

    @Test func aFailedReadLeavesTheCursor() throws {
        try reading([1, 2, 3]) { reader in
            _ = try reader.readUInt8()
            #expect(throws: BytesError.truncated(needed: 4, remaining: 2, position: 1)) {
                try reader.readInt32()
            }
            #expect(throws: BytesError.truncated(needed: 3, remaining: 2, position: 1)) {
                try reader.skip(3)
            }
            #expect(throws: BytesError.negativeCount(-1, position: 1)) { try reader.readBytes(-1) }
            #expect(try reader.readUInt16() == 0x0203)
            #expect(reader.isAtEnd)
        }
    }

    @Test func emptyBytesHaveNothing() {
        var reader = ByteReader(UnsafeRawBufferPointer(start: nil, count: 0))
        #expect(throws: BytesError.self) { try reader.readUInt8() }
        #expect(throws: BytesError.self) { try reader.readUnsignedVarint() }
        #expect(reader.isAtEnd && reader.rest.isEmpty)
        #expect(throws: Never.self) { try reader.skip(0) }
    }

    @Test func bytesAreReadWhereTheyLie() throws {
        try reading([1, 2, 3, 4]) { reader in
            try reader.skip(1)
            #expect(try Array(reader.readBytes(2)) == [2, 3])
            #expect(Array(reader.rest) == [4])
            #expect(reader.position == 3 && reader.remaining == 1 && reader.count == 4)
        }
    }

    @Test(arguments: [
        ([0x80, 0x80, 0x80, 0x80, 0x10], .varintOverflow(bits: 32, position: 0)),
        ([0xff, 0xff, 0xff, 0xff, 0xff, 0x01], .varintOverflow(bits: 32, position: 0)),
        ([0x80, 0x80], .truncated(needed: 3, remaining: 2, position: 0)),
        ([], .truncated(needed: 1, remaining: 0, position: 0)),
    ] as [([UInt8], BytesError)])
    func illegalVarintsAreRefused(_ bytes: [UInt8], _ error: BytesError) {
        #expect(throws: error) { try reading(bytes) { try $0.readUnsignedVarint() } }
        #expect(throws: error) { try reading(bytes) { try $0.readVarint() } }
    }

    @Test func illegalVarlongsAreRefused() {
        let nines = [UInt8](repeating: 0xff, count: 9)
        #expect(throws: Never.self) { try reading(nines + [0x01]) { try $0.readUnsignedVarlong() } }
        #expect(throws: BytesError.varintOverflow(bits: 64, position: 0)) {
            try reading(nines + [0x02]) { try $0.readVarlong() }
        }
        #expect(throws: BytesError.varintOverflow(bits: 64, position: 0)) {
            try reading(nines + [0x81, 0x01]) { try $0.readUnsignedVarlong() }
        }
    }
}
