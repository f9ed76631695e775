import Foundation
import Millrace
@testable import MillraceBroker
import MillraceClientCore
import MillraceNativeProtocol
import MillraceShard
import PythonInterop
import Testing

/// Groups over the native protocol, through real sockets, and together with members of Kafka's.
@Suite(.serialized) struct GroupCallTests {
    struct Ports: Sendable {
        let native: UInt16
        let kafka: UInt16
    }

    static func withBroker(
        in path: String, _ body: @escaping @Sendable (Ports) throws -> Void
    ) async throws {
        var options = EngineOptions(shardCount: 2)
        options.journalFileBytes = 4 << 20
        options.offsetsPartitionCount = 2
        options.groups.sessionTimeouts = .milliseconds(100) ... .seconds(60)
        let engine = try await Engine.open(path, options: options)
        if engine.topicNames().isEmpty { try await engine.createTopic("t", partitions: 6) }
        let broker = Broker(engine: engine)
        let anywhere = SocketAddress(host: "127.0.0.1", port: 0)
        let ports = Ports(
            native: try await broker.listen(on: anywhere).port,
            kafka: try await broker.listenForKafka(on: anywhere).port)
        // The clients block, so they get a thread of their own.
        let result = await withCheckedContinuation { continuation in
            Thread.detachNewThread { continuation.resume(returning: Result { try body(ports) }) }
        }
        await broker.stop()
        await engine.close()
        try result.get()
    }

    static func withDirectory(_ body: (String) async throws -> Void) async throws {
        let path = FileManager.default.temporaryDirectory
            .appendingPathComponent("millrace-test-\(UUID())").path
        defer { try? FileManager.default.removeItem(atPath: path) }
        try await body(path)
    }

    static func withBroker(_ body: @escaping @Sendable (Ports) throws -> Void) async throws {
        try await withDirectory { try await withBroker(in: $0, body) }
    }

    private static func offset(_ partition: Int32, _ offset: Int64, topic: String = "t") -> WireOffsetCommit {
        var commit = WireOffsetCommit()
        commit.topic = topic
        commit.partition = partition
        commit.offset = offset
        return commit
    }

    private static func share(_ members: [NativeMember], _ count: Int) -> Bool {
        isShare(members.map(\.partitions), of: count)
            && Set(members.map { $0.assigned.last?.generation }).count == 1
    }

    @Test(arguments: ["range", "roundrobin", "sticky"])
    func threeJoinOneLeavesOneVanishes(assignor: String) async throws {
        try await Self.withBroker { ports in
            var members = try [30_000, 30_000, 2000].map {
                try NativeMember(
                    port: ports.native, NativeMember.request(assignor: assignor, sessionMs: $0))
            }
            try drive(members) { Self.share(members, 6) }
            for member in members {
                #expect(member.partitions?.count == 2)
                #expect(member.assigned.last?.assignor == assignor)
            }
            #expect(members.filter { $0.assigned.last?.isLeader == true }.count == 1)
            #expect(members[2].assigned.last?.sessionTimeoutMs == 2000)
            #expect(try members.removeFirst().leave().code == .ok)
            try drive(members) { Self.share(members, 6) }
            // Its connection is closed without a word.
            members.removeLast()
            try drive(members) { Self.share(members, 6) }
            members[0].cancel()
            var client = try BlockingClient(port: ports.native)
            var request = WireDescribeGroupRequest()
            request.group = "g"
            try drive([]) {
                try client.ask(.describeGroup, request, WireGroupDescription.self).state == "Empty"
            }
        }
    }

    @Test func whatTheMembersOfAConnectionNameIsBounded() async throws {
        try await Self.withBroker { ports in
            var client = try BlockingClient(port: ports.native)
            // 6.5 MB a member: two have room, three have not.
            var owned = WireTopicPartitions()
            owned.topic = "t"
            owned.partitions = Array(repeating: .max, count: 1_300_000)
            var request = NativeMember.request()
            request.owned = [owned]
            let streams = try (0..<3).map { number in
                request.group = "g\(number)"
                return try client.call(.joinGroup, request)
            }
            var refusal: Status?
            while refusal == nil {
                if case .ended(let stream, let status) = try client.next() {
                    try #require(stream == streams[2], "\(status)")
                    refusal = status
                }
            }
            #expect(refusal?.code == .resourceExhausted)
            #expect(refusal?.details == ["limit": "\(16 << 20)"])
            // Those who leave make room.
            for stream in streams[..<2] { client.halfClose(stream) }
            var ended = 0
            while ended < 2 {
                if case .ended = try client.next() { ended += 1 }
            }
            let again = try client.call(.joinGroup, request)
            while true {
                let event = try client.next()
                guard case .message(let stream, _, _) = event else {
                    if case .ended(_, let status) = event { Issue.record("\(status)") }
                    continue
                }
                #expect(stream == again)
                return
            }
        }
    }

