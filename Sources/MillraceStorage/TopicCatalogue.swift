package import MillraceModel
internal import MillraceShard
internal import SystemPackage

/// A topic as the data directory keeps it.
package struct TopicEntry: Hashable, Sendable {
    package let name: TopicName
    package let id: TopicID
    package var partitionCount: Int32
    package var config: TopicConfig
    /// Being deleted: its directories go first, then this entry.
    package var isDeleted = false
}

/// The topics of a data directory, the one file that says which there are.
///
///     millrace-topics 1
///     topic <name> <topic id> <partitions> [key=value ...]
///     deleted <name> <topic id> <partitions>
///     crc32c 9ae0daaf
///
/// A topic is entered before its directories are made and leaves after they are gone, so that a
/// crash in between is finished at the next start.
struct TopicCatalogue {
    var topics: [TopicName: TopicEntry] = [:]
    var deleted: [TopicEntry] = []

    private static let title = "millrace-topics"
    /// The version of the whole data directory.
    static let version = 1

    func write(to path: FilePath, on shard: Shard) async throws(StorageError) {
        var lines: [String] = []
        for topic in topics.values.sorted(by: { $0.name < $1.name }) {
            let settings = topic.config.entries.sorted { $0.key < $1.key }
                .map { " \($0.key.rawValue)=\($0.value)" }.joined()
            lines.append("topic \(topic.name) \(topic.id) \(topic.partitionCount)\(settings)")
        }
        for topic in deleted {
            lines.append("deleted \(topic.name) \(topic.id) \(topic.partitionCount)")
        }
        try await LineFile.write(Self.title, Self.version, lines, to: path, on: shard)
    }

    static func read(_ path: FilePath, on shard: Shard) async throws(StorageError) -> TopicCatalogue {
        var catalogue = TopicCatalogue()
        for line in try await LineFile.read(title, version, path, on: shard) {
            let words = line.split(separator: " ")
            guard words.count >= 4, let name = try? TopicName(String(words[1])),
                let id = TopicID(base64: words[2]), let count = Int32(words[3]), count > 0
            else { throw .damagedFile(path, reason: "it has the line '\(line)'") }
            var entry = TopicEntry(
                name: name, id: id, partitionCount: count, config: TopicConfig())
            for setting in words.dropFirst(4) {
                let parts = setting.split(
                    separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
                do throws(TopicConfigError) {
                    try entry.config.set(
                        String(parts[0]), to: parts.count == 2 ? String(parts[1]) : "")
                } catch {
                    throw .damagedFile(path, reason: "\(error)")
                }
            }
            switch words[0] {
            case "topic": catalogue.topics[name] = entry
            case "deleted":
                entry.isDeleted = true
                catalogue.deleted.append(entry)
            default: throw .damagedFile(path, reason: "it has the line '\(line)'")
            }
        }
        return catalogue
    }
}
