import MillraceBytes
import MillraceCoordination
import MillraceModel
import MillraceShard
import MillraceSimulation

/// One process that consumes in a group: it joins, assigns if it leads, commits, and ends as the
/// story wills.
final class SimulatedMember: @unchecked Sendable {
    /// What happens to the process next.
    enum Fate {
        case none
        case leave
        /// It ends without a word.
        case vanish
        /// It hears and says nothing for so long, and goes on as if nothing had been.
        case pause(Duration)
        /// It wants something else, so that all have to join again.
        case resubscribe
    }

    let number: Int
    let instance: String?
    let group: SimulatedGroup
    private let simulation: Simulation
    private let shard: Shard
    private let line: CoordinatorLine
    var fate = Fate.none
    private(set) var isOver = false
    private(set) var generation: Int32 = -1
    private(set) var owned: [Int] = []
    private var memberID = ""
    private var subscriptionCount = 0
    /// Either may be the longer one: a static member that freezes for a time between the two is
    /// still one when it goes on, and several generations behind.
    private let sessionTimeout: Duration
    private let rebalanceTimeout: Duration

    init(
        number: Int, instance: String?, group: SimulatedGroup, simulation: Simulation,
        on shard: Shard, line: CoordinatorLine
    ) {
        self.number = number
        self.instance = instance
        self.group = group
        self.simulation = simulation
        self.shard = shard
        self.line = line
        sessionTimeout = .seconds(simulation.random.within(6...25))
        rebalanceTimeout = .seconds(simulation.random.within(2...8))
    }

    /// What tells it apart from the others that own partitions.
    var owner: String { instance ?? "member \(number)" }

    func live() async {
        defer { isOver = true }
        while true {
            if case .vanish = fate { return }
            if case .leave = fate { return await leave() }
            do {
                try await takePart()
            } catch let error as CoordinationError {
                switch error {
                case .memberIDRequired(let assigned): memberID = assigned
                case .unknownMemberID: memberID = ""
                // Another process has the instance id: this one is of no use.
                case .fencedInstanceID: return
                case .rebalanceInProgress, .illegalGeneration: break
                case .coordinatorNotAvailable, .log: guard await rest() else { return }
                default: return group.promises.broke("\(owner) is refused: \(error)")
                }
            } catch {
                guard await rest() else { return }
            }
        }
    }

    private func rest(
        _ milliseconds: ClosedRange<Int> = 20...400
    ) async -> Bool {
        let time = Duration.milliseconds(simulation.random.within(milliseconds))
        return (try? await shard.sleep(for: time)) != nil
    }

    private func call<Answer: Sendable>(
        timeout: Duration = .seconds(3),
        _ body: @escaping @Sendable (GroupCoordinator) async throws -> Answer
    ) async throws -> Answer {
        if case .vanish = fate { throw LineError.over }
        return try await line.call(timeout: timeout, body)
    }

    private var moment: GroupPromises.Moment {
        group.promises.moment(process: number, instance: instance)
    }

    // MARK: A generation

    /// Joins a generation and stays in it until it ends, or something happens.
    private func takePart() async throws {
        owned = []
        let answer = try await join()
        memberID = answer.memberID
        var request = SyncRequest(
            group: group.name, generation: answer.generation, memberID: memberID)
        request.instanceID = instance
        request.protocolName = answer.protocolName
        if answer.leader == memberID, !answer.skipsAssignment {
            request.assignments = assignments(answer.members.map(\.memberID))
        }
        let asked = moment
        let decided = request
        let sync = try await call { try await $0.sync(decided) }
        generation = answer.generation
        owned = sync.assignment.map { Int($0) }
        group.promises.assigned(owned, to: owner, generation: generation, asked: asked)
        group.promises.took(instance, process: number, asked: asked)
        try await work()
    }

    private func join() async throws -> JoinAnswer {
        var writer = ByteWriter()
        writer.writeInt16(0)
        writer.writeInt32(0)
        writer.writeInt32(Int32(subscriptionCount))
        var request = JoinRequest(
            group: group.name, memberID: memberID, sessionTimeout: sessionTimeout,
            protocolType: "consumer",
            protocols: [MemberProtocol(name: "range", metadata: writer.take())])
        request.instanceID = instance
        request.clientID = "c"
        request.rebalanceTimeout = rebalanceTimeout
        let decided = request
        return try await call(timeout: .seconds(20)) { try await $0.join(decided) }
    }

