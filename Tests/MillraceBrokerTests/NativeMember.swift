import Foundation
import MillraceClientCore
import MillraceNativeProtocol

/// A member of a group over the native protocol that does what it has to when it is given the time: `step` says that it
/// lives, and does what the broker has asked for meanwhile.
final class NativeMember {
    private var client: BlockingClient
    private let stream: StreamID
    private var commitCount: UInt64 = 0
    private(set) var assigned: [WireAssigned] = []
    private(set) var revocations = 0
    private(set) var end: Status?

    init(port: UInt16, _ request: WireJoinGroupRequest) throws {
        client = try BlockingClient(port: port)
        stream = try client.call(.joinGroup, request)
        client.flush()
    }

    static func request(
        _ topics: [String] = ["t"], assignor: String = "range", sessionMs: UInt32 = 30_000
    ) -> WireJoinGroupRequest {
        var request = WireJoinGroupRequest()
        request.group = "g"
        request.topics = topics
        request.assignors = [assignor]
        request.sessionTimeoutMs = sessionMs
        request.rebalanceTimeoutMs = 10_000
        return request
    }

    /// The same member, on another connection.
    func again(_ request: WireJoinGroupRequest, port: UInt16) throws -> NativeMember {
        var request = request
        request.memberID = memberID
        request.owned = assigned.last?.partitions ?? []
        return try NativeMember(port: port, request)
    }

    var memberID: String { assigned.last?.memberID ?? "" }

    /// What it has; none while it has nothing to say about it.
    var partitions: Set<String>? {
        guard end == nil, let last = assigned.last, revocations < assigned.count else { return nil }
        return Set(last.partitions.flatMap { topic in topic.partitions.map { "\(topic.topic)-\($0)" } })
    }

    /// Commits, and takes all that comes before the answer.
    @discardableResult
    func commit(_ offsets: [WireOffsetCommit] = []) throws -> Status? {
        guard end == nil else { return end }
        commitCount += 1
        var command = WireGroupCommand()
        command.commit.tag = commitCount
        command.commit.offsets = offsets
        send(command)
        while end == nil {
            guard let result = try take() else { continue }
            guard result.tag == commitCount else { continue }
            return result.hasError ? Status(result.error) : nil
        }
        return end
    }

    func step() throws { try commit() }

    func changeTopics(_ topics: [String]) {
        var command = WireGroupCommand()
        command.changeTopics.topics = topics
        send(command)
        client.flush()
    }

    func leave() throws -> Status {
        client.halfClose(stream)
        return try waitForEnd()
    }

    /// The client's core tells nothing more of a call that it cancelled.
    func cancel() {
        client.cancel(stream)
        client.flush()
    }

    func waitForEnd() throws -> Status {
        while true {
            if let end { return end }
            _ = try take()
        }
    }

    private func send(_ command: WireGroupCommand) {
        client.send(command, attachment: [], on: stream)
    }

    private func take() throws -> WireMemberCommitResult? {
        switch try client.next() {
        case .message(stream, let body, _):
            switch try body.decodeAnswer(WireGroupEvent.self).event {
            case .assigned(let event): assigned.append(event)
            case .revoke:
                revocations += 1
                var command = WireGroupCommand()
                command.revoked = WireRevoked()
                send(command)
            case .commit(let result): return result
            case nil: break
            }
        case .ended(stream, let status): end = status
        default: break
        }
        return nil
    }
}

/// Gives all members the time until something is so.
func drive(_ members: [NativeMember], until isSo: () throws -> Bool) throws {
    let deadline = Date(timeIntervalSinceNow: 40)
    while Date() < deadline {
        if try isSo() { return }
        for member in members { try member.step() }
        Thread.sleep(forTimeInterval: 0.01)
    }
    throw NotInTime()
}

struct NotInTime: Error {}

/// Whether these are all the partitions of a topic, each once, over all sets.
func isShare(_ sets: [Set<String>?], of count: Int) -> Bool {
    let known = sets.compactMap { $0 }
    guard known.count == sets.count else { return false }
    return known.reduce(0) { $0 + $1.count } == count && known.reduce(Set()) { $0.union($1) }.count == count
}
