package import SystemPackage

/// Where tasks of one shard wait for a change that another task of that shard makes.
///
/// The waiter looks at the state, and waits while it is not what it wants, in a loop: on one shard
/// nothing can happen between the look and the wait, so no wake-up is lost.
package final class Signal {
    private let shard: Shard
    private var waiters: [ParkToken] = []

    package init(on shard: Shard) { self.shard = shard }

    package var hasWaiters: Bool { !waiters.isEmpty }

    /// - Throws: `ECANCELED` when the shard stops.
    package func wait() async throws(Errno) {
        let result = await shard.park { waiters.append($0) }
        if result == -Errno.canceled.rawValue { throw .canceled }
    }

    /// - Returns: false where the time was over first.
    /// - Throws: `ECANCELED` when the shard stops.
    package func wait(until deadline: Instant) async throws(Errno) -> Bool {
        var parkedAs: ParkToken?
        let result = await shard.park {
            parkedAs = $0
            waiters.append($0)
            shard.addTimer(deadline, $0)
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
        guard !waiters.isEmpty else { return }
        let woken = waiters
        waiters.removeAll(keepingCapacity: true)
        for token in woken { shard.unpark(token, 0) }
    }
}
