import MillraceBytes
import Testing

@Suite struct AlignedBufferTests {
    @Test(arguments: [0, 1, 4095, 4096, 1 << 20])
    func memoryBeginsOnAPage(_ count: Int) {
        let buffer = AlignedBuffer(count: count)
        #expect(UInt(bitPattern: buffer.pointer) % 4096 == 0)
        #expect(buffer.bytes.count == count && buffer.mutableBytes.count == count)
        buffer.mutableBytes.initializeMemory(as: UInt8.self, repeating: 7)
        #expect(buffer.bytes.allSatisfy { $0 == 7 })
    }

    @Test func copiesHoldTheirBytes() {
        let buffer = [1, 2, 3].withUnsafeBytes { AlignedBuffer(copying: $0) }
        #expect(buffer.count == 3 * MemoryLayout<Int>.size)
    }
}
