import Foundation
import MillraceCoordination
import MillraceKafkaProtocol
import Synchronization

/// A consumer of Kafka's protocol in a group, on a thread of its own: joins, assigns where it leads, beats, and joins
/// again when it is told to.
final class KafkaMember: Sendable {
    private struct State {
        var partitions: Set<String>?
        var isLeader = false
        var isStopping = false
        var hasEnded = false
        var failure: String?
    }

    private let state = Mutex(State())

    init(port: UInt16, topics: [String]) {
        Thread.detachNewThread { [self] in
            do {
                try run(try BlockingKafkaClient(port: port), topics)
            } catch {
                state.withLock { $0.failure = "\(error)" }
            }
            state.withLock {
                $0.partitions = nil
                $0.hasEnded = true
            }
        }
    }

    var partitions: Set<String>? { state.withLock { $0.partitions } }
    var isLeader: Bool { state.withLock { $0.isLeader } }
    var hasEnded: Bool { state.withLock { $0.hasEnded } }
    var failure: String? { state.withLock { $0.failure } }

    func leave() { state.withLock { $0.isStopping = true } }

    private var isStopping: Bool { state.withLock { $0.isStopping } }

    private func run(_ client: BlockingKafkaClient, _ topics: [String]) throws {
        var memberID = ""
        while !isStopping {
            let joined = try join(client, &memberID, topics)
            var sync = SyncGroupRequest()
            sync.groupID = "g"
            sync.generationID = joined.generationID
            sync.memberID = memberID
            if joined.leader == memberID { sync.assignments = Self.assignments(joined) }
            let answer = try client.call(sync, version: 4)
            if answer.errorCode == .rebalanceInProgress { continue }
            guard answer.errorCode == .none else { throw Failure(error: answer.errorCode) }
            let shares = ConsumerAssignment(answer.assignment)?.topics ?? []
            state.withLock {
                $0.partitions = Set(shares.flatMap { share in share.partitions.map { "\(share.topic)-\($0)" } })
                $0.isLeader = joined.leader == memberID
            }
            try beat(client, joined.generationID, memberID)
        }
        var leave = LeaveGroupRequest()
        leave.groupID = "g"
        var member = LeaveGroupRequest.MemberIdentity()
        member.memberID = memberID
        leave.members = [member]
        _ = try client.call(leave, version: 4)
    }

    private func join(
        _ client: BlockingKafkaClient, _ memberID: inout String, _ topics: [String]
    ) throws -> JoinGroupResponse {
        while true {
            var request = JoinGroupRequest()
            request.groupID = "g"
            request.sessionTimeoutMs = 30_000
            request.rebalanceTimeoutMs = 10_000
            request.memberID = memberID
            request.protocolType = "consumer"
            var offered = JoinGroupRequest.JoinGroupRequestProtocol()
            offered.name = "range"
            offered.metadata = ConsumerSubscription(topics: topics).encoded(version: 1)
            request.protocols = [offered]
            let answer = try client.call(request, version: 6)
            memberID = answer.memberID
            if answer.errorCode == .memberIDRequired { continue }
            guard answer.errorCode == .none else { throw Failure(error: answer.errorCode) }
            return answer
        }
    }

    private struct Failure: Error { let error: ErrorCode }

    /// All partitions to whoever comes first, so that it shows who has assigned.
    private static func assignments(
        _ joined: JoinGroupResponse
    ) -> [SyncGroupRequest.SyncGroupRequestAssignment] {
        let last = joined.members.count - 1
        return joined.members.sorted { $0.memberID < $1.memberID }.enumerated().map { index, member in
            let numbers: [Int32] = index < last ? [Int32(index)] : Array(Int32(last)..<6)
            var assignment = SyncGroupRequest.SyncGroupRequestAssignment()
            assignment.memberID = member.memberID
            assignment.assignment = ConsumerAssignment(
                topics: [TopicShare(topic: "t", partitions: numbers)]).encoded()
            return assignment
        }
    }

    private func beat(_ client: BlockingKafkaClient, _ generation: Int32, _ memberID: String) throws {
        while !isStopping {
            var request = MillraceKafkaProtocol.HeartbeatRequest()
            request.groupID = "g"
            request.generationID = generation
            request.memberID = memberID
            let answer = try client.call(request, version: 3)
            if answer.errorCode == .rebalanceInProgress {
                state.withLock { $0.partitions = nil }
                return
            }
            guard answer.errorCode == .none else { throw Failure(error: answer.errorCode) }
            Thread.sleep(forTimeInterval: 0.02)
        }
    }
}
