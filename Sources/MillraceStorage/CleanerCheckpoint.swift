internal import MillraceModel
internal import MillraceShard
internal import SystemPackage

/// From which offset on a compacted partition has not been cleaned yet, in its directory.
///
///     millrace-cleaner-checkpoint 1
///     first-dirty-offset 4711
///     crc32c 9ae0daaf
///
/// It is written after the cleaned segments are in their places: where it is older than they are, or gone, some are
/// cleaned again, which changes nothing.
enum CleanerCheckpoint {
    private static let title = "millrace-cleaner-checkpoint"
    private static let version = 1
    private static let key = "first-dirty-offset"

    private static func path(_ directory: FilePath) -> FilePath {
        directory.appending(LogFiles.cleanerCheckpoint)
    }

    static func write(
        _ offset: Offset, in directory: FilePath, on shard: Shard
    ) async throws(StorageError) {
        try await LineFile.write(
            title, version, ["\(key) \(offset)"], to: path(directory), on: shard)
    }

    /// Nil for a partition that was never cleaned.
    static func read(
        in directory: FilePath, on shard: Shard
    ) async throws(StorageError) -> Offset? {
        let path = path(directory)
        guard try await LineFile.exists(path, on: shard) else { return nil }
        let lines = try await LineFile.read(title, version, path, on: shard)
        let words = lines.first?.split(separator: " ") ?? []
        guard lines.count == 1, words.count == 2, words[0] == key, let value = Int64(words[1]), value >= 0
        else { throw .damagedFile(path, reason: "it does not say one \(key)") }
        return Offset(value)
    }
}
