@testable import MillraceCoordination
import MillraceModel
import Testing

/// KIP-345: a member with an instance id keeps its place while it restarts.
@Suite struct StaticMembersTests {
    private typealias Test = GroupUnderTest

    @Test func aStaticMemberComesBackWithoutARebalance() throws {
        var test = try Test.stable(["a", "b"], instances: [nil, "i"])
        let back = test.join(Test.request(instance: "i"), as: "b2")
        #expect(test.group.state == .stable)
        #expect(test.joins[back] == nil, "the new id has to be written first")
        #expect(test.writes.first?.metadata.members.map(\.id) == ["a", "b2"])
        try test.writeNext()
        let answer = try #require(try test.joins[back]?.get())
        #expect(answer.generation == 1)
        #expect(answer.memberID == "b2")
        #expect(answer.leader == "a")
        #expect(!answer.skipsAssignment)
        let sync = test.sync("b2")
        #expect(try test.syncs[sync]?.get().assignment == Array("b".utf8))
        #expect(throws: CoordinationError.fencedInstanceID(group: "g", instance: "i")) {
            try test.heartbeat("b", instance: "i")
        }
        #expect(throws: CoordinationError.fencedInstanceID(group: "g", instance: "i")) {
            try test.group.checkCommit(
                generation: 1, member: "b", instance: "i", at: test.time)
        }
    }

    @Test func aStaticLeaderIsToldNotToAssign() throws {
        var test = try Test.stable(["a", "b"], instances: ["i"])
        let back = test.join(Test.request(instance: "i"), as: "a2")
        try test.writeNext()
        let answer = try #require(try test.joins[back]?.get())
        #expect(answer.leader == "a2")
        #expect(answer.skipsAssignment)
        #expect(answer.members.map(\.memberID) == ["a2", "b"])
        #expect(test.group.leader == "a2")
    }

    @Test func anOlderStaticLeaderHearsOfItsFormerSelf() throws {
        var test = try Test.stable(["a", "b"], instances: ["i"])
        var request = Test.request(instance: "i")
        request.supportsSkippingAssignment = false
        let back = test.join(request, as: "a2")
        try test.writeNext()
        let answer = try #require(try test.joins[back]?.get())
        #expect(answer.leader == "a", "so it does not take itself for the leader and assign")
        #expect(answer.members.isEmpty)
        #expect(!answer.skipsAssignment)
    }

    @Test func otherTopicsMakeAllJoinAgain() throws {
        var test = try Test.stable(["a", "b"], instances: [nil, "i"])
        let other = [MemberProtocol(name: "range", metadata: Test.subscription("u"))]
        test.join(Test.request(instance: "i", protocols: other), as: "b2")
        #expect(test.group.state == .preparingRebalance)
    }

    @Test func whatCannotBeWrittenIsAsBefore() throws {
        var test = try Test.stable(["a", "b"], instances: [nil, "i"])
        let back = test.join(Test.request(instance: "i"), as: "b2")
        try test.writeNext(.log("full"))
        #expect(test.joins[back] == .failure(.log("full")))
        try test.heartbeat("b", instance: "i")
        #expect(test.group.members.inOrder.map(\.id) == ["a", "b"])
    }

    @Test func aRebalanceMeanwhileTakesTheMemberAlong() throws {
        var test = try Test.stable(["a", "b"], instances: [nil, "i"])
        let back = test.join(Test.request(instance: "i"), as: "b2")
        test.join(Test.request(), as: "c")
        try test.writeNext()
        #expect(test.joins[back] == nil)
        test.join(Test.request("a"))
        #expect(try #require(try test.joins[back]?.get()).generation == 2)
    }

    @Test func theFormerSelfIsFencedWhileItWaits() throws {
        var test = try Test.stable(["a", "b"], instances: [nil, "i"])
        test.join(Test.request(), as: "c")
        let former = test.join(Test.request("b", instance: "i"))
        let back = test.join(Test.request(instance: "i"), as: "b2")
        #expect(
            test.joins[former] == .failure(.fencedInstanceID(group: "g", instance: "i")))
        test.join(Test.request("a"))
        #expect(try #require(try test.joins[back]?.get()).generation == 2)
    }

    @Test func anAssignmentForTheFormerSelfIsVoid() throws {
        var test = Test()
        test.join(Test.request(), as: "a")
        test.join(Test.request(instance: "i"), as: "b")
        test.pass(.seconds(1))
        let former = test.sync("b")
        test.join(Test.request(instance: "i"), as: "b2")
        #expect(
            test.syncs[former] == .failure(.fencedInstanceID(group: "g", instance: "i")))
        #expect(test.group.state == .preparingRebalance)
    }

    @Test func itKeepsItsPlaceUntilItsSessionEnds() throws {
        var test = try Test.stable(["a", "b"], instances: [nil, "i"])
        test.join(Test.request("a", rebalance: .seconds(2)))
        #expect(test.group.members.count == 2)
        test.pass(.seconds(9))
        #expect(test.group.generation == 1)
        test.pass(.seconds(2))
        #expect(test.group.generation == 2)
        #expect(test.group.members.inOrder.map(\.id) == ["a"])
    }

    /// The rebalance timeout is the longest of all members', so both ask for little here.
    @Test func aRebalanceGoesOnWithoutItAndKeepsItsPlace() throws {
        var test = Test()
        test.join(Test.request(rebalance: .seconds(2)), as: "a")
        test.join(
            Test.request(instance: "i", session: .seconds(30), rebalance: .seconds(2)), as: "b")
        test.pass(.seconds(1))
        try test.syncAll()
        let again = test.join(Test.request("a", rebalance: .seconds(2)))
        test.pass(.seconds(3))
        let answer = try #require(try test.joins[again]?.get())
        #expect(answer.members.map(\.memberID) == ["a", "b"])
        #expect(answer.members.map(\.instanceID) == [nil, "i"])
    }
}
