@testable import MillraceCoordination
import MillraceModel
import Testing

@Suite struct GroupCoordinatorAdminTests {
    private typealias Test = CoordinatorUnderTest

    private func commit(_ test: Test, _ group: String) throws {
        let request = OffsetCommitRequest(
            group: group, commits: [.init(Test.partition(0), Offset(1))])
        _ = try test.run { try await $0.commitOffsets(request) }
    }

    @Test func groupsAreListedByStateAndType() throws {
        let test = try Test()
        defer { test.end() }
        try commit(test, "simple")
        _ = try test.makeStable(members: 1)
        func list(_ states: [String] = [], _ types: [String] = []) throws -> [String] {
            try test.run { try await $0.list(states: states, types: types) }.map(\.id)
        }
        #expect(try list() == ["g", "simple"])
        #expect(try list(["STABLE"]) == ["g"])
        #expect(try list(["Empty", "Dead"]) == ["simple"])
        #expect(try list([], ["classic"]) == ["g", "simple"])
        #expect(try list([], ["consumer"]) == [])
        let listing = try test.run { try await $0.list() }
        #expect(listing.map(\.protocolType) == ["consumer", ""])
        #expect(listing.map(\.state) == [.stable, .empty])
    }

    @Test func anEmptyGroupIsDeletedForGood() throws {
        let test = try Test()
        defer { test.end() }
        _ = try test.makeStable(members: 1)
        #expect(throws: CoordinationError.nonEmptyGroup("g", memberCount: 1)) {
            try test.run { try await $0.delete("g") }
        }
        test.pass(.seconds(60))
        try commit(test, "g")
        try test.run { try await $0.delete("g") }
        for _ in 0..<2 {
            #expect(try test.run { try await $0.list() }.isEmpty)
            #expect(try test.run { try await $0.fetchOffsets(of: "g") }.isEmpty)
            #expect(throws: CoordinationError.groupIDNotFound("g")) {
                try test.run { try await $0.describe("g") }
            }
            #expect(throws: CoordinationError.groupIDNotFound("g")) {
                try test.run { try await $0.delete("g") }
            }
            try test.restart()
        }
        #expect(try test.makeStable(members: 2).count == 2)
    }

    @Test func aGroupThatCouldNotBeDeletedIsThere() throws {
        let test = try Test()
        defer { test.end() }
        try commit(test, "g")
        test.log.failures = [.log("full")]
        #expect(throws: CoordinationError.log("full")) {
            try test.run { try await $0.delete("g") }
        }
        #expect(try test.run { try await $0.list() }.map(\.id) == ["g"])
        try test.run { try await $0.delete("g") }
        #expect(try test.run { try await $0.list() }.isEmpty)
    }

    private func commitMany(_ test: Test, _ count: Int32) throws {
        for first in stride(from: Int32(0), to: count, by: 1000) {
            let request = OffsetCommitRequest(
                group: "g",
                commits: (first..<min(first + 1000, count)).map {
                    .init(Test.partition($0), Offset(1))
                })
            _ = try test.run { try await $0.commitOffsets(request) }
        }
    }

    @Test func aGroupWithMoreOffsetsThanABatchHoldsIsDeleted() throws {
        let test = try Test()
        defer { test.end() }
        test.log.bytesMax = 300_000
        try commitMany(test, 40_000)
        try test.run { try await $0.delete("g") }
        #expect(try test.run { try await $0.list() }.isEmpty)
        try test.restart()
        #expect(try test.run { try await $0.list() }.isEmpty)
    }

    /// What was taken back before the failure stays taken back, now and after a stop alike.
    @Test func aDeletionThatFailsHalfWayCanBeRepeated() throws {
        let test = try Test()
        defer { test.end() }
        try commitMany(test, 40_000)
        let deletion = test.start { try await $0.delete("g") }
        test.pass(.milliseconds(8))
        test.log.failures = [.log("full")]
        test.pass(.seconds(1))
        #expect(deletion.error == .log("full"))
        let left = try test.run { try await $0.fetchOffsets(of: "g") }
        #expect(!left.isEmpty)
        #expect(left.count < 40_000)
        #expect(try test.run { try await $0.describe("g").state } == .empty)
        try test.restart()
        #expect(try test.run { try await $0.fetchOffsets(of: "g") }.keys == left.keys)
        try test.run { try await $0.delete("g") }
        #expect(try test.run { try await $0.list() }.isEmpty)
    }

    /// A commit that was decided before the deletion goes with the group, one after it is refused.
    @Test func deletionTakesWhatIsOnItsWay() throws {
        let test = try Test()
        defer { test.end() }
        test.log.delay = .milliseconds(500)
        let request = OffsetCommitRequest(
            group: "g", commits: [.init(Test.partition(0), Offset(1))])
        let before = test.start { try await $0.commitOffsets(request) }
        test.pass(.milliseconds(100))
        let deletion = test.start { try await $0.delete("g") }
        test.pass(.milliseconds(100))
        let after = test.start { try await $0.commitOffsets(request) }
        test.pass(.seconds(2))
        #expect(try before.get() == [nil])
        try deletion.get()
        guard case .coordinatorNotAvailable = after.error else {
            Issue.record("\(String(describing: after.result))")
            return
        }
        #expect(try test.run { try await $0.list() }.isEmpty)
    }
}