    private func assignments(_ members: [String]) -> [SyncRequest.Assignment] {
        let members = members.sorted()
        return members.enumerated().map { index, member in
            let share = (0..<group.partitionCount).filter { $0 % members.count == index }
            return SyncRequest.Assignment(memberID: member, bytes: share.map { UInt8($0) })
        }
    }

    /// Consumes what it owns.
    private func work() async throws {
        var positions = try await fetch()
        while true {
            guard await rest(100...1500) else { throw LineError.over }
            switch fate {
            case .none: break
            case .leave, .vanish: return
            case .pause(let duration):
                fate = .none
                guard (try? await shard.sleep(for: duration)) != nil else { throw LineError.over }
            case .resubscribe:
                fate = .none
                subscriptionCount += 1
                return
            }
            try await commit(&positions)
            let beat = HeartbeatRequest(
                group: group.name, generation: generation, memberID: memberID,
                instanceID: instance)
            do {
                try await call { try await $0.heartbeat(beat) }
            } catch let error as CoordinationError {
                // What was read is committed before the partitions may go to somebody else.
                if case .rebalanceInProgress = error { try await commit(&positions) }
                throw error
            } catch LineError.timedOut {
                continue
            }
        }
    }

    private func fetch() async throws -> [Int: Int64] {
        let asked = moment
        let partitions = owned.map { group.partition($0) }
        let (name, current) = (group.name, generation)
        let offsets = try await call { try await $0.fetchOffsets(of: name, partitions) }
        var positions: [Int: Int64] = [:]
        for partition in owned {
            let offset = offsets[group.partition(partition)]?.offset.value
            // An owner that another has followed meanwhile may read what that one commits.
            group.promises.fetched(offset, of: partition, asked: asked)
            positions[partition] = offset ?? 0
        }
        guard current == generation else { return [:] }
        return positions
    }

    private func commit(_ positions: inout [Int: Int64]) async throws {
        var offsets: [Int: Int64] = [:]
        for partition in owned where simulation.random.oneIn(2) {
            let next = (positions[partition] ?? 0) + Int64(simulation.random.within(1...9))
            positions[partition] = next
            offsets[partition] = next
        }
        guard !offsets.isEmpty else { return }
        let request = OffsetCommitRequest(
            group: group.name, generation: generation, memberID: memberID, instanceID: instance,
            commits: offsets.keys.sorted().map { partition in
                OffsetCommitRequest.Commit(
                    group.partition(partition), Offset(offsets[partition] ?? 0),
                    metadata: "of \(number)")
            })
        let asked = moment
        group.promises.attempts(offsets)
        do {
            let refusals = try await call { try await $0.commitOffsets(request) }
            if let refusal = refusals.compactMap({ $0 }).first {
                return group.promises.broke("\(owner) may not commit: \(refusal)")
            }
            group.promises.committed(offsets, by: owner, generation: generation, asked: asked)
        } catch let error as CoordinationError {
            group.promises.refused()
            throw error
        } catch LineError.timedOut {
            // It goes on, as a consumer that commits in the background does.
        }
    }

    private func leave() async {
        let (name, leaving) = (
            group.name, [LeavingMember(memberID: memberID, instanceID: instance)]
        )
        _ = try? await line.call(timeout: .seconds(3)) { try await $0.leave(name, leaving) }
    }
}

/// A group of the story, with what it was promised.
final class SimulatedGroup: @unchecked Sendable {
    let name: String
    let partitionCount: Int
    var promises = GroupPromises()
    var members: [SimulatedMember] = []
    private let topic: TopicName

    init(name: String, topic: TopicName, partitionCount: Int) {
        self.name = name
        self.topic = topic
        self.partitionCount = partitionCount
    }

    func partition(_ number: Int) -> TopicPartition {
        TopicPartition(topic: topic, partition: Int32(number))
    }
}
