package import SystemPackage

/// Where tasks wait for a change that another task makes on the signal's shard.
///
/// The waiter looks at the state, and waits while it is not what it wants, in a loop. Between the
/// look and the wait the shard may do other things: a task that was spawned on another shard is put
/// in line once more at each call, even one that stays on its actor, since the executor that the
/// task prefers is not the one that runs it. So the waiter says how many notices there had been when
/// it looked, and a later one has it look again at once:
///
///     while isBusy { try await changed.wait(after: changed.notices) }
package final class Signal {
    private let shard: Shard
    private var waiters: [ParkToken] = []
    /// How often `notifyAll` was called.
    package private(set) var notices: UInt64 = 0

    package init(on shard: Shard) { self.shard = shard }

    package var hasWaiters: Bool { !waiters.isEmpty }

    /// Waits until there are more notices than so many.
    /// - Throws: `ECANCELED` when the shard stops.
    package func wait(after count: UInt64) async throws(Errno) {
        let result = await shard.park { token in
            if notices == count { waiters.append(token) } else { shard.unpark(token, 0) }
        }
        if result == -Errno.canceled.rawValue { throw .canceled }
    }

    /// - Returns: false where the time was over first.
    /// - Throws: `ECANCELED` when the shard stops.
    package func wait(until deadline: Instant, after count: UInt64) async throws(Errno) -> Bool {
        var parkedAs: ParkToken?
        let result = await shard.park { token in
            guard notices == count else { return shard.unpark(token, 0) }
            parkedAs = token
            waiters.append(token)
            shard.addTimer(deadline, token)
        }
        if result == -Errno.canceled.rawValue { throw .canceled }
        if result == -Errno.timedOut.rawValue {
            waiters.removeAll { $0 == parkedAs }
            return false
        }
        return true
    }

    /// Lets every task go on that waits now.
    package func notifyAll() {
        notices &+= 1
        guard !waiters.isEmpty else { return }
        let woken = waiters
        waiters.removeAll(keepingCapacity: true)
        for token in woken { shard.unpark(token, 0) }
    }
}
