@testable import MillraceCoordination
import MillraceModel
import Testing

@Suite struct ClassicGroupSyncTests {
    private typealias Test = GroupUnderTest

    private func joined(_ names: String...) -> Test {
        var test = Test()
        for name in names { test.join(Test.request(), as: name) }
        test.pass(.seconds(1))
        return test
    }

    @Test func assignmentsArriveOnceTheyAreWritten() throws {
        var test = joined("a", "b")
        let follower = test.sync("b")
        let leader = test.sync("a", ["a": [1], "b": [2]])
        #expect(test.syncs.isEmpty, "nothing is answered before the record is there")
        #expect(test.group.state == .completingRebalance)
        let written = try #require(test.writes.first?.metadata)
        #expect(written.generation == 1)
        #expect(written.leader == "a")
        #expect(written.members.map(\.assignment) == [[1], [2]])
        #expect(written.members.map(\.subscription) == Array(repeating: Test.subscription("t"), count: 2))
        try test.writeNext()
        #expect(try test.syncs[leader]?.get().assignment == [1])
        #expect(try test.syncs[follower]?.get().assignment == [2])
        #expect(try test.syncs[follower]?.get().protocolName == "range")
        #expect(test.group.state == .stable)
        let late = test.sync("b")
        #expect(try test.syncs[late]?.get().assignment == [2])
    }

    @Test func whoeverWasForgottenIsAssignedNothing() throws {
        var test = joined("a", "b")
        let follower = test.sync("b")
        test.sync("a", ["a": [1], "stranger": [3]])
        try test.writeNext()
        #expect(try test.syncs[follower]?.get().assignment == [])
    }

    @Test func aRecordThatCannotBeWrittenBeginsAnotherRebalance() throws {
        var test = joined("a", "b")
        let follower = test.sync("b")
        let leader = test.sync("a", ["a": [1], "b": [2]])
        try test.writeNext(.log("full"))
        #expect(test.syncs[leader] == .failure(.log("full")))
        #expect(test.syncs[follower] == .failure(.log("full")))
        #expect(test.group.state == .preparingRebalance)
        test.join(Test.request("a"))
        test.join(Test.request("b"))
        #expect(test.group.generation == 2)
        try test.syncAll()
        #expect(test.group.members["b"]?.assignment == Array("b".utf8))
    }

    @Test func aMemberThatJoinsMeanwhileVoidsTheAssignment() throws {
        var test = joined("a")
        let leader = test.sync("a", ["a": [1]])
        test.join(Test.request(), as: "b")
        #expect(test.syncs[leader] == .failure(.rebalanceInProgress(group: "g")))
        try test.writeNext()
        #expect(test.group.state == .preparingRebalance)
        let again = test.sync("a")
        #expect(test.syncs[again] == .failure(.rebalanceInProgress(group: "g")))
    }

    @Test func theFirstAssignmentCounts() throws {
        var test = joined("a")
        let first = test.sync("a", ["a": [1]])
        let second = test.sync("a", ["a": [2]])
        #expect(test.syncs[first] == .failure(.rebalanceInProgress(group: "g")))
        #expect(test.writes.count == 1)
        try test.writeNext()
        #expect(try test.syncs[second]?.get().assignment == [1])
    }

    @Test func oldGenerationsAndStrangersGetNothing() throws {
        var test = joined("a")
        let old = test.sync("a", generation: 0)
        #expect(
            test.syncs[old] == .failure(.illegalGeneration(group: "g", given: 0, current: 1)))
        let stranger = test.sync("x")
        #expect(test.syncs[stranger] == .failure(.unknownMemberID(group: "g", member: "x")))
        var request = SyncRequest(group: "g", generation: 1, memberID: "a")
        request.protocolName = "sticky"
        test.group.sync(request, ticket: AnswerTicket(value: 99), at: test.time)
        guard case .answerSync(_, let result) = test.group.takeEffects().first else {
            Issue.record("no answer")
            return
        }
        #expect(result == .failure(.inconsistentGroupProtocol(group: "g")))
    }

    @Test func whoNeverAsksIsOut() throws {
        var test = joined("a", "b")
        test.sync("a", ["a": [1], "b": [2]])
        try test.writeNext()
        for _ in 0..<12 {
            test.pass(.seconds(5))
            try? test.heartbeat("a")
            try? test.heartbeat("b")
        }
        #expect(!test.group.members.contains("b"))
        #expect(test.group.state == .preparingRebalance)
    }
}
