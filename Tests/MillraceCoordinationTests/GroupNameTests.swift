import MillraceCoordination
import Testing

@Suite struct GroupNameTests {
    /// Java's `"...".hashCode()`, as its documentation defines it, by hand.
    @Test func partitionsAreThoseOfJavasHash() {
        #expect(GroupName.partition(for: "a", count: 50) == 97 % 50)
        #expect(GroupName.partition(for: "ab", count: 50) == (97 * 31 + 98) % 50)
        // The one string of this length whose hash is the smallest integer.
        #expect(GroupName.partition(for: "polygenelubricants", count: 50) == 0)
        #expect(GroupName.partition(for: "anything", count: 1) == 0)
    }

    @Test func namesHaveALength() throws {
        try GroupName.check("g")
        try GroupName.check(String(repeating: "x", count: 255))
        #expect(throws: CoordinationError.self) { try GroupName.check("") }
        #expect(throws: CoordinationError.self) {
            try GroupName.check(String(repeating: "x", count: 256))
        }
    }
}
