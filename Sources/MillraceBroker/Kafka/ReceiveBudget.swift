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

    func change(by bytes: Int) {
        used += bytes
        if bytes < 0 { freed.notifyAll() }
    }

    /// Waits until there is room, for a connection that holds so many bytes.
    /// - Returns: false where there was none in time.
    func waitForRoom(holding held: Int) async throws(Errno) -> Bool {
        guard used > limit, held > Self.exempt else { return true }
        let deadline = shard.now.advanced(by: Self.patience)
        while used > limit {
            guard try await freed.wait(until: deadline) else { return false }
        }
        return true
    }
}
