internal import MillraceBytes
internal import MillraceModel
internal import MillraceShard
internal import SystemPackage

/// How far each partition of a shard is synchronised in its segments. Recovery replays newer
/// journal entries over it and looks at nothing older. Text, written whole beside itself,
/// synchronised and renamed:
///
///     millrace-checkpoint 1
///     generation 17
///     clean 0
///     partition <topic id> <partition> <recovery point> <log start offset>
///     crc32c 9ae0daaf
struct Checkpoint: Equatable {
    struct Partition: Equatable {
        var topic: TopicID
        var partition: Int32
        var recoveryPoint: Offset
        var logStart: Offset
    }

    /// Journal groups of older generations are not replayed.
    var generation: UInt64
    /// Whether everything was synchronised and closed when this was written.
    var isClean: Bool
    var partitions: [Partition]

    private static let title = "millrace-checkpoint"
    private static let version = 1

    static func path(_ data: FilePath, shard: Int) -> FilePath {
        data.appending(DataFiles.journal).appending("shard-\(shard).checkpoint")
    }

    static func isCheckpoint(_ name: String) -> Bool {
        name.hasPrefix("shard-") && name.hasSuffix(".checkpoint")
    }

    /// The shard in the name of a checkpoint; nil for any other name.
    static func shard(inName name: String) -> Int? {
        guard isCheckpoint(name) else { return nil }
        return Int(name.dropFirst("shard-".count).dropLast(".checkpoint".count))
    }

    func write(to path: FilePath, on shard: Shard) async throws(StorageError) {
        var lines = ["generation \(generation)", "clean \(isClean ? 1 : 0)"]
        for partition in partitions {
            lines.append(
                """
                partition \(partition.topic) \(partition.partition) \
                \(partition.recoveryPoint) \(partition.logStart)
                """)
        }
        try await LineFile.write(Self.title, Self.version, lines, to: path, on: shard)
    }

    static func read(
        _ path: FilePath, on shard: Shard
    ) async throws(StorageError) -> Checkpoint {
        let lines = try await LineFile.read(title, version, path, on: shard)
        var checkpoint = Checkpoint(generation: 0, isClean: false, partitions: [])
        for line in lines {
            let words = line.split(separator: " ")
            switch words.first {
            case "generation" where words.count == 2:
                guard let generation = UInt64(words[1]), generation <= JournalFormat.numberMax else {
                    throw bad(path, line)
                }
                checkpoint.generation = generation
            case "clean" where words.count == 2:
                checkpoint.isClean = words[1] == "1"
            case "partition" where words.count == 5:
                guard let topic = TopicID(base64: words[1]), let partition = Int32(words[2]),
                    let recoveryPoint = Int64(words[3]), let logStart = Int64(words[4]),
                    partition >= 0, recoveryPoint >= 0, logStart >= 0
                else { throw bad(path, line) }
                checkpoint.partitions.append(
                    Partition(
                        topic: topic, partition: partition, recoveryPoint: Offset(recoveryPoint),
                        logStart: Offset(logStart)))
            default:
                throw bad(path, line)
            }
        }
        return checkpoint
    }

    private static func bad(_ path: FilePath, _ line: Substring) -> StorageError {
        .damagedFile(path, reason: "it has the line '\(line)'")
    }
}
