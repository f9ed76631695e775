@testable import MillraceCoordination
import MillraceShard
import Testing

@Suite struct GroupMembersTests {
    private func at(_ time: UInt64) -> Instant { Instant(nanoseconds: time) }

    private func member(_ id: String, _ deadline: UInt64) -> GroupMember {
        GroupMember(
            id: id, clientID: "", clientHost: "", sessionTimeout: .seconds(1),
            rebalanceTimeout: .seconds(1), protocols: [], sessionDeadline: at(deadline))
    }

    @Test func theyExpireByArrival() {
        var members = GroupMembers()
        for (id, deadline) in [("a", UInt64(20)), ("b", 10), ("c", 30)] {
            members.insert(member(id, deadline))
        }
        #expect(members.nextExpiry == at(10))
        #expect(members.expired(by: at(9)).isEmpty)
        let expired = members.expired(by: at(20)).map(\.id)
        #expect(expired == ["a", "b"])
        #expect(members.nextExpiry == at(30))
    }

    /// The time of the next look is only put right when it has come, and never lies behind a
    /// member's own.
    @Test func signsOfLifeAreSeenAtTheNextLook() {
        var members = GroupMembers()
        members.insert(member("a", 10))
        members.insert(member("b", 20))
        members.setSessionDeadline(at(40), of: "a")
        #expect(members.nextExpiry == at(10))
        #expect(members.expired(by: at(10)).isEmpty)
        #expect(members.nextExpiry == at(20))
        members.setSessionDeadline(at(15), of: "a")
        #expect(members.nextExpiry == at(15))
    }

    @Test func whoWaitsForTheCoordinatorDoesNotExpire() {
        var members = GroupMembers()
        members.insert(member("a", 10))
        members.update("a") { $0.awaitingSync = AnswerTicket(value: 1) }
        #expect(members.nextExpiry == nil)
        members.update("a") { $0.awaitingSync = nil }
        #expect(members.nextExpiry == at(10))
        members.remove("a")
        #expect(members.nextExpiry == nil)
    }
}
