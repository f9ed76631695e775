@testable import MillraceCoordination
import MillraceModel
import Testing

@Suite struct GroupCoordinatorTests {
    @Test func membersJoinSyncAndStay() throws {
        let test = try CoordinatorUnderTest()
        defer { test.end() }
        let ids = try test.makeStable(members: 3)
        #expect(Set(ids).count == 3)
        #expect(ids.allSatisfy { $0.hasPrefix("client-") && $0.count == 7 + 36 })
        for _ in 0..<10 {
            test.pass(.seconds(6))
            for id in ids {
                try test.run {
                    try await $0.heartbeat(
                        HeartbeatRequest(group: "g", generation: 1, memberID: id))
                }
            }
        }
        let description = try test.run { try await $0.describe("g") }
        #expect(description.state == .stable)
        #expect(Set(description.members.map(\.id)) == Set(ids))
    }

    @Test func silentMembersAreGivenUp() throws {
        let test = try CoordinatorUnderTest()
        defer { test.end() }
        let ids = try test.makeStable(members: 2)
        let beat = HeartbeatRequest(group: "g", generation: 1, memberID: ids[0])
        for _ in 0..<3 {
            test.pass(.seconds(4))
            try? test.run { try await $0.heartbeat(beat) }
        }
        let description = try test.run { try await $0.describe("g") }
        #expect(description.state == .preparingRebalance)
        #expect(description.members.map(\.id) == [ids[0]])
        test.pass(.seconds(200))
        #expect(try test.run { try await $0.describe("g").state } == .empty)
    }

    @Test func groupsComeBackAfterAStop() throws {
        let test = try CoordinatorUnderTest()
        defer { test.end() }
        let ids = try test.makeStable(members: 2)
        try test.restart()
        let description = try test.run { try await $0.describe("g") }
        #expect(description.state == .stable)
        #expect(description.members.map(\.assignment) == ids.map { Array($0.utf8) })
        try test.run {
            try await $0.heartbeat(HeartbeatRequest(group: "g", generation: 1, memberID: ids[1]))
        }
        test.pass(.seconds(11))
        #expect(try test.run { try await $0.describe("g").state } != .stable)
    }

    @Test func anAssignmentThatWasNotWrittenReachedNobody() throws {
        let test = try CoordinatorUnderTest()
        defer { test.end() }
        let join = test.start { try await $0.join(GroupUnderTest.request()) }
        test.pass(.seconds(1))
        let answer = try join.get()
        test.log.failures = [.log("full")]
        let request = SyncRequest(
            group: "g", generation: 1, memberID: answer.memberID,
            assignments: [.init(memberID: answer.memberID, bytes: [1])])
        let sync = test.start { try await $0.sync(request) }
        test.pass(.seconds(1))
        #expect(sync.error == .log("full"))
        let again = test.start { try await $0.join(GroupUnderTest.request(answer.memberID)) }
        test.pass(.seconds(1))
        #expect(try again.get().generation == 2)
        #expect(test.log.records.isEmpty)
    }

    @Test func waitsEndWithTheCoordinator() throws {
        let test = try CoordinatorUnderTest()
        let join = test.start { try await $0.join(GroupUnderTest.request()) }
        test.pass(.milliseconds(10))
        try test.run { await $0.stop() }
        test.pass(.milliseconds(10))
        #expect(join.error == .stopped)
        #expect(throws: CoordinationError.stopped) {
            try test.run { try await $0.list() }
        }
        test.end()
        #expect(test.node.liveTaskCount == 0)
    }

    @Test func whatIsNoGroupIsRefused() throws {
        let test = try CoordinatorUnderTest()
        defer { test.end() }
        #expect(throws: CoordinationError.invalidGroupID("", limit: 255)) {
            var request = GroupUnderTest.request()
            request.group = ""
            let asked = request
            return try test.run { try await $0.join(asked) }
        }
        let limits = GroupOptions().sessionTimeouts
        #expect(
            throws: CoordinationError.invalidSessionTimeout(.seconds(1), allowed: limits)
        ) {
            try test.run { try await $0.join(GroupUnderTest.request(session: .seconds(1))) }
        }
        #expect(throws: CoordinationError.unknownMemberID(group: "g", member: "x")) {
            try test.run { try await $0.join(GroupUnderTest.request("x")) }
        }
        #expect(throws: CoordinationError.unknownMemberID(group: "g", member: "x")) {
            try test.run { try await $0.sync(SyncRequest(group: "g", generation: 1, memberID: "x")) }
        }
        #expect(throws: CoordinationError.unknownMemberID(group: "g", member: "x")) {
            try test.run { try await $0.leave("g", [LeavingMember(memberID: "x")]) }
        }
        #expect(try test.run { try await $0.list() }.isEmpty)
    }
}
