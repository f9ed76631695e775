package import MillraceModel
internal import Synchronization

/// What an append gave: where its records stand and what the acknowledgement means.
package struct AppendResult: Sendable {
    package let baseOffset: Offset
    package let nextOffset: Offset
    package let durability: Durability
    /// The log's time that the records got; none where they keep their producer's.
    package let logAppendTime: Timestamp
    /// Where the log begins, as the batch is acknowledged.
    package let logStartOffset: Offset
    /// The batch had been stored before: these are its offsets of then, and nothing was written.
    package var isDuplicate = false
}

/// The promise of one append. It is kept on the partition's shard; one task, on any shard, waits
/// for it.
package final class AppendTicket: Sendable {
    private typealias Waiter = UnsafeContinuation<Void, Never>

    /// `pending`, `done`, or the bits of the continuation that waits, which are a pointer and thus
    /// neither.
    private let state = Atomic<UInt>(pending)
    private static let pending: UInt = 0
    private static let done: UInt = 1
    /// Written before `state` becomes `done`, read after.
    nonisolated(unsafe) private var outcome: Result<AppendResult, StorageError> = .failure(.closed)

    /// Called once.
    func complete(_ outcome: Result<AppendResult, StorageError>) {
        self.outcome = outcome
        let waiter = state.exchange(Self.done, ordering: .acquiringAndReleasing)
        if waiter != Self.pending {
            unsafeBitCast(waiter, to: Waiter.self).resume()
        }
    }

    package var isComplete: Bool { state.load(ordering: .acquiring) == Self.done }

    /// Waits until the append is acknowledged or has failed. For one task only.
    package func result() async throws(StorageError) -> AppendResult {
        if !isComplete {
            await withUnsafeContinuation { (waiter: Waiter) in
                let (exchanged, _) = state.compareExchange(
                    expected: Self.pending, desired: unsafeBitCast(waiter, to: UInt.self),
                    ordering: .acquiringAndReleasing)
                if !exchanged { waiter.resume() }
            }
        }
        return try outcome.get()
    }
}
