internal import MillraceShard
internal import Synchronization

/// One log is cleaned at a time, whatever the number of shards: what cleaning takes of memory and of the disk is
/// bounded for the broker, not for each shard.
final class CleanerTurn: Sendable {
    private let isTaken = Atomic<Bool>(false)

    /// Whether the caller has the turn; it gives it back by `release`.
    func take() -> Bool {
        isTaken.compareExchange(expected: false, desired: true, ordering: .acquiringAndReleasing).exchanged
    }

    func release() { isTaken.store(false, ordering: .releasing) }
}

/// Keeps what a cleaning reads and writes to so many bytes a second. What it did not use is not saved up.
struct CleanerThrottle {
    private let bytesPerSecond: Int
    private var begun: Instant
    private var bytes = 0

    /// Shorter waits are not worth their timers.
    private static let delayMin = Duration.milliseconds(10)

    init(bytesPerSecond: Int, at now: Instant) {
        self.bytesPerSecond = bytesPerSecond
        begun = now
    }

    /// Accounts for bytes.
    /// - Returns: how long to wait before there are more; nil for not at all.
    mutating func delay(after count: Int, at now: Instant) -> Duration? {
        bytes += count
        let due = Duration.seconds(Double(bytes) / Double(bytesPerSecond))
        let delay = due - begun.duration(to: now)
        if delay <= .zero {
            begun = now
            bytes = 0
        }
        return delay >= Self.delayMin ? delay : nil
    }
}
