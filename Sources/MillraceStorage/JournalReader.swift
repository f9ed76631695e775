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

    /// A place that held a group which was acknowledged, and holds it no more.
    struct Damage {
        let file: FilePath
        let position: UInt64
        let reason: String
    }

    var entries: [PartitionKey: [Entry]] = [:]
    var damage: [Damage] = []
    /// The largest generation of any group, replayed or not.
    var lastGeneration: UInt64 = 0
    var groupCount = 0

    /// One group: what one write brought.
    struct Group {
        let header: JournalFormat.GroupHeader
        let position: UInt64
        let end: UInt64
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
            let path = directory.appending(name)
            let found = try await read(path, on: shard)
            if let last = found.last?.header, last.generation >= generations[journal] ?? 0,
                let damage = try await damage(behind: found, path, on: shard)
            {
                contents.damage.append(damage)
            }
            for group in found {
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

    /// Takes the groups of one journal that count: all up to the stable sequence, and those that
    /// follow it without a gap.
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
    static func read(
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
            let end = position + UInt64(JournalFormat.aligned(whole))
            groups.append(
                Group(header: header, position: position, end: end, entries: entries))
            position = end
        }
        return groups
    }

    /// Looks whether the groups of a file end where they ended when it was written: a later one
    /// which says that the group in between was acknowledged shows that this one is damaged. Its
    /// entries are not used: they may be bytes of a record.
    private static func damage(
        behind groups: [Group], _ path: FilePath, on shard: Shard
    ) async throws(StorageError) -> Damage? {
        guard let last = groups.last else { return nil }
        let (file, size) = try await io("reading", path) { () throws(Errno) in
            let file = try await File.open(path, .read, on: shard)
            return (file, try file.size())
        }
        let buffer = AlignedBuffer(count: Journal.groupBytesMax)
        var position = last.end
        while position < size {
            let count = try await read(file, position, into: buffer)
            guard count > 0 else { return nil }
            for start in stride(from: 0, to: count, by: JournalFormat.alignment) {
                let header = JournalFormat.group(
                    UnsafeRawBufferPointer(start: buffer.pointer + start, count: count - start),
                    available: size - position - UInt64(start))
                if let header, header.generation == last.header.generation,
                    header.sequence > last.header.sequence + 1,
                    header.stableSequence > last.header.sequence,
                    header.stableSequence < header.sequence,
                    try await isWhole(header, file, position + UInt64(start))
                {
                    return Damage(
                        file: path, position: last.end,
                        reason: "the group of sequence \(last.header.sequence + 1) is damaged")
                }
            }
            position += UInt64(count)
        }
        return nil
    }

    private static func isWhole(
        _ header: JournalFormat.GroupHeader, _ file: File, _ position: UInt64
    ) async throws(StorageError) -> Bool {
        let whole = JournalFormat.groupHeaderSize + Int(header.bytes)
        guard whole <= Journal.groupBytesMax else { return false }
        let buffer = AlignedBuffer(count: whole)
        let count = try await read(file, position, into: buffer)
        return JournalFormat.isValid(
            header, UnsafeRawBufferPointer(start: buffer.pointer, count: count))
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
