internal import Millrace
internal import MillraceCoordination
internal import MillraceShard
internal import SystemPackage

extension KafkaConnection {
    func withGroups<Result: Sendable>(
        _ body: (GroupCoordinator) async throws(CoordinationError) -> Result
    ) async throws(CoordinationError) -> Result {
        try await services.engine.withGroups(body)
    }

    private func lookAgain() { changed.notifyAll() }

    /// Asks the coordinator for what may take as long as a rebalance; nil where the client has gone, or the broker
    /// stops, before there is an answer. The question stands all the same: the coordinator finds out that a member is
    /// gone by its timeouts.
    func unlessGone<Answer: Sendable>(
        _ ask: @escaping @Sendable (GroupCoordinator) async -> Result<Answer, CoordinationError>
    ) async throws(Errno) -> Result<Answer, CoordinationError>? {
        let answer = LateAnswer<Answer>()
        let engine = services.engine
        shard.spawn {
            do throws(CoordinationError) {
                answer.give(
                    try await engine.withGroups { (groups) async throws(CoordinationError) in await ask(groups) })
            } catch {
                answer.give(.failure(error))
            }
            await self.lookAgain()
        }
        while answer.result == nil, !hasPeerGone, !isStopping { try await changed.wait(after: changed.notices) }
        return answer.result
    }
}

/// Given and looked at on one shard.
private final class LateAnswer<Answer: Sendable>: @unchecked Sendable {
    private(set) var result: Result<Answer, CoordinationError>?

    func give(_ result: Result<Answer, CoordinationError>) { self.result = result }
}
