import Logging
import Millrace
import MillraceBroker
import MillraceModel
import MillraceShard
import MillraceSimulation
import SystemPackage

/// One seed's story: a broker that lives and dies many times on one disk, and clients that use it
/// all the while.
final class BrokerStory: @unchecked Sendable {
    /// Why a story ended badly.
    struct Violation: Error {
        let promise: String
    }

    private let simulation: Simulation
    private let disk = SimulatedDisk()
    private let shardCount: Int
    private let address = SocketAddress(host: "broker", port: 9420)
    private let traffic: SimulatedTraffic
    private let clients: SimulatedNode
    private var node: SimulatedNode?
    private var startError: String?
    private var isServing = false
    private(set) var faultCount = 0

    init(seed: UInt64, topic: TopicName) {
        simulation = Simulation(seed: seed)
        shardCount = simulation.random.within(1...2)
        disk.allowsDirect = !simulation.random.oneIn(4)
        clients = SimulatedNode(
            simulation, disk: SimulatedDisk(), shardCount: 1, number: 1)
        traffic = SimulatedTraffic(
            simulation, on: clients.shards[0], to: address, topic: topic)
    }

    var stepCount: Int { simulation.stepCount }
    var history: UInt64 { simulation.history }
    var acknowledgedCount: Int { traffic.promises.acknowledgedCount }
    var readCount: Int { traffic.promises.readCount }

    /// Lets the broker die so many times, and says what came of each life.
    func play(rounds: Int, _ tell: (String) -> Void) throws {
        try boot()
        try complete("the topic is made") { traffic in try await traffic.createTopic() }
        for _ in 0..<simulation.random.within(1...4) { clients.spawn { await self.traffic.produce() } }
        for partition in 0..<SimulatedTraffic.partitionCount {
            clients.spawn { await self.traffic.follow(partition) }
        }
        for round in 1...rounds {
            simulation.run(for: .microseconds(simulation.random.within(500...300_000)))
            let powerCut = !simulation.random.oneIn(3)
            kill(powerCut: powerCut)
            while simulation.random.oneIn(6) { try dieWhileStarting() }
            try boot()
            if simulation.random.oneIn(3) || round == rounds {
                if round == rounds { traffic.isOver = true }
                try complete("everything is read") { traffic in try await traffic.readAll() }
            }
            try check()
            tell(
                """
                round \(round) \(powerCut ? "power cut" : "process crash") step \(stepCount) \
                acknowledged \(acknowledgedCount) read \(readCount)
                """)
        }
        kill(powerCut: false)
        clients.kill(powerCut: false)
        try check()
        guard simulation.escapeCount == 0 else {
            throw Violation(promise: "\(simulation.escapeCount) jobs left the simulation")
        }
    }

    private func check() throws {
        if let startError { throw Violation(promise: "the broker does not start: \(startError)") }
        if let broken = traffic.promises.broken.first { throw Violation(promise: broken) }
    }

    /// Runs a client task to its end.
    private func complete(
        _ what: String, _ body: @escaping @Sendable (SimulatedTraffic) async throws -> Void
    ) throws {
        var outcome: Result<Void, any Error>?
        let box = Box { outcome = $0 }
        clients.spawn { [traffic] in
            do {
                try await body(traffic)
                box.put(.success(()))
            } catch {
                box.put(.failure(error))
            }
        }
        let ended = simulation.run(until: { outcome != nil || !traffic.promises.broken.isEmpty })
        try check()
        guard ended, let outcome else { throw Violation(promise: "\(what): nothing happens any more") }
        do {
            try outcome.get()
        } catch {
            throw Violation(promise: "\(what): \(error)")
        }
    }

    // MARK: The broker's node

    private var options: EngineOptions {
        var options = EngineOptions(shardCount: shardCount)
        options.journalFileBytes = 2 << 20
        options.journalFileCountMax = 2
        options.offsetsPartitionCount = 2
        options.logger = Logger(label: "simulation") { _ in SwiftLogNoOpLogHandler() }
        return options
    }

    private func start() -> SimulatedNode {
        let node = SimulatedNode(simulation, disk: disk, shardCount: shardCount)
        isServing = false
        node.spawn { [options, address, shards = node.shards] in
            do {
                let engine = try await Engine.open("/data", options: options, on: shards)
                _ = try await Broker(engine: engine).listen(on: address)
                self.isServing = true
            } catch {
                if node.isAlive { self.startError = "\(error)" }
            }
        }
        return node
    }

    private func boot() throws {
        node = start()
        guard simulation.run(until: { isServing || startError != nil }) else {
            throw Violation(promise: "the broker never gets ready")
        }
        try check()
    }

    private func kill(powerCut: Bool) {
        faultCount += 1
        node?.kill(powerCut: powerCut)
        node = nil
    }

    private func dieWhileStarting() throws {
        node = start()
        simulation.run(for: .microseconds(simulation.random.within(10...50_000)))
        try check()
        kill(powerCut: true)
    }
}

/// Carries a result out of a task of the same thread.
private struct Box: @unchecked Sendable {
    let put: (Result<Void, any Error>) -> Void

    init(_ put: @escaping (Result<Void, any Error>) -> Void) { self.put = put }
}
