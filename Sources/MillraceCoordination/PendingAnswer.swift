internal import MillraceShard

/// An answer that a call waits for and another one gives. Confined to the coordinator.
final class PendingAnswer<Value: Sendable> {
    private var result: Result<Value, CoordinationError>?
    private var waiter: ParkToken?

    func give(_ result: Result<Value, CoordinationError>, on shard: Shard) {
        guard self.result == nil else { return }
        self.result = result
        if let waiter { shard.unpark(waiter, 0) }
    }

    func get(on shard: Shard) async throws(CoordinationError) -> Value {
        _ = await shard.park { token in
            // It may have come since the call began: the way here is no single step for every task.
            if result == nil { waiter = token } else { shard.unpark(token, 0) }
        }
        guard let result else { throw .stopped }
        return try result.get()
    }
}

extension CoordinationError {
    static let stopped = coordinatorNotAvailable("the group coordinator stops")
}
