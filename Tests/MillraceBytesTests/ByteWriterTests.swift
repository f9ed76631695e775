import MillraceBytes
import Testing

@Suite struct ByteWriterTests {
    private func written(_ body: (inout ByteWriter) -> Void) -> [UInt8] {
        var writer = ByteWriter()
        body(&writer)
        return writer.take()
    }

    @Test func everyIntegerComesBack() throws {
        let bytes = written {
            $0.writeUInt8(0x81)
            $0.writeInt8(-3)
            $0.writeUInt16(0x8182)
            $0.writeInt16(-4)
            $0.writeUInt32(0x8182_8384)
            $0.writeInt32(-5)
            $0.writeUInt64(0x8182_8384_8586_8788)
            $0.writeInt64(-6)
            $0.writeUInt16LittleEndian(0x8182)
            $0.writeUInt32LittleEndian(0x8182_8384)
            $0.writeInt32LittleEndian(-7)
            $0.writeUInt64LittleEndian(0x8182_8384_8586_8788)
            $0.writeInt64LittleEndian(-8)
        }
        try bytes.withUnsafeBytes { (bytes) throws in
            var reader = ByteReader(bytes)
            #expect(try reader.readUInt8() == 0x81)
            #expect(try reader.readInt8() == -3)
            #expect(try reader.readUInt16() == 0x8182)
            #expect(try reader.readInt16() == -4)
            #expect(try reader.readUInt32() == 0x8182_8384)
            #expect(try reader.readInt32() == -5)
            #expect(try reader.readUInt64() == 0x8182_8384_8586_8788)
            #expect(try reader.readInt64() == -6)
            #expect(try reader.readUInt16LittleEndian() == 0x8182)
            #expect(try reader.readUInt32LittleEndian() == 0x8182_8384)
            #expect(try reader.readInt32LittleEndian() == -7)
            #expect(try reader.readUInt64LittleEndian() == 0x8182_8384_8586_8788)
            #expect(try reader.readInt64LittleEndian() == -8)
            #expect(reader.isAtEnd)
        }
    }

    @Test(arguments: [
        (0, [0]), (-1, [1]), (1, [2]), (63, [0x7e]), (-64, [0x7f]), (64, [0x80, 0x01]),
        (.max, [0xfe, 0xff, 0xff, 0xff, 0x0f]), (.min, [0xff, 0xff, 0xff, 0xff, 0x0f]),
    ] as [(Int32, [UInt8])])
    func varintsAreKafkas(_ value: Int32, _ bytes: [UInt8]) throws {
        #expect(written { $0.writeVarint(value) } == bytes)
        #expect(ByteWriter.sizeOfVarint(value) == bytes.count)
    }

    /// Every power of two and its neighbours, in each of the four forms.
    @Test func variableIntegersComeBackInTheirSize() throws {
        for bit in 0..<64 {
            for change: UInt64 in [0, 1, .max] {
                let value = (UInt64(1) << UInt64(bit)) &+ change
                let signed = Int64(bitPattern: value)
                let small = UInt32(truncatingIfNeeded: value)
                let bytes = written {
                    $0.writeUnsignedVarlong(value)
                    $0.writeVarlong(signed)
                    $0.writeUnsignedVarint(small)
                    $0.writeVarint(Int32(bitPattern: small))
                }
                try bytes.withUnsafeBytes { (bytes) throws in
                    var reader = ByteReader(bytes)
                    #expect(try reader.readUnsignedVarlong() == value)
                    var start = reader.position
                    #expect(try reader.readVarlong() == signed)
                    #expect(reader.position - start == ByteWriter.sizeOfVarlong(signed))
                    start = reader.position
                    #expect(try reader.readUnsignedVarint() == small)
                    #expect(reader.position - start == ByteWriter.sizeOfUnsignedVarint(small))
                    #expect(try reader.readVarint() == Int32(bitPattern: small))
                    #expect(reader.isAtEnd)
                }
            }
        }
    }

    @Test func patchingChangesOnlyItsBytes() {
        let bytes = written {
            $0.writeUInt8(1)
            $0.writeZeros(4)
            $0.writeUInt8(2)
            $0.writeZeros(8)
            $0.patchUInt32(0x0a0b_0c0d, at: 1)
            $0.patchInt32(-2, at: 6)
            $0.patchUInt32LittleEndian(0x0a0b_0c0d, at: 10)
        }
        #expect(
            bytes == [1, 0xa, 0xb, 0xc, 0xd, 2, 0xff, 0xff, 0xff, 0xfe, 0xd, 0xc, 0xb, 0xa])
    }

    @Test func growingKeepsWhatWasWritten() {
        var writer = ByteWriter(capacity: 3)
        var expected: [UInt8] = []
        for count in 0..<300 {
            let run = [UInt8](repeating: UInt8(truncatingIfNeeded: count), count: count)
            writer.writeBytes(run)
            expected += run
        }
        #expect(writer.count == expected.count)
        writer.truncate(to: 1000)
        #expect(writer.withUnsafeBytes { Array($0) } == Array(expected[..<1000]))
        #expect(writer.take() == Array(expected[..<1000]))
        #expect(writer.count == 0 && writer.take().isEmpty)
    }

    @Test func directWritesCountWhatTheyWrote() {
        var writer = ByteWriter()
        writer.writeUInt8(9)
        writer.write(atMost: 100) { bytes in
            #expect(bytes.count == 100)
            bytes.copyBytes(from: [1, 2, 3])
            return 3
        }
        writer.withUnsafeMutableBytes { $0[1] = 7 }
        #expect(writer.take() == [9, 7, 2, 3])
    }
}
