internal import DequeModule
package import MillraceBytes
package import MillraceModel
package import MillraceNativeProtocol

/// What became of a membership, for the consumer's own task to act on.
package enum MembershipEvent: Hashable, Sendable {
    /// The group is rebalanced: stop, commit, and say `revoked` over the call that has this number.
    case revoke(call: Int)
    /// These are the member's partitions from now on, whatever it had before.
    case assigned([TopicPartition], generation: Int32)
    /// The group has gone on without the member: what it had belongs to others, and nothing of it can be committed.
    case lost
}

/// A membership in a group without its connections: one *join group* call after another, under one member id.
///
/// The call's messages go in, what the consumer has to do comes out as events, in their order. An assignment that is
/// the one the member has, in the same generation, is none: a lost connection alone changes nothing.
package struct GroupMembershipState: Sendable {
    private let group: String
    private let options: GroupConsumerOptions
    private var events = Deque<MembershipEvent>()
    private var commits: [UInt64: Commit] = [:]
    private var nextTag: UInt64 = 0
    private var hasLeft = false
    /// The consumer has been told to give up its partitions: what it is assigned next is news.
    private var hasGivenUp = false

    package private(set) var topics: [TopicName]
    /// How many calls there have been.
    package private(set) var callCount = 0
    package private(set) var isCallOpen = false
    package private(set) var memberID = ""
    /// -1 for none.
    package private(set) var generation: Int32 = -1
    /// As the broker has assigned them, in order.
    package private(set) var partitions: [TopicPartition] = []
    package private(set) var isLeader = false
    /// How long the member may be silent, by the broker's word or else the options'.
    package private(set) var sessionTimeout: Duration
    /// Why the membership has ended for good; `closed` after leaving.
    package private(set) var failure: ClientError?

    private enum Commit: Sendable {
        case waiting
        case done(ClientError?)
    }

    package init(group: String, topics: [TopicName], options: GroupConsumerOptions) {
        self.group = group
        self.topics = topics
        self.options = options
        sessionTimeout = options.sessionTimeout ?? .seconds(9)
    }

    /// The request of the next call.
    package var request: WireJoinGroupRequest {
        var request = WireJoinGroupRequest()
        request.group = group
        request.topics = topics.map(\.string)
        request.assignors = options.assignors.map(\.rawValue)
        request.sessionTimeoutMs = Self.milliseconds(options.sessionTimeout)
        request.rebalanceTimeoutMs = Self.milliseconds(options.rebalanceTimeout)
        request.instanceID = options.instanceID ?? ""
        request.memberID = memberID
        request.owned = memberID.isEmpty || hasGivenUp ? [] : WireTopicPartitions.grouped(partitions)
        return request
    }

    private static func milliseconds(_ duration: Duration?) -> UInt32 {
        guard let duration else { return 0 }
        let (seconds, attoseconds) = duration.components
        let (whole, isOverflow) = seconds.multipliedReportingOverflow(by: 1000)
        return isOverflow
            ? .max : UInt32(clamping: whole + attoseconds / 1_000_000_000_000_000)
    }

    /// How often the member has to say that it lives.
    package var heartbeatInterval: Duration { max(sessionTimeout / 3, .milliseconds(1)) }

    /// What the consumer does next.
    package mutating func nextEvent() -> MembershipEvent? {
        let event = events.popFirst()
        if case .revoke? = event { hasGivenUp = true }
        return event
    }
}

// MARK: - Calls

extension GroupMembershipState {
    /// - Returns: the call's number.
    package mutating func callOpened() -> Int {
        callCount += 1
        isCallOpen = true
        return callCount
    }

    package mutating func received(_ body: ByteSlice) throws(ClientError) {
        let message = try body.decodeAnswer(WireGroupEvent.self)
        switch message.event {
        case .assigned(let assigned): try take(assigned)
        case .revoke: events.append(.revoke(call: callCount))
        case .commit(let result):
            guard commits[result.tag] != nil else { return }
            commits[result.tag] = .done(result.hasError ? ClientError(Status(result.error)) : nil)
        case nil:
            throw .illegalAnswer("a group's event says nothing")
        }
    }

