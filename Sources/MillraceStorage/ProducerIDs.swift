internal import MillraceModel
internal import MillraceShard
internal import SystemPackage

/// The producer ids that may be handed out: a block of them, reserved on disk before the first is.
///
///     millrace-producer-ids 1
///     next 3000
///     crc32c 9ae0daaf
///
/// What a crash leaves of a block is never handed out.
struct ProducerIDs {
    /// Past the last id that is reserved; nil before the first reservation of this run.
    private(set) var end: Int64?
    private var upcoming: Int64 = 0
    var isReserving = false

    static let blockCount: Int64 = 1000
    /// A producer may call itself what it likes. If one with the largest number there is counted, none would be left
    /// for others after the next start; no broker has given so many as this.
    static let credibleMax: Int64 = 1 << 53
    private static let title = "millrace-producer-ids"
    private static let version = 1

    mutating func next() -> ProducerID? {
        guard let end, upcoming < end else { return nil }
        defer { upcoming += 1 }
        return ProducerID(upcoming)
    }

    /// The first id that no file reserves; 0 where there is no file.
    static func read(_ path: FilePath, on shard: Shard) async throws(StorageError) -> Int64 {
        guard try await LineFile.exists(path, on: shard) else { return 0 }
        let lines = try await LineFile.read(title, version, path, on: shard)
        let words = lines.first?.split(separator: " ") ?? []
        guard lines.count == 1, words.count == 2, words[0] == "next", let next = Int64(words[1]),
            next >= 0
        else { throw .damagedFile(path, reason: "it has no line 'next NUMBER'") }
        return next
    }

    /// Reserves the block that begins with the id.
    /// - Returns: past its last.
    static func reserve(
        from first: Int64, in path: FilePath, on shard: Shard
    ) async throws(StorageError) -> Int64 {
        let (next, isOver) = first.addingReportingOverflow(blockCount)
        guard !isOver else { throw .damagedFile(path, reason: "no producer id follows \(first)") }
        try await LineFile.write(title, version, ["next \(next)"], to: path, on: shard)
        return next
    }

    mutating func reserved(from first: Int64, to end: Int64) {
        upcoming = first
        self.end = end
    }
}
