@testable import MillraceCoordination
import MillraceModel
import Testing

@Suite struct GroupCoordinatorOffsetsTests {
    private typealias Test = CoordinatorUnderTest
    private let first = Test.partition(0)
    private let second = Test.partition(1)

    private func commit(
        _ partition: TopicPartition, _ offset: Int64, metadata: String = ""
    ) -> OffsetCommitRequest.Commit {
        OffsetCommitRequest.Commit(
            partition, Offset(offset), leaderEpoch: LeaderEpoch(3), metadata: metadata)
    }

    @Test func commitsSurviveAStop() throws {
        let test = try Test()
        defer { test.end() }
        let request = OffsetCommitRequest(
            group: "g", commits: [commit(first, 7, metadata: "é"), commit(second, 9)])
        #expect(try test.run { try await $0.commitOffsets(request) } == [nil, nil])
        for _ in 0..<2 {
            let all = try test.run { try await $0.fetchOffsets(of: "g") }
            #expect(all.mapValues(\.offset.value) == [first: 7, second: 9])
            #expect(all[first]?.metadata == "é")
            #expect(all[first]?.leaderEpoch == LeaderEpoch(3))
            let some = try test.run { [second] in
                try await $0.fetchOffsets(of: "g", [second, Test.partition(5)])
            }
            #expect(some.mapValues(\.offset.value) == [second: 9])
            try test.restart()
        }
        #expect(try test.run { try await $0.fetchOffsets(of: "nobody") }.isEmpty)
    }

