package import MillraceModel
internal import SystemPackage

/// What a fetch asks of one partition.
package struct FetchPart: Sendable {
    package let log: PartitionLog
    package let offset: Offset
    package let bytesMax: Int
    /// Whether nothing is wanted that may still be aborted (KIP-98's `read_committed`).
    package let isCommitted: Bool

    package init(log: PartitionLog, offset: Offset, bytesMax: Int, isCommitted: Bool = false) {
        self.log = log
        self.offset = offset
        self.bytesMax = bytesMax
        self.isCommitted = isCommitted
    }
}

/// What one partition gives to a fetch: whole batches as they lie in a segment, the one that holds the offset first.
package struct FetchedPart: Sendable {
    package let logStartOffset: Offset
    package let highWatermark: Offset
    package let lastStableOffset: Offset
    /// Of the records given, where only committed ones are wanted.
    package let aborted: [AbortedTransaction]
    /// nil where there is nothing, or no room for it in the response.
    package let outcome: Result<FileRange?, StorageError>
    /// Whether records follow those that were given.
    package let hasMore: Bool

    package var count: Int { if case .success(let range?) = outcome { range.count } else { 0 } }
    package var hasFailed: Bool { if case .failure = outcome { true } else { false } }
}

/// What follows on a cursor, and the offsets between which the partition can be read.
package struct FollowedPart: Sendable {
    package let range: FileRange?
    package let logStartOffset: Offset
    package let highWatermark: Offset
}

extension StorageShard {
    /// The whole batches from the cursor on, as `range(from:)` gives them.
    /// - Parameter watch: where there are none yet, it is raised when there may be some.
    package func follow(
        from cursor: ReadCursor, of log: PartitionLog, bytesMax: Int, notBeyond end: ReadCursor?,
        watch: TailWatch?
    ) async throws(StorageError) -> FollowedPart {
        guard !isClosing else { throw .closed }
        let seen = log.advanced.notices
        let range = try await range(from: cursor, of: log, bytesMax: bytesMax, notBeyond: end)
        if range == nil, let watch {
            // The shard may have done other things since the look.
            if log.advanced.notices == seen { log.advanced.add(watch) } else { watch.raise() }
        }
        return FollowedPart(
            range: range, logStartOffset: log.logStartOffset, highWatermark: log.highWatermark)
    }

    /// Looks into partitions of this shard, in order, until the response is full.
    ///
    /// - Parameters:
    ///   - bytesMax: for all together. The first batch of the response is given whatever its size (KIP-74), or a reader
    ///     would hang on a batch larger than its limit.
    ///   - isEmpty: whether nothing is in the response yet.
    ///   - watch: raised when one of the partitions has got more than was seen here.
    package func fetch(
        _ parts: [FetchPart], bytesMax: Int, isEmpty: Bool, watch: TailWatch?
    ) async -> [FetchedPart] {
        var room = bytesMax
        var isEmpty = isEmpty
        var fetched: [FetchedPart] = []
        fetched.reserveCapacity(parts.count)
        for part in parts {
            let log = part.log
            // Before the look, so that nothing is missed between it and the wait.
            if let watch { log.advanced.add(watch) }
            let stable = part.isCommitted ? log.lastStableOffset : log.highWatermark
            var outcome: Result<FileRange?, StorageError>
            var revision: UInt64
            repeat {
                revision = log.revision
                outcome = await self.range(
                    part, bytesMax: min(part.bytesMax, room), isFirst: isEmpty, stable)
                // Compaction may have put another file in the place of the one that was looked into, and forgotten
                // what only the old one has of aborted transactions.
            } while part.isCommitted && log.revision != revision
            let range = try? outcome.get()
            let found = FetchedPart(
                logStartOffset: log.logStartOffset, highWatermark: log.highWatermark,
                lastStableOffset: log.lastStableOffset,
                aborted: part.isCommitted ? aborted(in: range, from: part.offset, of: log) : [],
                outcome: outcome,
                hasMore: range.map { $0.next.offset < stable } ?? false)
            if found.count > 0 { isEmpty = false }
            room = max(0, room - found.count)
            fetched.append(found)
        }
        return fetched
    }

    /// What lies below `stable`, which is the high watermark or the last stable offset.
    private func range(
        _ part: FetchPart, bytesMax: Int, isFirst: Bool, _ stable: Offset
    ) async -> Result<FileRange?, StorageError> {
        do throws(StorageError) {
            let cursor = try await cursor(at: part.offset, of: part.log)
            guard isFirst || bytesMax > 0 else { return .success(nil) }
            // An offset beyond is no error: it is there, for others.
            guard !part.isCommitted || part.offset < stable else { return .success(nil) }
            let end = part.isCommitted ? try await findPlace(of: stable, in: part.log) : nil
            let range = try await range(from: cursor, of: part.log, bytesMax: bytesMax, notBeyond: end)
            if let range, range.count > bytesMax, !isFirst { return .success(nil) }
            return .success(range)
        } catch {
            return .failure(error)
        }
    }
}
