internal import MillraceBytes
internal import MillraceModel
internal import MillraceShard
internal import SystemPackage

/// How far each partition of a shard is synchronised in its segments. Recovery replays newer journal entries over
/// it and looks at nothing older. Text, written whole beside itself, synchronised and renamed:
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
                guard let generation = UInt64(words[1]) else { throw bad(path, line) }
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

/// A small text file with a title, a version and a CRC-32C, replaced as a whole.
enum LineFile {
    /// Writes it beside its place, synchronises it, and renames it there: a crash leaves the old or the new.
    static func write(
        _ title: String, _ version: Int, _ lines: [String], to path: FilePath, on shard: Shard
    ) async throws(StorageError) {
        var text = "\(title) \(version)\n"
        for line in lines { text += line + "\n" }
        let crc = Array(text.utf8).withUnsafeBytes { CRC32C.checksum($0) }
        text += "crc32c \(String(crc, radix: 16))\n"
        let bytes = Array(text.utf8)
        let buffer = AlignedBuffer(count: bytes.count)
        buffer.mutableBytes.copyBytes(from: bytes)
        let beside = FilePath("\(path).new")
        try await io("writing", path) { () throws(Errno) in
            let file = try await File.open(beside, .create, on: shard)
            try file.truncate(to: 0)
            try await file.write(
                UnsafeRawBufferPointer(start: buffer.pointer, count: bytes.count), at: 0)
            try await file.synchronize()
            try await shard.rename(beside, to: path)
            try await shard.synchronize(directory: path.removingLastComponent())
        }
    }

    /// The lines between the title and the CRC.
    static func read(
        _ title: String, _ version: Int, _ path: FilePath, on shard: Shard
    ) async throws(StorageError) -> [Substring] {
        let (buffer, count) = try await io("reading", path) { () throws(Errno) in
            let file = try await File.open(path, .read, on: shard)
            let size = Int(min(try file.size(), 1 << 30))
            let buffer = AlignedBuffer(count: max(1, size))
            let target = UnsafeMutableRawBufferPointer(start: buffer.pointer, count: size)
            return (buffer, try await file.read(into: target, at: 0))
        }
        let text = String(decoding: buffer.bytes[..<count], as: UTF8.self)
        var lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        guard lines.count >= 3, lines.removeLast().isEmpty, let last = lines.popLast() else {
            throw .damagedFile(path, reason: "it is cut short")
        }
        let first = lines.removeFirst().split(separator: " ")
        guard first.count == 2, first[0] == title, let found = Int(first[1]) else {
            throw .damagedFile(path, reason: "it does not begin with '\(title)'")
        }
        guard found <= version else {
            throw .newerFormat(path, found: found, known: version)
        }
        let covered = text.utf8.count - last.utf8.count - 1
        let crc = CRC32C.checksum(
            UnsafeRawBufferPointer(start: buffer.pointer, count: max(0, min(covered, count))))
        guard last == "crc32c \(String(crc, radix: 16))" else {
            throw .damagedFile(path, reason: "its CRC-32C does not match")
        }
        return lines
    }
}
