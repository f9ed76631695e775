package import MillraceShard
internal import Synchronization
package import SystemPackage

/// Waits, on one shard, until any of several partitions has got something, whatever shards they live on: what a fetch
/// that found too little waits with. It is used once.
package final class TailWatch: @unchecked Sendable {
    fileprivate let shard: Shard
    /// Confined to the shard.
    private let signal: Signal
    private let isOver = Atomic<Bool>(false)

    package init(on shard: Shard) {
        self.shard = shard
        signal = Signal(on: shard)
    }

    /// Ends the wait. From any shard.
    package func raise() {
        guard !isOver.exchange(true, ordering: .acquiringAndReleasing) else { return }
        if shard.isCurrent {
            signal.notifyAll()
        } else {
            shard.spawn { self.signal.notifyAll() }
        }
    }

    var hasEnded: Bool { isOver.load(ordering: .acquiring) }

    /// - Throws: `ECANCELED` when the shard stops.
    package func wait() async throws(Errno) {
        while !hasEnded { try await signal.wait(after: signal.notices) }
    }

    /// - Returns: false where the time was over first.
    /// - Throws: `ECANCELED` when the shard stops.
    package func wait(until deadline: Instant) async throws(Errno) -> Bool {
        while !hasEnded {
            guard try await signal.wait(until: deadline, after: signal.notices) else {
                isOver.store(true, ordering: .releasing)
                return false
            }
        }
        return true
    }
}

/// Tells of a partition's new end: tasks of its own shard, and the watches of fetches.
final class TailSignal {
    private let signal: Signal
    private var watches: [TailWatch] = []
    /// Watches whose time was over stay in the list until it has grown to this.
    private var pruneCount = 8

    init(on shard: Shard) { signal = Signal(on: shard) }

    var notices: UInt64 { signal.notices }

    func wait(after count: UInt64) async throws(Errno) { try await signal.wait(after: count) }

    func wait(until deadline: Instant, after count: UInt64) async throws(Errno) -> Bool {
        try await signal.wait(until: deadline, after: count)
    }

    func add(_ watch: TailWatch) {
        // A fetch may name a partition any number of times.
        guard watches.last !== watch else { return }
        if watches.count >= pruneCount {
            watches.removeAll(where: \.hasEnded)
            pruneCount = max(8, 2 * watches.count)
        }
        watches.append(watch)
    }

    func notifyAll() {
        signal.notifyAll()
        guard !watches.isEmpty else { return }
        let raised = watches
        watches.removeAll(keepingCapacity: true)
        // One task for each other shard raises all of its watches.
        var others: [(shard: Shard, watches: [TailWatch])] = []
        for watch in raised {
            if watch.shard.isCurrent {
                watch.raise()
            } else if let index = others.firstIndex(where: { $0.shard === watch.shard }) {
                others[index].watches.append(watch)
            } else {
                others.append((watch.shard, [watch]))
            }
        }
        for (shard, watches) in others {
            shard.spawn { for watch in watches { watch.raise() } }
        }
    }
}
