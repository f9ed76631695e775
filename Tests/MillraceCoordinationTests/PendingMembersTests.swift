@testable import MillraceCoordination
import MillraceShard
import Testing

@Suite struct PendingMembersTests {
    private func at(_ time: UInt64) -> Instant { Instant(nanoseconds: time) }

    @Test func theyExpireEachAtItsTime() {
        var pending = PendingMembers()
        #expect(pending.isEmpty)
        #expect(pending.nextExpiry == nil)
        pending.insert("a", until: at(30))
        pending.insert("b", until: at(10))
        pending.insert("c", until: at(20))
        #expect(pending.nextExpiry == at(10))
        pending.removeExpired(by: at(20))
        #expect(pending.count == 1)
        #expect(pending.contains("a"))
        #expect(!pending.contains("c"))
        pending.remove("a")
        #expect(pending.isEmpty)
        #expect(pending.nextExpiry == nil)
    }
}