    @Test func aSilentMemberIsToldThatItIsNoneAnyMore() async throws {
        try await Self.withBroker { ports in
            let silent = try NativeMember(
                port: ports.native, NativeMember.request(sessionMs: 500))
            let status = try silent.waitForEnd()
            #expect(status.code == .aborted)
            #expect(status.details["reason"] == "unknown_member")
        }
    }

    @Test func partitionsAndTopicsThatComeAreShared() async throws {
        try await Self.withBroker { ports in
            let members = try (0..<2).map { _ in
                try NativeMember(port: ports.native, NativeMember.request(["t", "later"]))
            }
            try drive(members) { Self.share(members, 6) }
            var client = try BlockingClient(port: ports.native)
            var add = WireAddPartitionsRequest()
            add.name = "t"
            add.partitions = 8
            _ = try client.ask(.addPartitions, add, WireTopicDescription.self)
            try drive(members) { Self.share(members, 8) }
            var create = WireCreateTopicRequest()
            create.name = "later"
            create.partitions = 3
            _ = try client.ask(.createTopic, create, WireTopicDescription.self)
            try drive(members) { Self.share(members, 11) }
            for member in members { member.changeTopics(["later"]) }
            try drive(members) { Self.share(members, 3) }
        }
    }

    @Test func onlyMembersOfTheGenerationCommit() async throws {
        try await Self.withBroker { ports in
            var request = NativeMember.request()
            request.instanceID = "i"
            let earlier = try NativeMember(port: ports.native, request)
            try drive([earlier]) { Self.share([earlier], 6) }
            #expect(try earlier.commit([Self.offset(0, 7), Self.offset(1, 8)]) == nil)
            // All or none.
            let refused = try earlier.commit([Self.offset(0, 9), Self.offset(77, 9)])
            #expect(refused?.code == .notFound)
            #expect(try earlier.commit([Self.offset(0, -9)])?.code == .invalidArgument)
            #expect(earlier.end == nil)
            // The same instance again: the earlier one is out, and what it commits is not taken.
            let later = try NativeMember(port: ports.native, request)
            try drive([later]) { Self.share([later], 6) }
            #expect(later.assigned.last?.generation == earlier.assigned.last?.generation)
            let fenced = try earlier.commit([Self.offset(0, 99)])
            #expect(fenced?.code == .aborted)
            #expect(fenced?.details["reason"] == "fenced_instance")
            #expect(try earlier.waitForEnd().details["reason"] == "fenced_instance")

            var client = try BlockingClient(port: ports.native)
            var commit = WireCommitOffsetsRequest()
            commit.group = "g"
            commit.offsets = [Self.offset(0, 55)]
            let error = #expect(throws: ClientError.self) {
                _ = try client.ask(.commitOffsets, commit, WireCommitOffsetsResponse.self)
            }
            #expect(String(describing: error).contains("members"))
            var fetch = WireFetchOffsetsRequest()
            fetch.group = "g"
            let fetched = try client.ask(.fetchOffsets, fetch, WireFetchOffsetsResponse.self)
            #expect(fetched.offsets == [Self.offset(0, 7), Self.offset(1, 8)])
        }
    }

    @Test func aLongInstanceIDIsRefused() async throws {
        try await Self.withBroker { ports in
            var request = NativeMember.request()
            request.instanceID = String(repeating: "i", count: 250)
            let refusal = try NativeMember(port: ports.native, request).waitForEnd()
            #expect(refusal.code == .invalidArgument)
            #expect(refusal.message.contains("250 bytes and may have 249"))
            request.instanceID = String(repeating: "i", count: 249)
            let member = try NativeMember(port: ports.native, request)
            while member.assigned.isEmpty { try member.step() }
            #expect(try member.leave() == .ok)
        }
    }

    @Test func whatIsAskedForWronglyIsRefused() async throws {
        try await Self.withBroker { ports in
            func refused(_ change: (inout WireJoinGroupRequest) -> Void) throws -> Status {
                var request = NativeMember.request()
                change(&request)
                return try NativeMember(port: ports.native, request).waitForEnd()
            }
            #expect(try refused { $0.topics = [] }.code == .invalidArgument)
            #expect(try refused { $0.topics = ["a/b"] }.details["topic"] == "a/b")
            #expect(try refused { $0.assignors = ["range", "fair"] }.details["assignor"] == "fair")
            #expect(try refused { $0.sessionTimeoutMs = 1 }.code == .invalidArgument)
            #expect(try refused { $0.sessionTimeoutMs = .max }.code == .invalidArgument)
            #expect(try refused { $0.group = "" }.code == .invalidArgument)
            let unknown = try refused { $0.memberID = "nobody" }
            #expect(unknown.code == .aborted)
            #expect(unknown.details["reason"] == "unknown_member")
        }
    }

    @Test func membersThatWereCutOffAndABrokerThatStopsAreNoRebalance() async throws {
        try await Self.withDirectory { path in
            let former = LockedMembers()
            try await Self.withBroker(in: path) { ports in
                var members = try (0..<2).map { _ in
                    try NativeMember(port: ports.native, NativeMember.request())
                }
                try drive(members) { Self.share(members, 6) }
                let generation = members[0].assigned.last?.generation
                for index in members.indices {
                    members[index] = try members[index].again(NativeMember.request(), port: ports.native)
                }
                try drive(members) { Self.share(members, 6) }
                for member in members {
                    #expect(member.assigned.last?.generation == generation)
                    #expect(member.revocations == 0)
                }
                former.members = members
            }
            // The broker has stopped.
            for member in former.members {
                #expect(try member.waitForEnd().code == .unavailable)
            }
            try await Self.withBroker(in: path) { ports in
                let back = try former.members.map {
                    try $0.again(NativeMember.request(), port: ports.native)
                }
                try drive(back) { Self.share(back, 6) }
                for (member, former) in zip(back, former.members) {
                    #expect(member.assigned.last == former.assigned.last)
                }
            }
        }
    }

    /// Handed from the thread of one broker to that of the next.
    private final class LockedMembers: @unchecked Sendable {
        var members: [NativeMember] = []
    }

    // MARK: Looking at groups

    @Test func groupsAreListedDescribedAndForgotten() async throws {
        try await Self.withBroker { ports in
            var client = try BlockingClient(port: ports.native)
            try BrokerTests.produce(10, to: "t", partitions: 1, on: &client)
            var request = NativeMember.request()
            request.instanceID = "i"
            let member = try NativeMember(port: ports.native, request)
            try drive([member]) { Self.share([member], 6) }
            #expect(try member.commit([Self.offset(0, 4), Self.offset(5, 0)]) == nil)

            let listed = try client.ask(
                .listGroups, WireListGroupsRequest(), WireListGroupsResponse.self)
            #expect(listed.groups.map(\.group) == ["g"])
            #expect(listed.groups.first?.state == "Stable")
            #expect(listed.groups.first?.protocolType == "consumer")
            var empty = WireListGroupsRequest()
            empty.states = ["empty"]
            #expect(try client.ask(.listGroups, empty, WireListGroupsResponse.self).groups.isEmpty)

            var describe = WireDescribeGroupRequest()
            describe.group = "g"
            let found = try client.ask(.describeGroup, describe, WireGroupDescription.self)
            #expect(found.assignor == "range")
            let shown = try #require(found.members.first)
            #expect(shown.memberID == member.memberID)
            #expect(shown.instanceID == "i")
            #expect(shown.clientHost == "/127.0.0.1")
            #expect(shown.partitions.map(\.topic) == ["t"])
            #expect(shown.partitions.first?.partitions == [0, 1, 2, 3, 4, 5])
            #expect(found.offsets.map(\.committed) == [Self.offset(0, 4), Self.offset(5, 0)])
            #expect(found.offsets.map(\.lag) == [6, 0])

            func refused<Response>(_ call: () throws -> Response, _ text: String) {
                let error = #expect(throws: ClientError.self) { _ = try call() }
                #expect(String(describing: error).contains(text), "\(String(describing: error))")
            }
            var forget = WireDeleteOffsetsRequest()
            forget.group = "g"
            forget.topics = [WireTopicPartitions()]
            forget.topics[0].topic = "t"
            refused({ try client.ask(.deleteOffsets, forget, WireDeleteOffsetsResponse.self) }, "subscribed")
            var delete = WireDeleteGroupRequest()
            delete.group = "g"
            refused({ try client.ask(.deleteGroup, delete, WireDeleteGroupResponse.self) }, "1 members")
            #expect(try member.leave().code == .ok)
            forget.topics[0].partitions = [0]
            _ = try client.ask(.deleteOffsets, forget, WireDeleteOffsetsResponse.self)
            let left = try client.ask(.describeGroup, describe, WireGroupDescription.self)
            #expect(left.offsets.map(\.committed) == [Self.offset(5, 0)])
            _ = try client.ask(.deleteGroup, delete, WireDeleteGroupResponse.self)
            refused({ try client.ask(.describeGroup, describe, WireGroupDescription.self) }, "no group 'g'")
            refused({ try client.ask(.deleteGroup, delete, WireDeleteGroupResponse.self) }, "no group 'g'")
        }
    }

    // MARK: Both doors

    @Test(arguments: [true, false]) func bothDoorsShareAGroup(kafkaLeads: Bool) async throws {
        try await Self.withBroker { ports in
            var kafka: KafkaMember?
            var natives: [NativeMember] = []
            func joinKafka() { kafka = KafkaMember(port: ports.kafka, topics: ["t"]) }
            func joinNatives() throws {
                natives = try (0..<2).map { _ in try NativeMember(port: ports.native, NativeMember.request()) }
            }
            // Who comes first leads.
            if kafkaLeads {
                joinKafka()
                try drive([]) { isShare([kafka?.partitions], of: 6) }
                try joinNatives()
            } else {
                try joinNatives()
                try drive(natives) { isShare(natives.map(\.partitions), of: 6) }
                joinKafka()
            }
            try drive(natives) { isShare(natives.map(\.partitions) + [kafka?.partitions], of: 6) }
            #expect(kafka?.isLeader == kafkaLeads)
            #expect(natives.contains { $0.assigned.last?.isLeader == true } == !kafkaLeads)
            // The Kafka member gives one partition to all but the last, the broker two to each.
            let counts = (natives.map(\.partitions) + [kafka?.partitions]).map { $0?.count }
            #expect(counts.compactMap { $0 }.sorted() == (kafkaLeads ? [1, 1, 4] : [2, 2, 2]))
            kafka?.leave()
            try drive(natives) { kafka?.hasEnded == true && isShare(natives.map(\.partitions), of: 6) }
            #expect(kafka?.failure == nil)
        }
    }

    @Test(
        .enabled(if: PythonInterop.isAvailable, "\(PythonInterop.reason)"),
        arguments: [true, false], ["range", "roundrobin"])
    func aGroupIsSharedWithRdkafka(kafkaLeads: Bool, assignor: String) async throws {
        try await Self.withBroker { ports in
            var natives: [NativeMember] = []
            func joinNatives() throws {
                natives = try (0..<2).map { _ in
                    try NativeMember(port: ports.native, NativeMember.request(assignor: assignor))
                }
            }
            if !kafkaLeads {
                try joinNatives()
                try drive(natives) { Self.share(natives, 6) }
            }
            let kafka = try PythonMember(port: ports.kafka, assignor: assignor)
            defer { kafka.leave() }
            if kafkaLeads {
                try drive([]) { isShare([kafka.partitions], of: 6) }
                try joinNatives()
            }
            try drive(natives) { isShare(natives.map(\.partitions) + [kafka.partitions], of: 6) }
            for member in natives {
                #expect(member.partitions?.count == 2)
                #expect(member.assigned.last?.assignor == assignor)
            }
            #expect(natives.contains { $0.assigned.last?.isLeader == true } == !kafkaLeads)
            kafka.leave()
            try drive(natives) { Self.share(natives, 6) }
            try drive(natives) { kafka.hasEnded }
            #expect(kafka.endedWell)
        }
    }
}
