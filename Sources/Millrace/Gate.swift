internal import Synchronization

/// Counts the calls that are inside the engine, so that its shards end after the last of them and
/// none comes later: a call to a shard that has ended would wait for ever.
final class Gate: Sendable {
    private struct State {
        var isClosed = false
        var insideCount = 0
        var closing: CheckedContinuation<Void, Never>?
    }

    private let state = Mutex(State())

    /// - Throws: `closed` after `close`.
    func enter() throws(EngineError) {
        let isOpen = state.withLock { state in
            if state.isClosed { return false }
            state.insideCount += 1
            return true
        }
        guard isOpen else { throw .closed }
    }

    func leave() {
        let closing = state.withLock { state -> CheckedContinuation<Void, Never>? in
            state.insideCount -= 1
            guard state.insideCount == 0 else { return nil }
            defer { state.closing = nil }
            return state.closing
        }
        closing?.resume()
    }

    /// Lets nobody in any more; false where that was so already.
    func close() -> Bool {
        state.withLock { state in
            defer { state.isClosed = true }
            return !state.isClosed
        }
    }

    /// Waits until the last call inside has left.
    func waitUntilEmpty() async {
        await withCheckedContinuation { continuation in
            let isEmpty = state.withLock { state in
                if state.insideCount == 0 { return true }
                state.closing = continuation
                return false
            }
            if isEmpty { continuation.resume() }
        }
    }
}
