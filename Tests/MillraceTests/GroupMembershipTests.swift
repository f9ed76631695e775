import Foundation
import Millrace
import MillraceCoordination
import Testing

@Suite struct GroupMembershipTests {
    private static func options() -> EngineOptions {
        var options = EngineOptions(shardCount: 2)
        options.journalFileBytes = 4 << 20
        options.offsetsPartitionCount = 2
        options.groups.sessionTimeouts = .milliseconds(100) ... .seconds(60)
        return options
    }

    private static func withDirectory(_ body: (String) async throws -> Void) async throws {
        let path = FileManager.default.temporaryDirectory.appendingPathComponent(
            "millrace-test-\(UUID())")
        defer { try? FileManager.default.removeItem(at: path) }
        try await body(path.path)
    }

    private static func withEngine(_ body: (Engine) async throws -> Void) async throws {
        try await withDirectory { path in
            let engine = try await Engine.open(path, options: options())
            try await engine.createTopic("t", partitions: 6)
            do {
                try await body(engine)
            } catch {
                await engine.close()
                throw error
            }
            await engine.close()
        }
    }

    private static func request(
        _ topics: [String] = ["t"], _ assignor: Assignor = .range, session: Duration = .seconds(30)
    ) -> MembershipRequest {
        var request = MembershipRequest(group: "g", topics: topics)
        request.assignors = [assignor]
        request.sessionTimeout = session
        return request
    }

    @Test(arguments: Assignor.allCases)
    func membersShareComeAndGo(assignor: Assignor) async throws {
        try await Self.withEngine { engine in
            var members: [MemberOwner] = []
            for session in [30, 30, 2] {
                members.append(
                    try await MemberOwner(
                        Self.request(["t"], assignor, session: .seconds(session)), in: engine))
            }
            try await eventually { await share(members, 6) }
            for member in members { #expect(await member.partitions?.count == 2) }
            await members[0].membership.leave()
            members.removeFirst()
            try await eventually { await share(members, 6) }
            // One that says nothing is out after its session timeout.
            await members[1].fallSilent()
            try await eventually { await share([members[0]], 6) }
            let silent = members[1]
            try await eventually { await silent.hasEnded }
            #expect(await silent.failure == .unknownMemberID(group: "g", member: await silent.memberID))
            await members[0].membership.leave()
        }
    }

    @Test func changesOfTopicsRebalanceTheGroup() async throws {
        try await Self.withEngine { engine in
            let members = [
                try await MemberOwner(Self.request(["t", "later"]), in: engine),
                try await MemberOwner(Self.request(["t", "later"]), in: engine),
            ]
            try await eventually { await share(members, 6) }
            try await engine.addPartitions(to: "t", upTo: 9)
            try await eventually { await share(members, 9) }
            try await engine.createTopic("later", partitions: 2)
            try await eventually { await share(members, 11) }
            let before = await members[0].generation
            // What nobody wants changes nothing.
            try await engine.createTopic("other", partitions: 2)
            try await engine.deleteTopic("t")
            try await eventually { await share(members, 2) }
            #expect(await members[0].generation == before + 1)
            await members[0].membership.change(topics: ["other"])
            await members[1].membership.change(topics: ["other", "later"])
            try await eventually { await share(members, 4) }
        }
    }

    @Test func aMemberThatIsBackGoesOnWhereTheGroupIsAsItWas() async throws {
        try await Self.withEngine { engine in
            let first = try await MemberOwner(Self.request(), in: engine)
            let second = try await MemberOwner(Self.request(), in: engine)
            try await eventually { await share([first, second], 6) }
            var back: [MemberOwner] = []
            for former in [first, second] {
                await former.membership.detach()
                var request = Self.request()
                request.memberID = await former.memberID
                request.owned = try #require(await former.assignments.last).partitions
                back.append(try await MemberOwner(request, in: engine))
            }
            try await eventually { await share(back, 6) }
            for (former, member) in zip([first, second], back) {
                #expect(await member.assignments == former.assignments.suffix(1))
                #expect(await member.revocations == 0)
            }
            // The leader among them still sees to what changes.
            try await engine.addPartitions(to: "t", upTo: 8)
            try await eventually { await share(back, 8) }
        }
    }

    @Test func theLaterSessionOfAMemberIsTheMember() async throws {
        try await Self.withEngine { engine in
            let earlier = try await MemberOwner(Self.request(), in: engine)
            try await eventually { await share([earlier], 6) }
            var request = Self.request()
            request.memberID = await earlier.memberID
            let later = try await MemberOwner(request, in: engine)
            try await eventually { await earlier.hasEnded }
            let memberID = await earlier.memberID
            #expect(await earlier.failure == .supersededMember(group: "g", member: memberID))
            try await eventually { await share([later], 6) }
        }
    }

    @Test func theLaterOfTwoStaticMembersStays() async throws {
        try await Self.withEngine { engine in
            var request = Self.request()
            request.instanceID = "i"
            let earlier = try await MemberOwner(request, in: engine)
            try await eventually { await share([earlier], 6) }
            let later = try await MemberOwner(request, in: engine)
            try await eventually { await share([later], 6) }
            try await eventually { await earlier.hasEnded }
            #expect(await earlier.failure == .fencedInstanceID(group: "g", instance: "i"))
            #expect(await later.generation == earlier.generation)
            let partition = TopicPartition(topic: try TopicName("t"), partition: 0)
            let offsets = [partition: CommittedPosition(offset: Offset(1))]
            await #expect(throws: CoordinationError.fencedInstanceID(group: "g", instance: "i")) {
                try await earlier.membership.commit(offsets)
            }
            try await later.membership.commit(offsets)
            #expect(try await engine.committedOffsets(of: "g").values.map(\.value) == [1])
        }
    }

    @Test func membersGoOnAfterARestart() async throws {
        try await Self.withDirectory { path in
            var engine = try await Engine.open(path, options: Self.options())
            try await engine.createTopic("t", partitions: 6)
            let before = [
                try await MemberOwner(Self.request(), in: engine),
                try await MemberOwner(Self.request(), in: engine),
            ]
            try await eventually { await share(before, 6) }
            await engine.close()
            for member in before { try await eventually { await member.hasEnded } }
            engine = try await Engine.open(path, options: Self.options())
            var after: [MemberOwner] = []
            for member in before {
                var request = Self.request()
                request.memberID = await member.memberID
                after.append(try await MemberOwner(request, in: engine))
            }
            try await eventually { await share(after, 6) }
            for (former, member) in zip(before, after) {
                #expect(await former.assignments.last == member.assignments.last)
            }
            await engine.close()
        }
    }

    @Test func whatCannotBeIsRefused() async throws {
        try await Self.withEngine { engine in
            var unknown = Self.request()
            unknown.memberID = "nobody"
            let short = Self.request(session: .milliseconds(1))
            for (request, wanted) in [
                (unknown, CoordinationError.unknownMemberID(group: "g", member: "nobody")),
                (
                    short,
                    .invalidSessionTimeout(
                        .milliseconds(1), allowed: .milliseconds(100) ... .seconds(60))
                ),
            ] {
                let member = try await MemberOwner(request, in: engine)
                try await eventually { await member.hasEnded }
                #expect(await member.failure == wanted)
            }
        }
    }
}
