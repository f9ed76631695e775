internal import NIOCore
internal import Synchronization

/// Where one task waits for what the event loop brings, at most for a while.
///
/// The task looks at the state, and waits while it is not what it wants. A signal between the look and the wait is kept.
final class Wakeup: Sendable {
    private struct State {
        var isSignalled = false
        var waiter: CheckedContinuation<Bool, Never>?
        var waitCount: UInt64 = 0
    }

    private let state = Mutex(State())
    private let loop: any EventLoop

    init(on loop: any EventLoop) { self.loop = loop }

    func signal() {
        let waiter = state.withLock { state -> CheckedContinuation<Bool, Never>? in
            guard let waiter = state.waiter else {
                state.isSignalled = true
                return nil
            }
            state.waiter = nil
            return waiter
        }
        waiter?.resume(returning: true)
    }

    /// Returns at once when the task is cancelled.
    /// - Returns: false where the time was over first; nil is without limit.
    func wait(_ limit: Duration?) async -> Bool {
        await withTaskCancellationHandler {
            await waitForSignal(limit)
        } onCancel: {
            signal()
        }
    }

    private func waitForSignal(_ limit: Duration?) async -> Bool {
        await withCheckedContinuation { continuation in
            let number = state.withLock { state -> UInt64? in
                if state.isSignalled {
                    state.isSignalled = false
                    return nil
                }
                state.waiter = continuation
                state.waitCount += 1
                return state.waitCount
            }
            guard let number else { return continuation.resume(returning: true) }
            guard let limit else { return }
            loop.scheduleTask(in: TimeAmount(limit)) { self.giveUp(number) }
        }
    }

    private func giveUp(_ number: UInt64) {
        let waiter = state.withLock { state -> CheckedContinuation<Bool, Never>? in
            guard state.waitCount == number else { return nil }
            defer { state.waiter = nil }
            return state.waiter
        }
        waiter?.resume(returning: false)
    }
}
