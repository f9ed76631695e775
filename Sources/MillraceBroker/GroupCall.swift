internal import DequeModule
internal import Millrace
internal import MillraceCoordination
internal import MillraceModel
internal import MillraceNativeProtocol
internal import MillraceShard
internal import MillraceStorage
internal import SystemPackage

// Method 0x0403: a member of a group, for as long as the call lasts.

/// A client's membership: its commands in, the group's events out. Confined to the connection's shard.
///
/// One task does what the client says, one command after another; a second passes on what the group says. A client that
/// ends the call, or cancels it, leaves the group; one that is gone is a member until its session ends, and so is one
/// whose broker stops.
final class GroupCall: OpenCall, @unchecked Sendable {
    private enum Ending {
        /// After what the client has said before.
        case leave
        /// At once, without a word to the group.
        case vanish
    }

    private let id: StreamID
    private var commands: Deque<(command: WireGroupCommand.OneOf_Command?, held: Int)> = []
    private var ending: Ending?
    private let changed: Signal

    /// What the member has said of its topics and partitions, as the group keeps it.
    private var subscriptionBytes: Int

    /// What a command takes beside its bytes.
    private static let commandBytes = 256
    /// The members of one connection may say so much of their topics and partitions: it is kept for as long as they
    /// are members, so that no reading pauses for it.
    fileprivate static let subscriptionBytesMax = 16 << 20

    init(_ id: StreamID, shard: Shard, subscriptionBytes: Int) {
        self.id = id
        changed = Signal(on: shard)
        self.subscriptionBytes = subscriptionBytes
    }

    // MARK: Frames

    func receive(_ frame: Frame, on connection: isolated NativeConnection) throws(FrameError) {
        guard ending == nil else {
            throw .unexpectedFrame(kind: .message, stream: frame.header.stream)
        }
        let command = try frame.decode(WireGroupCommand.self).command
        let held = Self.commandBytes + frame.body.count
        connection.hold(held)
        commands.append((command, held))
        changed.notifyAll()
    }

    func close() { end(.leave) }

    func cancel(on connection: isolated NativeConnection) {
        dropCommands(connection)
        end(.leave)
    }

    func peerEnded(on connection: isolated NativeConnection) { end(.vanish) }

    func stop(on connection: isolated NativeConnection) {
        // Who is leaving is answered that it has left.
        guard ending == nil else { return }
        dropCommands(connection)
        end(.vanish)
        connection.finish(id, .stopping)
    }

    private func end(_ wanted: Ending) {
        if ending == nil { ending = wanted }
        changed.notifyAll()
    }

    private func dropCommands(_ connection: isolated NativeConnection) {
        for (_, held) in commands { connection.letGo(held) }
        commands = []
    }

    // MARK: Tasks

    func serve(_ request: MembershipRequest, on connection: isolated NativeConnection) async {
        defer { connection.subscriptionBytes -= subscriptionBytes }
        do throws(CoordinationError) {
            let membership = try await GroupMembership.begin(request, in: connection.engine)
            connection.run { await self.report(membership, on: $0) }
            await obey(membership, on: connection)
        } catch {
            dropCommands(connection)
            connection.finish(id, Status(error))
        }
    }

    private func obey(
        _ membership: GroupMembership, on connection: isolated NativeConnection
    ) async {
        do throws(Errno) {
            while true {
                guard let (command, held) = commands.popFirst() else {
                    if ending != nil { break }
                    try await changed.wait(after: changed.notices)
                    continue
                }
                // Whatever it says, it lives.
                await membership.heartbeat()
                await obey(command, held, membership, on: connection)
                connection.letGo(held)
            }
        } catch {
            ending = .vanish
        }
        switch ending {
        case .leave: await membership.leave()
        case .vanish, nil: await membership.detach()
        }
        connection.finish(id, .ok)
    }

    private func obey(
        _ command: WireGroupCommand.OneOf_Command?, _ bytes: Int, _ membership: GroupMembership,
        on connection: isolated NativeConnection
    ) async {
        switch command {
        case .heartbeat, nil: break
        case .revoked: await membership.revoked()
        case .commit(let commit):
            var result = WireMemberCommitResult()
            result.tag = commit.tag
            do {
                let positions = try connection.positions(commit.offsets)
                try await membership.commit(positions)
            } catch {
                result.error = Status(error).wire
            }
            var event = WireGroupEvent()
            event.commit = result
            write(event, on: connection)
        case .changeTopics(let change):
            do throws(StatusError) {
                let topics = try MembershipRequest.checked(change.topics)
                try connection.replaceSubscription(of: subscriptionBytes, by: bytes)
                subscriptionBytes = bytes
                await membership.change(topics: topics)
            } catch {
                dropCommands(connection)
                end(.leave)
                connection.finish(id, error.status)
            }
        }
    }

    private func report(
        _ membership: GroupMembership, on connection: isolated NativeConnection
    ) async {
        while let event = await membership.nextEvent() {
            var message = WireGroupEvent()
            switch event {
            case .assigned(let assignment): message.assigned = WireAssigned(assignment)
            case .revoke: message.revoke = WireRevoke()
            case .ended(let error):
                connection.finish(id, Status(error))
                dropCommands(connection)
                return end(.vanish)
            }
            write(message, on: connection)
        }
    }

