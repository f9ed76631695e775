internal import MillraceBytes
internal import MillraceModel
internal import MillraceShard
internal import SystemPackage

/// What recovery finds in the journals: which entries to replay, in order, for each partition.
struct JournalContents {
    /// One entry, and where its batches stand in which journal file.
    struct Entry {
        let header: JournalFormat.EntryHeader
        let file: FilePath
        let position: UInt64
    }

    struct PartitionKey: Hashable {
        let topic: TopicID
        let partition: Int32
    }

    var entries: [PartitionKey: [Entry]] = [:]
    /// The largest generation of any group, replayed or not.
    var lastGeneration: UInt64 = 0
    var groupCount = 0

    private struct Group {
        let header: JournalFormat.GroupHeader
        let entries: [Entry]
    }

    /// Reads every journal file in the directory, whichever shard wrote it.
    /// - Parameter generations: for each shard, the first generation that counts.
    static func read(
        _ directory: FilePath, generations: [Int: UInt64], on shard: Shard
    ) async throws(StorageError) -> JournalContents {
        var contents = JournalContents()
        var groups: [Int: [Group]] = [:]
        let names = try await io("listing", directory) { () throws(Errno) in
            try shard.device.list(directory)
        }
        for name in names {
            guard let journal = Journal.shard(inName: name) else { continue }
            for group in try await read(directory.appending(name), on: shard) {
                contents.lastGeneration = max(
                    contents.lastGeneration, group.header.generation)
                guard group.header.generation >= generations[journal] ?? 0 else { continue }
                groups[journal, default: []].append(group)
            }
        }
        for journal in groups.keys.sorted() {
            contents.take(groups[journal] ?? [])
        }
        return contents
    }

    /// Takes the groups of one journal that count: all up to the stable sequence, and those that follow it
    /// without a gap.
    private mutating func take(_ groups: [Group]) {
        let ordered = groups.sorted { $0.header.sequence < $1.header.sequence }
        var next = (ordered.map(\.header.stableSequence).max() ?? 0) + 1
        for group in ordered {
            guard group.header.sequence <= next else { return }
            if group.header.sequence == next { next += 1 }
            groupCount += 1
            for entry in group.entries {
                let key = PartitionKey(
                    topic: entry.header.topic, partition: entry.header.partition)
                entries[key, default: []].append(entry)
            }
        }
    }

    /// The groups at the front of one file that belong together and are whole.
    private static func read(
        _ path: FilePath, on shard: Shard
    ) async throws(StorageError) -> [Group] {
        let (file, size) = try await io("reading", path) { () throws(Errno) in
            let file = try await File.open(path, .read, on: shard)
            return (file, try file.size())
        }
        var groups: [Group] = []
        var position: UInt64 = 0
        var buffer = AlignedBuffer(count: Journal.groupBytesMax)
        while position < size {
            let count = try await read(file, position, into: buffer)
            let bytes = UnsafeRawBufferPointer(start: buffer.pointer, count: count)
            guard let header = JournalFormat.group(bytes, available: size - position) else { break }
            let whole = JournalFormat.groupHeaderSize + Int(header.bytes)
            if whole > bytes.count {
                // A journal of other limits wrote it; the file's size bounds what is asked for.
                guard whole > buffer.count else { break }
                buffer = AlignedBuffer(count: whole)
                continue
            }
            guard JournalFormat.isValid(header, bytes) else { break }
            guard groups.last.map({ $0.header.generation == header.generation }) ?? true,
                let entries = entries(header, bytes, path, position)
            else { break }
            groups.append(Group(header: header, entries: entries))
            position += UInt64(JournalFormat.aligned(whole))
        }
        return groups
    }

    private static func read(
        _ file: File, _ position: UInt64, into buffer: AlignedBuffer
    ) async throws(StorageError) -> Int {
        try await io("reading", file.path) { () throws(Errno) in
            try await file.read(into: buffer.mutableBytes, at: position)
        }
    }

    private static func entries(
        _ group: JournalFormat.GroupHeader, _ bytes: UnsafeRawBufferPointer, _ path: FilePath,
        _ position: UInt64
    ) -> [Entry]? {
        var entries: [Entry] = []
        var at = JournalFormat.groupHeaderSize
        let end = at + Int(group.bytes)
        for _ in 0..<group.entryCount {
            guard let header = JournalFormat.entry(UnsafeRawBufferPointer(rebasing: bytes[at..<end]))
            else { return nil }
            at += JournalFormat.entryHeaderSize
            entries.append(Entry(header: header, file: path, position: position + UInt64(at)))
            if header.kind == .batches { at += Int(header.count) }
        }
        return entries
    }
}
