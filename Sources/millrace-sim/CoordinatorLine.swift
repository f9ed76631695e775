import MillraceCoordination
import MillraceShard
import MillraceSimulation
import SystemPackage

/// The coordinator's node as its members reach it, until the next one takes its place.
final class CoordinatorServer: @unchecked Sendable {
    let node: SimulatedNode
    let coordinator: GroupCoordinator
    /// What members wait for.
    fileprivate var exchanges: [Exchange] = []

    init(node: SimulatedNode, coordinator: GroupCoordinator) {
        self.node = node
        self.coordinator = coordinator
    }

    /// The node is gone: members hear of it, except those whose answer is on its way already.
    func reset() {
        for exchange in exchanges where !exchange.isAnswered { exchange.reset() }
        exchanges = []
    }
}

/// One request and its answer, on one thread.
private final class Exchange: @unchecked Sendable {
    let arrived: Signal
    var deliver: (() -> Void)?
    var isAnswered = false
    var isReset = false
    /// The member has given up and closed its connection: what has not arrived will not.
    var isAbandoned = false

    init(on shard: Shard) { arrived = Signal(on: shard) }

    func reset() {
        isReset = true
        arrived.notifyAll()
    }
}

/// Why a member has no answer.
enum LineError: Error {
    /// There is no coordinator, or it has just ended.
    case down
    case timedOut
    /// The member's own node stops.
    case over
}

/// A member's connection to whoever is the coordinator: requests and answers take their time, some
/// get lost, and what a member has given up on does not arrive later.
final class CoordinatorLine: @unchecked Sendable {
    private let simulation: Simulation
    private let shard: Shard
    private let server: () -> CoordinatorServer?

    init(
        _ simulation: Simulation, on shard: Shard, to server: @escaping () -> CoordinatorServer?
    ) {
        self.simulation = simulation
        self.shard = shard
        self.server = server
    }

    /// Mostly a fraction of a millisecond, now and then long.
    private var delay: Int {
        simulation.random.oneIn(40)
            ? simulation.random.within(100_000_000...1_500_000_000)
            : simulation.random.within(50_000...2_000_000)
    }

    private var isLost: Bool { simulation.random.oneIn(80) }

    /// - Throws: what the coordinator refuses, or a `LineError`.
    func call<Answer: Sendable>(
        timeout: Duration, _ body: @escaping @Sendable (GroupCoordinator) async throws -> Answer
    ) async throws -> Answer {
        guard let server = server() else { throw LineError.down }
        let exchange = Exchange(on: shard)
        server.exchanges.append(exchange)
        defer { server.exchanges.removeAll { $0 === exchange } }
        var result: Result<Answer, any Error>?
        let take = { (answer: Result<Answer, any Error>) in result = answer }
        let box = AnswerBox(take)
        if !isLost { send(exchange, to: server, box, body) }
        let deadline = shard.now.advanced(by: timeout)
        while result == nil {
            do {
                guard try await exchange.arrived.wait(until: deadline, after: exchange.arrived.notices) else {
                    exchange.isAbandoned = true
                    throw LineError.timedOut
                }
            } catch is Errno {
                exchange.isAbandoned = true
                throw LineError.over
            }
            if exchange.isReset, result == nil {
                exchange.isAbandoned = true
                throw LineError.down
            }
        }
        guard let result else { throw LineError.timedOut }
        return try result.get()
    }

    private func send<Answer: Sendable>(
        _ exchange: Exchange, to server: CoordinatorServer, _ box: AnswerBox<Answer>,
        _ body: @escaping @Sendable (GroupCoordinator) async throws -> Answer
    ) {
        simulation.after(delay) { [self] in
            guard !exchange.isAbandoned, server.node.isAlive else { return }
            server.node.spawn { [self] in
                let result: Result<Answer, any Error>
                do {
                    result = .success(try await body(server.coordinator))
                } catch {
                    result = .failure(error)
                }
                guard server.node.isAlive, !isLost else { return }
                exchange.isAnswered = true
                simulation.after(delay) {
                    guard !exchange.isAbandoned else { return }
                    box.take(result)
                    exchange.arrived.notifyAll()
                }
            }
        }
    }
}

/// Carries an answer out of a task of the same thread.
private struct AnswerBox<Answer>: @unchecked Sendable {
    let take: (Result<Answer, any Error>) -> Void

    init(_ take: @escaping (Result<Answer, any Error>) -> Void) { self.take = take }
}
