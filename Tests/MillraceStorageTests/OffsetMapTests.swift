import MillraceBytes
import MillraceModel
import Testing

@testable import MillraceStorage

/// The last offset of each key, in a fixed amount of memory.
@Suite struct OffsetMapTests {
    private static func map(bytes: Int) throws -> OffsetMap {
        try OffsetMap(bytes: bytes, hash: SipHash128(low: 1, high: 2))
    }

    private static func key(_ number: Int) -> [UInt8] { Array("key \(number)".utf8) }

    @Test func theLastOffsetOfEachKeyIsFound() throws {
        let map = try Self.map(bytes: 1 << 20)
        for offset in 0..<30_000 {
            let isTaken = Self.key(offset % 10_007).withUnsafeBytes { map.put($0, Offset(Int64(offset))) }
            #expect(isTaken)
        }
        #expect(map.count == 10_007)
        for number in 0..<10_007 {
            let expected = Int64((29_999 - number) / 10_007 * 10_007 + number)
            #expect(Self.key(number).withUnsafeBytes { map.offset(of: $0) } == Offset(expected))
        }
        #expect(Self.key(10_007).withUnsafeBytes { map.offset(of: $0) } == nil)
        #expect([UInt8]().withUnsafeBytes { map.offset(of: $0) } == nil)
    }

    /// A full map takes later offsets of the keys it has, and no new key.
    @Test(arguments: [0, 24, 100, 2400, 24_000])
    func aFullMapSaysSo(bytes: Int) throws {
        let map = try Self.map(bytes: bytes)
        #expect(map.countMax >= 1 && map.countMax <= max(1, bytes / OffsetMap.slotBytes))
        for number in 0..<map.countMax {
            #expect(Self.key(number).withUnsafeBytes { map.put($0, Offset(Int64(number))) })
        }
        #expect(!Self.key(map.countMax).withUnsafeBytes { map.put($0, Offset(1 << 40)) })
        #expect(Self.key(map.countMax).withUnsafeBytes { map.offset(of: $0) } == nil)
        #expect(Self.key(0).withUnsafeBytes { map.put($0, Offset(1 << 41)) })
        #expect(Self.key(0).withUnsafeBytes { map.offset(of: $0) } == Offset(1 << 41))
        #expect(map.count == map.countMax)
    }
}