    private mutating func take(_ assigned: WireAssigned) throws(ClientError) {
        guard !assigned.memberID.isEmpty, assigned.generation >= 0 else {
            throw .illegalAnswer(
                "member '\(assigned.memberID)' was assigned partitions in generation \(assigned.generation)")
        }
        let new = try TopicPartition.all(in: assigned.partitions).sorted()
        let isNews =
            hasGivenUp || assigned.memberID != memberID || assigned.generation != generation || new != partitions
            || events.contains { $0 == .revoke(call: callCount) }
        hasGivenUp = false
        memberID = assigned.memberID
        isLeader = assigned.isLeader
        generation = assigned.generation
        partitions = new
        if assigned.sessionTimeoutMs > 0 {
            sessionTimeout = .milliseconds(Int64(assigned.sessionTimeoutMs))
        }
        if isNews { events.append(.assigned(new, generation: generation)) }
    }

    /// The call has ended.
    /// - Returns: whether to open the next.
    package mutating func callEnded(_ error: ClientError?) -> Bool {
        isCallOpen = false
        // Whoever waits for a commit may try it over the next call.
        let ending = error ?? .closed
        for tag in commits.keys {
            if case .waiting? = commits[tag] { commits[tag] = .done(ending) }
        }
        // The broker repeats what it still wants.
        events.removeAll { if case .revoke = $0 { true } else { false } }
        guard failure == nil else { return false }
        if hasLeft || error == nil {
            failure = .closed
            return false
        }
        if ending.isTransient { return true }
        if case .refused(.aborted, _, let details) = ending, details["reason"] != "fenced_instance" {
            memberID = ""
            generation = -1
            partitions = []
            events.removeAll()
            events.append(.lost)
            return true
        }
        failure = ending
        return false
    }

    /// No broker is found any more.
    package mutating func failed(_ error: ClientError) {
        if failure == nil { failure = error }
        isCallOpen = false
        for tag in commits.keys {
            if case .waiting? = commits[tag] { commits[tag] = .done(error) }
        }
    }

    /// The member leaves: its call is to be ended.
    package mutating func leave() { hasLeft = true }
}

// MARK: - Commands

extension GroupMembershipState {
    package var heartbeat: WireGroupCommand {
        var command = WireGroupCommand()
        command.heartbeat = WireHeartbeat()
        return command
    }

    /// The answer to `revoke`. Nil where the call that asked is over. The member has no partitions after it.
    package mutating func revoked(call: Int) -> WireGroupCommand? {
        guard isCallOpen, call == callCount else { return nil }
        partitions = []
        var command = WireGroupCommand()
        command.revoked = WireRevoked()
        return command
    }

    /// Other topics from now on.
    package mutating func change(to topics: [TopicName]) -> WireGroupCommand? {
        self.topics = topics
        guard isCallOpen else { return nil }
        var command = WireGroupCommand()
        command.changeTopics.topics = topics.map(\.string)
        return command
    }

    /// A commit, and the number by which `takeResult` knows it; nil while no call is open.
    package mutating func commit(
        _ offsets: [CommittedOffset]
    ) -> (tag: UInt64, command: WireGroupCommand)? {
        guard isCallOpen, failure == nil else { return nil }
        let tag = nextTag
        nextTag += 1
        commits[tag] = .waiting
        var command = WireGroupCommand()
        command.commit.tag = tag
        command.commit.offsets = offsets.map(\.wire)
        return (tag, command)
    }

    /// What became of a commit; nil while it is not known. It is told once.
    package mutating func takeResult(_ tag: UInt64) -> Result<Void, ClientError>? {
        guard case .done(let error)? = commits[tag] else { return nil }
        commits[tag] = nil
        if let error { return .failure(error) }
        return .success(())
    }

    /// Nobody waits for the commit any more.
    package mutating func forget(_ tag: UInt64) { commits[tag] = nil }
}
