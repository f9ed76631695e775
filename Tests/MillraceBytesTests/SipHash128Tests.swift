import MillraceBytes
import Testing

@Suite struct SipHash128Tests {
    /// Vectors of the reference (`vectors_sip128`): the key is 00 to 0f, the input of n bytes 00, 01 and so on.
    @Test(arguments: [
        (0, "a3817f04ba25a8e66df67214c7550293"), (1, "da87c1d86b99af44347659119b22fc45"),
        (2, "8177228da4a45dc7fca38bdef60affe4"), (8, "3b62a9ba6258f5610f83e264f31497b4"),
        (15, "5493e99933b0a8117e08ec0f97cfc3d9"), (16, "6ee2a4ca67b054bbfd3315bf85230577"),
        (63, "5150d1772f50834a503e069a973fbd7c"),
    ])
    func theReferencesVectors(_ count: Int, _ expected: String) {
        let hash = SipHash128(low: 0x0706_0504_0302_0100, high: 0x0f0e_0d0c_0b0a_0908)
        let digest = (0..<count).map { UInt8($0) }.withUnsafeBytes { hash.hash($0) }
        let words = [digest.low, digest.high]
        let found = words.flatMap { word in (0..<8).map { UInt8(truncatingIfNeeded: word >> (8 * $0)) } }
        let digits = found.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }
        #expect(digits.joined() == expected)
    }

    @Test func anotherKeyHasOtherHashes() {
        let key = Array("customer 7".utf8)
        let one = key.withUnsafeBytes { SipHash128(low: 1, high: 2).hash($0) }
        let other = key.withUnsafeBytes { SipHash128(low: 1, high: 3).hash($0) }
        #expect(one != other)
    }
}
