internal import NIOCore
internal import Synchronization

/// Where tasks wait for what the event loop brings, at most for a while.
///
/// A task takes the mark, looks at the state, and waits while it is not what it wants. A signal
/// between the mark and the wait is not lost, whichever other tasks wait for the same.
final class Wakeup: Sendable {
    private struct Waiter {
        let continuation: CheckedContinuation<Bool, Never>
        let timer: Scheduled<Void>?
    }

    private struct State {
        var signalCount: UInt64 = 0
        var waitCount: UInt64 = 0
        var waiters: [UInt64: Waiter] = [:]
    }

    private let state = Mutex(State())
    private let loop: any EventLoop

    init(on loop: any EventLoop) { self.loop = loop }

    /// How many signals there have been.
    var mark: UInt64 { state.withLock { $0.signalCount } }

    func signal() {
        let waiters = state.withLock { state in
            state.signalCount += 1
            defer { state.waiters.removeAll(keepingCapacity: true) }
            return state.waiters.values.map(\.self)
        }
        for waiter in waiters {
            waiter.timer?.cancel()
            waiter.continuation.resume(returning: true)
        }
    }

    /// Waits for a signal after the mark; a cancelled task does not wait.
    /// - Returns: false where the time was over first; nil is without limit.
    func wait(since mark: UInt64, _ limit: Duration?) async -> Bool {
        await withTaskCancellationHandler {
            await waitForSignal(since: mark, limit)
        } onCancel: {
            // Other tasks look at the state once too often.
            signal()
        }
    }

    private func waitForSignal(since mark: UInt64, _ limit: Duration?) async -> Bool {
        await withCheckedContinuation { continuation in
            let isSignalled = state.withLock { state in
                guard state.signalCount == mark else { return true }
                state.waitCount += 1
                let number = state.waitCount
                let timer = limit.map { limit in
                    loop.scheduleTask(in: TimeAmount(limit)) { self.giveUp(number) }
                }
                state.waiters[number] = Waiter(continuation: continuation, timer: timer)
                return false
            }
            if isSignalled { continuation.resume(returning: true) }
        }
    }

    private func giveUp(_ number: UInt64) {
        let waiter = state.withLock { $0.waiters.removeValue(forKey: number) }
        waiter?.continuation.resume(returning: false)
    }
}
