internal import MillraceShard
internal import SystemPackage

/// The memory that requests of one shard may take while they are received or answered, all connections together.
/// Confined to the shard.
final class ReceiveBudget: @unchecked Sendable {
    private let limit: Int
    private let shard: Shard
    private(set) var used = 0
    private let freed: Signal

    /// Connections that hold no more than this are never made to wait: a request of the usual size always gets
    /// through.
    private static let exempt = 1 << 20
    /// A request that is still incomplete after waiting this long while the memory is full costs its connection.
    private static let patience = Duration.seconds(30)

    init(_ limit: Int, on shard: Shard) {
        self.limit = limit
        self.shard = shard
        freed = Signal(on: shard)
    }

    /// Notes bytes that came or went; 0 lets everybody look again.
    func change(by bytes: Int) {
        used += bytes
        if bytes <= 0 { freed.notifyAll() }
    }

    /// Whether a connection that holds so many bytes has to wait.
    func isFull(for held: Int) -> Bool { used > limit && held > Self.exempt }

    /// - Returns: false where nothing has changed for a long time.
    func waitUntilFreed() async throws(Errno) -> Bool {
        try await freed.wait(until: shard.now.advanced(by: Self.patience), after: freed.notices)
    }
}
