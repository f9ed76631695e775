import MillraceBytes
import Testing

@Suite struct ByteSliceTests {
    private let slice = [UInt8](0..<100).withUnsafeBytes { ByteSlice(copying: $0) }

    @Test func partsOfPartsCountFromTheirOwnStart() throws {
        let part = try slice.slice(offset: 10, count: 20).slice(offset: 5, count: 3)
        #expect(part.withBytes { Array($0) } == [15, 16, 17])
        #expect(part.owner === slice.owner && part.offset == 15)
        #expect(try slice.slice(offset: 100, count: 0).withBytes { $0.count } == 0)
    }

    @Test(arguments: [
        (0, 101), (101, 0), (100, 1), (-1, 1), (1, .max), (.max, 1), (.min, 0), (0, -1),
    ])
    func rangesOutsideAreRefused(_ offset: Int, _ count: Int) {
        #expect(throws: BytesError.self) { try slice.slice(offset: offset, count: count) }
    }

    @Test func aSliceKeepsItsMemory() {
        var part: ByteSlice? = ByteSlice(AlignedBuffer(count: 8))
        weak let owner = part?.owner
        #expect(owner != nil)
        part = nil
        #expect(owner == nil)
    }
}