    @Test func aCommitThatIsNotWrittenIsNotThere() throws {
        let test = try Test()
        defer { test.end() }
        test.log.failures = [.log("full")]
        let request = OffsetCommitRequest(group: "g", commits: [commit(first, 7)])
        #expect(throws: CoordinationError.log("full")) {
            try test.run { try await $0.commitOffsets(request) }
        }
        #expect(try test.run { try await $0.list() }.isEmpty)
    }

    @Test func eachOffsetIsRefusedByItself() throws {
        let test = try Test()
        defer { test.end() }
        let long = String(repeating: "x", count: 4097)
        var request = OffsetCommitRequest(
            group: "g",
            commits: [
                commit(first, 7, metadata: long), commit(second, 9, metadata: String(long.dropLast())),
                commit(Test.partition(2), -1),
            ])
        let tooLong = CoordinationError.offsetMetadataTooLarge(
            group: "g", first, bytes: 4097, limit: 4096)
        let negative = CoordinationError.invalidOffset(
            group: "g", Test.partition(2), Offset(-1))
        let inPart = request
        #expect(try test.run { try await $0.commitOffsets(inPart) } == [tooLong, nil, negative])
        #expect(
            try test.run { try await $0.fetchOffsets(of: "g") }.mapValues(\.offset.value)
                == [second: 9])
        request.isAllOrNone = true
        let all = request
        #expect(throws: tooLong) { try test.run { try await $0.commitOffsets(all) } }
    }

    @Test func onlyMembersCommitForALiveGroup() throws {
        let test = try Test()
        defer { test.end() }
        let id = try test.makeStable(members: 1)[0]
        let simple = OffsetCommitRequest(group: "g", commits: [commit(first, 7)])
        #expect(throws: CoordinationError.unknownMemberID(group: "g", member: "")) {
            try test.run { try await $0.commitOffsets(simple) }
        }
        let old = OffsetCommitRequest(
            group: "g", generation: 0, memberID: id, commits: [commit(first, 7)])
        #expect(throws: CoordinationError.illegalGeneration(group: "g", given: 0, current: 1)) {
            try test.run { try await $0.commitOffsets(old) }
        }
        let member = OffsetCommitRequest(
            group: "g", generation: 1, memberID: id, commits: [commit(first, 8)])
        #expect(try test.run { try await $0.commitOffsets(member) } == [nil])
        let nobody = OffsetCommitRequest(
            group: "h", generation: 1, memberID: id, commits: [commit(first, 8)])
        #expect(throws: CoordinationError.illegalGeneration(group: "h", given: 1, current: 0)) {
            try test.run { try await $0.commitOffsets(nobody) }
        }
    }

    @Test func aCommitThatTheLogWouldNeverTakeIsRefusedAsSuch() throws {
        let test = try Test()
        defer { test.end() }
        test.log.bytesMax = 1000
        let request = OffsetCommitRequest(
            group: "g", commits: (0..<100).map { .init(Test.partition($0), Offset(1)) })
        let commit = test.start { try await $0.commitOffsets(request) }
        test.pass(.seconds(1))
        guard case .commitTooLarge("g", _, 1000) = commit.error else {
            Issue.record("\(String(describing: commit.result))")
            return
        }
        #expect(try test.run { try await $0.fetchOffsets(of: "g") }.isEmpty)
    }

    /// What is decided while a write is under way goes into the next one together, in its order.
    @Test func commitsAreWrittenTogether() throws {
        let test = try Test()
        defer { test.end() }
        let commits = (0..<50).map { number in
            let request = OffsetCommitRequest(
                group: "g", commits: [commit(first, Int64(number))])
            return test.start { try await $0.commitOffsets(request) }
        }
        test.pass(.milliseconds(100))
        for commit in commits { #expect(try commit.get() == [nil]) }
        #expect(test.log.batchSizes.count < 10)
        let offset = try test.run { [first] in try await $0.fetchOffsets(of: "g")[first]?.offset }
        guard case .offset(_, let last?) = test.log.records.last else {
            Issue.record("the log ends otherwise")
            return
        }
        #expect(offset == last.offset)
    }

    @Test func deletedTopicsTakeTheirOffsetsAlong() throws {
        let test = try Test()
        defer { test.end() }
        let other = Test.partition(0, of: try TopicName("u"))
        for group in ["g", "h"] {
            let request = OffsetCommitRequest(
                group: group, commits: [commit(first, 1), commit(other, 2)])
            _ = try test.run { try await $0.commitOffsets(request) }
        }
        try test.run { try await $0.topicDeleted(Test.topic) }
        for _ in 0..<2 {
            for group in ["g", "h"] {
                let offsets = try test.run { try await $0.fetchOffsets(of: group) }
                #expect(offsets.keys.map(\.topic.string) == ["u"])
            }
            try test.restart()
        }
    }

    /// A failure in one partition of the log does not keep the others from being cleaned.
    @Test func aDeletedTopicIsTakenOutWhereverThatIsPossible() throws {
        let test = try Test()
        defer { test.end() }
        let groups = (0..<300).map { "group\($0)" }
        for group in groups {
            let request = OffsetCommitRequest(group: group, commits: [commit(first, 1)])
            _ = try test.run { try await $0.commitOffsets(request) }
        }
        let countBefore = test.log.batchSizes.count
        test.log.failures = [.log("full")]
        #expect(throws: CoordinationError.log("full")) {
            try test.run { try await $0.topicDeleted(Test.topic) }
        }
        #expect(test.log.batchSizes.count == countBefore + 2, "one write for each partition")
        let left = try test.run { coordinator in
            var left = Set<Int32>()
            for group in groups where try await !coordinator.fetchOffsets(of: group).isEmpty {
                left.insert(GroupName.partition(for: group, count: 3))
            }
            return left
        }
        #expect(left.count == 1)
        try test.run { try await $0.topicDeleted(Test.topic) }
        #expect(try test.run { try await $0.list() }.isEmpty)
    }

    @Test func offsetsStayWithTheTopicsThatAreThere() throws {
        let test = try Test()
        defer { test.end() }
        let (old, new) = (TopicID(high: 1, low: 1), TopicID(high: 2, low: 2))
        let gone = Test.partition(0, of: try TopicName("gone"))
        func ids() throws -> [TopicID?] {
            try test.run { [first] in
                let offsets = try await $0.fetchOffsets(of: "g")
                return [offsets[first]?.topicID, offsets[gone]?.topicID]
            }
        }
        func commitAll(_ id: TopicID?) throws {
            let request = OffsetCommitRequest(
                group: "g", commits: [first, gone].map { .init($0, Offset(1), topicID: id) })
            _ = try test.run { try await $0.commitOffsets(request) }
        }
        let there = [first.topic: new]
        try commitAll(new)
        try test.run { try await $0.keepOnly(there) }
        #expect(try ids() == [new, nil])
        try test.run { [first] in try await $0.topicDeleted(first.topic, successor: new) }
        #expect(try ids() == [new, nil])
        try commitAll(old)
        try test.run { try await $0.keepOnly(there) }
        #expect(try test.run { try await $0.list() }.isEmpty, "it was another topic of the name")
        // Who commits by name alone is believed.
        try commitAll(nil)
        try test.run { try await $0.keepOnly(there) }
        #expect(try test.run { try await $0.fetchOffsets(of: "g") }.map(\.key) == [first])
        try test.restart()
        #expect(try test.run { try await $0.fetchOffsets(of: "g").count } == 1)
    }

    @Test func offsetsThatMembersNeedAreKept() throws {
        let test = try Test()
        defer { test.end() }
        let other = Test.partition(0, of: try TopicName("u"))
        let simple = OffsetCommitRequest(
            group: "g", commits: [commit(first, 1), commit(other, 2)])
        _ = try test.run { try await $0.commitOffsets(simple) }
        _ = try test.makeStable(members: 1)
        let asked = [first, other, second]
        let refused = CoordinationError.groupSubscribedToTopic(group: "g", Test.topic)
        #expect(
            try test.run { try await $0.deleteOffsets(of: "g", asked) } == [refused, nil, refused])
        #expect(
            try test.run { try await $0.fetchOffsets(of: "g") }.keys.map { $0 } == [first])
        #expect(throws: CoordinationError.groupIDNotFound("h")) {
            try test.run { try await $0.deleteOffsets(of: "h", asked) }
        }
        test.pass(.seconds(60))
        #expect(try test.run { try await $0.deleteOffsets(of: "g", asked) } == [nil, nil, nil])
        #expect(try test.run { try await $0.fetchOffsets(of: "g") }.isEmpty)
    }

    @Test func offsetsExpireOnceNobodyNeedsThem() throws {
        var options = GroupOptions()
        options.offsetsRetention = .seconds(3600)
        let test = try Test(options: options)
        defer { test.end() }
        let simple = OffsetCommitRequest(group: "simple", commits: [commit(first, 1)])
        _ = try test.run { try await $0.commitOffsets(simple) }
        let id = try test.makeStable(members: 1)[0]
        let member = OffsetCommitRequest(
            group: "g", generation: 1, memberID: id, commits: [commit(first, 1)])
        _ = try test.run { try await $0.commitOffsets(member) }
        let beat = HeartbeatRequest(group: "g", generation: 1, memberID: id)
        for _ in 0..<900 {
            test.pass(.seconds(5))
            try test.run { try await $0.heartbeat(beat) }
        }
        #expect(try test.run { try await $0.list() }.map(\.id) == ["g"])
        #expect(try test.run { try await $0.fetchOffsets(of: "g") }.count == 1)
        test.pass(.seconds(3000))
        #expect(
            try test.run { try await $0.fetchOffsets(of: "g") }.count == 1,
            "the time counts from when the group lost its last member")
        test.pass(.seconds(1300))
        #expect(try test.run { try await $0.list() }.isEmpty)
        try test.restart()
        #expect(try test.run { try await $0.list() }.isEmpty)
    }
}