    private func write(_ event: WireGroupEvent, on connection: isolated NativeConnection) {
        guard connection.calls[id] != nil else { return }
        connection.writeMessage(id, event)
    }
}

extension NativeConnection {
    func openGroup(_ frame: Frame) throws(FrameError) {
        let request = try frame.decode(WireJoinGroupRequest.self)
        let id = frame.header.stream
        do throws(StatusError) {
            var membership = try MembershipRequest(request)
            membership.clientID = clientID
            membership.clientHost = "/\(host)"
            let decided = membership
            try replaceSubscription(of: 0, by: frame.body.count)
            let call = GroupCall(id, shard: shard, subscriptionBytes: frame.body.count)
            calls[id] = call
            run { await call.serve(decided, on: $0) }
        } catch {
            writeEnd(id, error.status)
        }
    }

    fileprivate func replaceSubscription(of old: Int, by new: Int) throws(StatusError) {
        let limit = GroupCall.subscriptionBytesMax
        let sum = subscriptionBytes - old + new
        guard sum <= limit else {
            throw StatusError(
                Status(
                    .resourceExhausted,
                    """
                    the members of this connection name topics and partitions in \(sum) bytes and may do so in \
                    \(limit): name fewer, or join over another connection
                    """,
                    details: ["limit": "\(limit)"]))
        }
        subscriptionBytes = sum
    }

    /// Offsets to commit, of partitions that are there.
    func positions(
        _ commits: [WireOffsetCommit]
    ) throws -> [TopicPartition: CommittedPosition] {
        var positions: [TopicPartition: CommittedPosition] = [:]
        for commit in commits {
            let partition = TopicPartition(
                topic: try TopicName(commit.topic), partition: commit.partition)
            _ = try engine.storage.partition(partition)
            positions[partition] = CommittedPosition(
                offset: Offset(commit.offset), metadata: commit.metadata)
        }
        return positions
    }
}

extension MembershipRequest {
    init(_ wire: WireJoinGroupRequest) throws(StatusError) {
        self.init(group: wire.group, topics: try Self.checked(wire.topics))
        if !wire.assignors.isEmpty { assignors = try Self.assignors(wire.assignors) }
        if wire.sessionTimeoutMs > 0 {
            sessionTimeout = .milliseconds(Int64(wire.sessionTimeoutMs))
        }
        if wire.rebalanceTimeoutMs > 0 {
            rebalanceTimeout = .milliseconds(Int64(wire.rebalanceTimeoutMs))
        }
        try Self.check(instanceID: wire.instanceID)
        instanceID = wire.instanceID.isEmpty ? nil : wire.instanceID
        memberID = wire.memberID
        owned = wire.owned.map { TopicShare(topic: $0.topic, partitions: $0.partitions) }
    }

    /// Topics may be named before they are there, but only by names that they can have.
    static func checked(_ topics: [String]) throws(StatusError) -> [String] {
        guard !topics.isEmpty else {
            throw StatusError(Status(.invalidArgument, "no topics: name at least one"))
        }
        for topic in topics {
            do throws(TopicNameError) {
                _ = try TopicName(topic)
            } catch {
                throw StatusError(Status(.invalidArgument, "\(error)", details: ["topic": topic]))
            }
        }
        return topics
    }

    /// Kafka's clients take no longer ones, and a group's record would cut a very long one short.
    private static let instanceIDBytesMax = 249

    private static func check(instanceID: String) throws(StatusError) {
        guard instanceID.utf8.count > instanceIDBytesMax else { return }
        let beginning = String(instanceID.prefix(100))
        throw StatusError(
            Status(
                .invalidArgument,
                """
                the instance id '\(beginning)...' has \(instanceID.utf8.count) bytes and may have \
                \(instanceIDBytesMax): use a shorter one
                """,
                details: ["instance_id": beginning, "limit": "\(instanceIDBytesMax)"]))
    }

    private static func assignors(_ names: [String]) throws(StatusError) -> [Assignor] {
        var assignors: [Assignor] = []
        for name in names {
            guard let assignor = Assignor(rawValue: name) else {
                let known = Assignor.allCases.map(\.rawValue).joined(separator: ", ")
                throw StatusError(
                    Status(
                        .invalidArgument,
                        "there is no assignor '\(name.prefix(100))': there are \(known)",
                        details: ["assignor": String(name.prefix(100))]))
            }
            if !assignors.contains(assignor) { assignors.append(assignor) }
        }
        return assignors
    }
}

extension WireAssigned {
    fileprivate init(_ assignment: MemberAssignment) {
        self.init()
        memberID = assignment.memberID
        generation = assignment.generation
        assignor = assignment.assignor
        partitions = assignment.partitions.map(WireTopicPartitions.init)
        isLeader = assignment.isLeader
        sessionTimeoutMs = UInt32(clamping: assignment.sessionTimeout.wholeMilliseconds)
    }
}

extension WireTopicPartitions {
    /// By number.
    init(_ share: TopicShare) {
        self.init()
        topic = share.topic
        partitions = share.partitions.sorted()
    }
}

extension Duration {
    fileprivate var wholeMilliseconds: Int64 {
        components.seconds &* 1000 &+ components.attoseconds / 1_000_000_000_000_000
    }
}
