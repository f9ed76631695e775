@testable import MillraceCoordination
import MillraceBytes
import MillraceModel
import MillraceShard
import Testing

/// A group and a clock that the test moves: what it is asked, what it answers and what it wants
/// written.
struct GroupUnderTest {
    var group: ClassicGroup
    var time = GroupTime(
        now: Instant(nanoseconds: 1_000_000_000), wallClock: Timestamp(milliseconds: 1_000_000))
    private var ticketCount: UInt64 = 0
    private(set) var joins: [UInt64: Result<JoinAnswer, CoordinationError>] = [:]
    private(set) var syncs: [UInt64: Result<SyncAnswer, CoordinationError>] = [:]
    private(set) var writes: [(metadata: GroupMetadata, write: GroupWrite)] = []

    init(_ options: GroupOptions = GroupOptions()) {
        group = ClassicGroup(id: "g", options: options, isLive: true)
    }

    static func request(
        _ memberID: String = "", instance: String? = nil, protocols: [MemberProtocol]? = nil,
        session: Duration = .seconds(10), rebalance: Duration = .seconds(60),
        knownID: Bool = false
    ) -> JoinRequest {
        var request = JoinRequest(
            group: "g", memberID: memberID, sessionTimeout: session, protocolType: "consumer",
            protocols: protocols ?? [MemberProtocol(name: "range", metadata: subscription("t"))])
        request.instanceID = instance
        request.clientID = "client"
        request.clientHost = "/127.0.0.1"
        request.rebalanceTimeout = rebalance
        request.requiresKnownMemberID = knownID
        return request
    }

    /// The metadata of a consumer that wants the topics.
    static func subscription(_ topics: String...) -> [UInt8] {
        var writer = ByteWriter()
        writer.writeInt16(1)
        writer.writeInt32(Int32(topics.count))
        for topic in topics { writer.writeShortString(topic) }
        writer.writeInt32(-1)
        writer.writeInt32(0)
        return writer.take()
    }

    // MARK: Asking

    /// - Returns: the number of the join, under which its answer will be found.
    @discardableResult
    mutating func join(_ request: JoinRequest, as name: String = "new") -> UInt64 {
        ticketCount += 1
        group.join(
            request, newMemberID: name, ticket: AnswerTicket(value: ticketCount), at: time)
        collect()
        return ticketCount
    }

    @discardableResult
    mutating func sync(
        _ memberID: String, generation: Int32? = nil, _ assignments: [String: [UInt8]] = [:]
    ) -> UInt64 {
        ticketCount += 1
        let request = SyncRequest(
            group: "g", generation: generation ?? group.generation, memberID: memberID,
            assignments: assignments.map { .init(memberID: $0.key, bytes: $0.value) })
        group.sync(request, ticket: AnswerTicket(value: ticketCount), at: time)
        collect()
        return ticketCount
    }

    mutating func heartbeat(
        _ memberID: String, generation: Int32? = nil, instance: String? = nil
    ) throws(CoordinationError) {
        let request = HeartbeatRequest(
            group: "g", generation: generation ?? group.generation, memberID: memberID,
            instanceID: instance)
        try group.heartbeat(request, at: time)
    }

    mutating func leave(_ leaving: LeavingMember...) throws(CoordinationError) -> [LeftMember] {
        defer { collect() }
        return try group.leave(leaving, at: time)
    }

    /// Time goes on, deadline by deadline.
    mutating func pass(_ duration: Duration) {
        let end = time.now.advanced(by: duration)
        let start = time
        while let next = group.nextDeadline, next <= end {
            time.now = max(next, time.now)
            group.passTime(time)
            collect()
        }
        time.now = end
        time.wallClock.milliseconds =
            start.wallClock.milliseconds + duration.components.seconds * 1000
    }

    /// The oldest record that was to be written is, or could not be.
    mutating func writeNext(_ error: CoordinationError? = nil) throws {
        let (metadata, write) = try #require(writes.first)
        writes.removeFirst()
        if error == nil { group.replay(metadata, at: time) }
        group.finish(write, error, at: time)
        collect()
    }

    private mutating func collect() {
        for effect in group.takeEffects() {
            switch effect {
            case .answerJoin(let ticket, let result):
                #expect(joins.updateValue(result, forKey: ticket.value) == nil)
            case .answerSync(let ticket, let result):
                #expect(syncs.updateValue(result, forKey: ticket.value) == nil)
            case .write(let metadata, let write): writes.append((metadata, write))
            case .tell: break
            }
        }
    }

    // MARK: Stories that many tests begin with

    /// A stable group of members whose assignments are their names.
    static func stable(
        _ names: [String], instances: [String?] = [], options: GroupOptions = GroupOptions()
    ) throws -> GroupUnderTest {
        var test = GroupUnderTest(options)
        for (index, name) in names.enumerated() {
            let instance = index < instances.count ? instances[index] : nil
            test.join(request(instance: instance), as: name)
        }
        test.pass(.seconds(1))
        try test.syncAll()
        return test
    }

    mutating func syncAll() throws {
        let names = group.members.inOrder.map(\.id)
        var assignments: [String: [UInt8]] = [:]
        for name in names { assignments[name] = Array(name.utf8) }
        for name in names { sync(name, name == group.leader ? assignments : [:]) }
        try writeNext()
        #expect(group.state == .stable)
    }
}
