@testable import MillraceCoordination
import MillraceModel
import MillraceShard
import Testing

@Suite struct ClassicGroupTests {
    private typealias Test = GroupUnderTest

    @Test func aGroupComesBackFromItsRecord() throws {
        let before = try Test.stable(["a", "b"], instances: [nil, "i"])
        var test = Test()
        test.group = ClassicGroup(id: "g", options: GroupOptions(), isLive: false)
        test.group.replay(before.group.metadata(), at: test.time)
        test.group.becomeLive(at: test.time)
        #expect(test.group.state == .stable)
        #expect(test.group.generation == 1)
        #expect(test.group.leader == "a")
        #expect(test.group.description.members == before.group.description.members)
        try test.heartbeat("a")
        try test.heartbeat("b", instance: "i")
        let sync = test.sync("b")
        #expect(try test.syncs[sync]?.get().assignment == Array("b".utf8))
        test.pass(.seconds(11))
        #expect(test.group.state == .empty, "sessions begin anew, and end as they do")
    }

    @Test func theLastRecordCounts() throws {
        var test = try Test.stable(["a", "b"])
        let older = test.group.metadata()
        _ = try test.leave(LeavingMember(memberID: "a"), LeavingMember(memberID: "b"))
        let newer = test.group.metadata()
        var loaded = ClassicGroup(id: "g", options: GroupOptions(), isLive: false)
        loaded.replay(older, at: test.time)
        loaded.replay(newer, at: test.time)
        loaded.becomeLive(at: test.time)
        #expect(loaded.state == .empty)
        #expect(loaded.generation == 2)
        #expect(loaded.members.isEmpty)
        #expect(loaded.stateSince == newer.stateSince)
    }

    /// What a damaged or foreign log may hold: members twice, no times, no names.
    @Test func aStrangeRecordIsBorne() {
        let member = GroupMetadata.Member(
            id: "a", instanceID: nil, clientID: "", clientHost: "", rebalanceTimeout: nil,
            sessionTimeout: .milliseconds(-1), subscription: [], assignment: [])
        let metadata = GroupMetadata(
            protocolType: "", generation: .max, protocolName: nil, leader: nil, stateSince: nil,
            members: [member, member])
        var test = Test()
        test.group = ClassicGroup(id: "g", options: GroupOptions(), isLive: false)
        test.group.replay(metadata, at: test.time)
        test.group.becomeLive(at: test.time)
        #expect(test.group.members.count == 1)
        test.pass(.seconds(1))
        #expect(test.group.state == .empty)
        #expect(test.group.generation == 1)
    }

    @Test func nobodyJoinsAGroupThatIsBeingDeleted() {
        var test = Test()
        test.group.beginDeletion(at: test.time)
        let join = test.join(Test.request(), as: "a")
        guard case .failure(.coordinatorNotAvailable) = test.joins[join] else {
            Issue.record("\(String(describing: test.joins[join]))")
            return
        }
        test.group.abandonDeletion(at: test.time)
        test.join(Test.request(), as: "a")
        #expect(test.group.state == .preparingRebalance)
    }
}
