@testable import MillraceCoordination
import MillraceModel
import Testing

@Suite struct ClassicGroupMembershipTests {
    private typealias Test = GroupUnderTest

    @Test func heartbeatsKeepAMemberAndSilenceEndsIt() throws {
        var test = try Test.stable(["a", "b"])
        for _ in 0..<5 {
            test.pass(.seconds(6))
            try? test.heartbeat("a")
        }
        #expect(test.group.members.inOrder.map(\.id) == ["a"])
        #expect(test.group.state == .preparingRebalance)
        let again = test.join(Test.request("a"))
        #expect(try #require(try test.joins[again]?.get()).generation == 2)
    }

    @Test func heartbeatsAreChecked() throws {
        var test = try Test.stable(["a"])
        #expect(throws: CoordinationError.illegalGeneration(group: "g", given: 7, current: 1)) {
            try test.heartbeat("a", generation: 7)
        }
        #expect(throws: CoordinationError.unknownMemberID(group: "g", member: "x")) {
            try test.heartbeat("x")
        }
        try test.heartbeat("a")
    }

    @Test func waitingForTheCoordinatorIsNotSilence() throws {
        var test = try Test.stable(["a", "b"])
        test.join(Test.request(), as: "c")
        let waiting = test.join(Test.request("b"))
        for _ in 0..<4 {
            test.pass(.seconds(9))
            try? test.heartbeat("a")
        }
        #expect(test.joins[waiting] == nil)
        #expect(test.group.members.contains("b"))
    }

    @Test func theLastToLeaveEmptiesTheGroup() throws {
        var test = try Test.stable(["a", "b"])
        let left = try test.leave(LeavingMember(memberID: "a", reason: "done"))
        #expect(left == [LeftMember(memberID: "a", instanceID: nil, error: nil)])
        #expect(test.group.state == .preparingRebalance)
        _ = try test.leave(LeavingMember(memberID: "b"))
        #expect(test.group.state == .empty)
        let written = try #require(test.writes.first?.metadata)
        #expect(written.generation == 2)
        #expect(written.members.isEmpty)
        #expect(written.protocolName == nil)
        #expect(written.protocolType == "consumer")
    }

    @Test func leavingIsAnsweredOneByOne() throws {
        var test = try Test.stable(["a", "b"], instances: ["i"])
        let left = try test.leave(
            LeavingMember(memberID: "x"), LeavingMember(memberID: "", instanceID: "none"),
            LeavingMember(memberID: "b", instanceID: "i"),
            LeavingMember(memberID: "", instanceID: "i"))
        #expect(
            left.map(\.error) == [
                .unknownMemberID(group: "g", member: "x"),
                .unknownMemberID(group: "g", member: "none"),
                .fencedInstanceID(group: "g", instance: "i"), nil,
            ])
        #expect(test.group.members.inOrder.map(\.id) == ["b"])
    }

    @Test func whoLeavesIsAnsweredWhatItWaitsFor() throws {
        var test = try Test.stable(["a", "b"])
        test.join(Test.request("a"))
        let waiting = test.join(Test.request(), as: "c")
        _ = try test.leave(LeavingMember(memberID: "c"))
        #expect(test.joins[waiting] == .failure(.unknownMemberID(group: "g", member: "c")))
    }

    @Test func membersCommitInTheirGenerationOnly() throws {
        var test = try Test.stable(["a"])
        func check(_ generation: Int32, _ member: String) throws(CoordinationError) {
            try test.group.checkCommit(
                generation: generation, member: member, instance: nil, at: test.time)
        }
        try check(1, "a")
        #expect(throws: CoordinationError.illegalGeneration(group: "g", given: 0, current: 1)) {
            try check(0, "a")
        }
        #expect(throws: CoordinationError.unknownMemberID(group: "g", member: "x")) {
            try check(1, "x")
        }
        #expect(throws: CoordinationError.unknownMemberID(group: "g", member: "")) {
            try check(-1, "")
        }
    }

    @Test func membersCommitUntilTheNextGenerationBegins() throws {
        var test = try Test.stable(["a"])
        test.join(Test.request(), as: "b")
        try test.group.checkCommit(generation: 1, member: "a", instance: nil, at: test.time)
        test.join(Test.request("a"))
        #expect(throws: CoordinationError.rebalanceInProgress(group: "g")) {
            try test.group.checkCommit(generation: 2, member: "a", instance: nil, at: test.time)
        }
        #expect(throws: CoordinationError.illegalGeneration(group: "g", given: 1, current: 2)) {
            try test.group.checkCommit(generation: 1, member: "a", instance: nil, at: test.time)
        }
    }

    @Test func anybodyCommitsForAnEmptyGroup() throws {
        var test = Test()
        try test.group.checkCommit(generation: -1, member: "", instance: nil, at: test.time)
        #expect(throws: CoordinationError.unknownMemberID(group: "g", member: "a")) {
            try test.group.checkCommit(generation: 1, member: "a", instance: nil, at: test.time)
        }
    }

    @Test func theDescriptionShowsAStableGenerationOnly() throws {
        var test = try Test.stable(["a"])
        let stable = test.group.description
        #expect(stable.state == .stable)
        #expect(stable.protocolName == "range")
        #expect(stable.members.map(\.assignment) == [Array("a".utf8)])
        #expect(stable.members.map(\.clientHost) == ["/127.0.0.1"])
        test.join(Test.request("a", protocols: [MemberProtocol(name: "range", metadata: [])]))
        let joining = test.group.description
        #expect(joining.state == .completingRebalance)
        #expect(joining.protocolName == "")
        #expect(joining.members.map(\.assignment) == [[]])
        #expect(joining.members.map(\.metadata) == [[]])
    }

    @Test func topicsAreKnownWhereMembersSayThem() throws {
        var test = try Test.stable(["a"])
        #expect(test.group.subscribedTopics == ["t"])
        test.join(Test.request("a", protocols: [MemberProtocol(name: "range", metadata: [0])]))
        #expect(test.group.subscribedTopics == nil)
    }
}
