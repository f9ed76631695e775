import Foundation
import Millrace
import MillraceCoordination
import Testing

@Suite struct EngineGroupsTests {
    private func withEngine(
        _ groups: GroupOptions = GroupOptions(), _ body: (Engine) async throws -> Void
    ) async throws {
        let path = FileManager.default.temporaryDirectory.appendingPathComponent(
            "millrace-test-\(UUID())")
        defer { try? FileManager.default.removeItem(at: path) }
        var options = EngineOptions(shardCount: 2)
        options.journalFileBytes = 4 << 20
        options.offsetsPartitionCount = 3
        options.groups = groups
        let engine = try await Engine.open(path.path, options: options)
        try await engine.createTopic("t")
        try await body(engine)
        await engine.close()
    }

    private var request: JoinRequest {
        var request = JoinRequest(
            group: "g", sessionTimeout: .seconds(10), protocolType: "consumer",
            protocols: [MemberProtocol(name: "range", metadata: [])])
        request.requiresKnownMemberID = false
        return request
    }

    @Test func onlyMembersCommitWhileThereAreAny() async throws {
        try await withEngine { engine in
            let partition = TopicPartition(topic: try TopicName("t"), partition: 0)
            try await engine.commit([partition: Offset(3)], for: "g")
            let request = request
            let answer = try await engine.withGroups { (groups) async throws(CoordinationError) in
                try await groups.join(request)
            }
            let error = await #expect(throws: EngineError.self) {
                try await engine.commit([partition: Offset(4)], for: "g")
            }
            #expect(error?.kind == .groupInUse)
            let leaving = [LeavingMember(memberID: answer.memberID)]
            _ = try await engine.withGroups { (groups) async throws(CoordinationError) in
                try await groups.leave("g", leaving)
            }
            try await engine.commit([partition: Offset(5)], for: "g")
            #expect(try await engine.committedOffsets(of: "g") == [partition: Offset(5)])
        }
    }

    @Test func closingEndsWhatWaits() async throws {
        var groups = GroupOptions()
        groups.initialRebalanceDelay = .seconds(600)
        try await withEngine(groups) { engine in
            let request = request
            let join = Task {
                try await engine.withGroups { (groups) async throws(CoordinationError) in
                    try await groups.join(request)
                }
            }
            while try await engine.withGroups({ (groups) async throws(CoordinationError) in
                try await groups.list().isEmpty
            }) { await Task.yield() }
            await engine.close()
            await #expect(throws: CoordinationError.self) { try await join.value }
            await #expect(throws: CoordinationError.self) {
                try await engine.withGroups { (groups) async throws(CoordinationError) in
                    try await groups.list()
                }
            }
        }
    }
}
