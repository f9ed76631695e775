import Logging
import Millrace
import MillraceCoordination
import MillraceModel
import MillraceShard
import MillraceSimulation

/// One seed's story: groups whose members come, go, vanish, freeze and return, and a coordinator
/// that dies under them and comes back over what its disk has kept.
final class GroupStory: @unchecked Sendable {
    /// What came of a story, or of several.
    struct Figures {
        var rebalances = 0
        var members = 0
        var commits = 0
        var refusedCommits = 0
        var restarts = 0
        var steps = 0
    }

    /// Why a story ended badly.
    struct Violation: Error {
        let promise: String
    }

    private let simulation: Simulation
    private let disk = SimulatedDisk()
    private let shardCount: Int
    private let clients: SimulatedNode
    private let groups: [SimulatedGroup]
    private let topic: TopicName
    private var server: CoordinatorServer?
    private var starting: SimulatedNode?
    private var startError: String?
    private var memberCount = 0
    private var restartCount = 0
    private var isAtRest = false

    init(seed: UInt64, topic: TopicName) {
        simulation = Simulation(seed: seed)
        shardCount = simulation.random.within(1...2)
        disk.allowsDirect = !simulation.random.oneIn(4)
        clients = SimulatedNode(simulation, disk: SimulatedDisk(), shardCount: 1, number: 1)
        var groups: [SimulatedGroup] = []
        for number in 0..<simulation.random.within(1...3) {
            groups.append(
                SimulatedGroup(
                    name: "group \(number)", topic: topic,
                    partitionCount: simulation.random.within(1...9)))
        }
        self.groups = groups
        self.topic = topic
    }

    var figures: Figures {
        Figures(
            rebalances: groups.reduce(0) { $0 + $1.promises.rebalanceCount },
            members: memberCount,
            commits: groups.reduce(0) { $0 + $1.promises.acknowledgedCount },
            refusedCommits: groups.reduce(0) { $0 + $1.promises.refusedCount },
            restarts: restartCount, steps: simulation.stepCount)
    }

    var history: UInt64 { simulation.history }

    /// Lets things happen until there were so many rebalances, and then lets the groups come to
    /// rest.
    func play(rebalances: Int) throws {
        boot()
        try run(until: { self.server != nil })
        while figures.rebalances < rebalances {
            simulation.run(for: .milliseconds(simulation.random.within(100...4000)))
            try check()
            for group in groups { strike(group) }
            if simulation.random.oneIn(15) { kill() }
            if server == nil, starting == nil { boot() }
        }
        try comeToRest()
        kill()
        clients.kill(powerCut: false)
        guard simulation.escapeCount == 0 else {
            throw Violation(promise: "\(simulation.escapeCount) jobs left the simulation")
        }
    }

    private func check() throws {
        if let startError { throw Violation(promise: "the engine does not start: \(startError)") }
        for group in groups {
            if let broken = group.promises.broken.first {
                throw Violation(promise: "\(group.name): \(broken)")
            }
        }
    }

    private func run(until condition: () -> Bool) throws {
        let isReached = simulation.run(until: { condition() || startError != nil })
        try check()
        guard isReached else { throw Violation(promise: "nothing happens any more") }
    }

    // MARK: Members

    private func strike(_ group: SimulatedGroup) {
        group.members.removeAll(where: \.isOver)
        if group.members.isEmpty || (group.members.count < 6 && simulation.random.oneIn(5)) {
            let instance = simulation.random.oneIn(3) ? "i\(simulation.random.below(3))" : nil
            if instance == nil || !group.members.contains(where: { $0.instance == instance }) {
                return add(to: group, instance)
            }
        }
        let member = group.members[simulation.random.below(group.members.count)]
        switch simulation.random.below(24) {
        case 0, 1: member.fate = .leave
        case 2, 3: member.fate = .vanish
        case 4, 5: member.fate = .pause(.milliseconds(simulation.random.within(1000...20_000)))
        case 6: member.fate = .resubscribe
        case 7:
            // The process starts again; its former self is gone, or does not know yet.
            guard let instance = member.instance else { return }
            if simulation.random.oneIn(2) { member.fate = .vanish }
            add(to: group, instance)
        default: break
        }
    }

    private func add(to group: SimulatedGroup, _ instance: String?) {
        memberCount += 1
        let shard = clients.shards[0]
        let member = SimulatedMember(
            number: memberCount, instance: instance, group: group, simulation: simulation,
            on: shard,
            line: CoordinatorLine(simulation, on: shard, to: { [unowned self] in server }))
        group.members.append(member)
        clients.spawn { await member.live() }
    }

    /// Nothing bad happens any more: every group gets to a generation that all its members are in.
    private func comeToRest() throws {
        isAtRest = true
        kill()
        boot()
        try run(until: { self.server != nil })
        simulation.run(for: .seconds(120))
        try check()
        for group in groups {
            group.members.removeAll(where: \.isOver)
            group.promises.settled(
                group.members.map { ($0.owner, $0.generation, $0.owned) },
                partitionCount: group.partitionCount)
        }
        try check()
    }

    // MARK: The coordinator's node

    private var options: EngineOptions {
        var options = EngineOptions(shardCount: shardCount)
        options.journalFileBytes = 2 << 20
        options.journalFileCountMax = 2
        options.offsetsPartitionCount = 2
        options.logger = Logger(label: "simulation") { _ in SwiftLogNoOpLogHandler() }
        return options
    }

    private func boot() {
        let node = SimulatedNode(simulation, disk: disk, shardCount: shardCount)
        starting = node
        node.spawn { [options, topic, shards = node.shards] in
            do {
                let engine = try await Engine.open("/data", options: options, on: shards)
                if !engine.topicNames().contains(topic) {
                    _ = try await engine.createTopic(topic.string, partitions: 9)
                }
                self.server = CoordinatorServer(node: node, coordinator: engine.groups)
                self.starting = nil
                // Now and then a write fails, and its partition takes no more until a restart.
                if !self.isAtRest, self.simulation.random.oneIn(6) {
                    self.disk.faults = [DiskFault(.write)]
                }
            } catch {
                if node.isAlive { self.startError = "\(error)" }
            }
        }
    }

    private func kill() {
        restartCount += 1
        let powerCut = !simulation.random.oneIn(3)
        disk.faults = []
        starting?.kill(powerCut: powerCut)
        starting = nil
        server?.node.kill(powerCut: powerCut)
        server?.reset()
        server = nil
    }
}
