internal import MillraceBytes
internal import MillraceModel
internal import MillraceRecords
internal import MillraceShard
internal import SystemPackage

/// A piece of a partition's log: one file of batches, and the index over it.
///
/// The file is named after its base offset, the offset of the first record it may hold. Bytes are
/// written at its end only; a segment that is rolled never changes again. Space is reserved before
/// bytes are taken, so that a full disk refuses an append instead of striking after its
/// acknowledgement. All of it belongs to the shard; it is Sendable so that tasks of that shard can
/// carry it.
final class Segment: @unchecked Sendable {
    let baseOffset: Offset
    private(set) var file: File
    let index = SegmentIndex()
    /// Bytes written, or being written.
    private(set) var size: UInt64 = 0
    /// Space that is sure to be there; at least `size`.
    private(set) var reserved: UInt64 = 0
    /// One past the last record's offset.
    private(set) var nextOffset: Offset
    private(set) var maxTimestamp = Timestamp.none
    /// The first batch's time, from which the segment's age is counted.
    private(set) var firstTimestamp = Timestamp.none
    /// Written since the last `synchronize`.
    var isDirty = false
    /// It is rolled, and its index is being written.
    var isFinishing = false
    /// How much of the topic's `segment.jitter.ms` it is rolled earlier, in parts of 65,536; drawn
    /// when it is first asked for.
    var jitter: UInt16?
    private var offsetOfMaxTimestamp: Offset
    private var bytesSinceEntry = 0
    private var writebackStarted: UInt64 = 0

    init(baseOffset: Offset, file: File) {
        self.baseOffset = baseOffset
        self.file = file
        nextOffset = baseOffset
        offsetOfMaxTimestamp = baseOffset
    }

    static func path(_ directory: FilePath, _ baseOffset: Offset, _ suffix: String) -> FilePath {
        directory.appending(LogFiles.name(baseOffset, suffix))
    }

    private func path(_ suffix: String) -> FilePath {
        Self.path(file.path.removingLastComponent(), baseOffset, suffix)
    }

    /// Makes an empty segment, or one over the bytes that are there already. The name is durable
    /// when this returns: what is acknowledged in it later then cannot vanish with its directory
    /// entry.
    static func create(
        in directory: FilePath, at baseOffset: Offset, keepingBytes: Bool = false, on shard: Shard
    ) async throws(StorageError) -> Segment {
        let path = path(directory, baseOffset, LogFiles.log)
        let file = try await io("creating", path) { () throws(Errno) in
            let file = try await File.open(path, .create, on: shard)
            // What an earlier life left under this name was cut by recovery.
            if !keepingBytes { try file.truncate(to: 0) }
            return file
        }
        // An index of an earlier life would fit this one well enough to be believed.
        await removeIndex(directory, baseOffset, on: shard)
        if !keepingBytes {
            try? await shard.remove(Self.path(directory, baseOffset, LogFiles.transactionIndex))
        }
        try await io("synchronizing", directory) { () throws(Errno) in
            try await shard.synchronize(directory: directory)
        }
        return Segment(baseOffset: baseOffset, file: file)
    }

    static func open(
        in directory: FilePath, at baseOffset: Offset, on shard: Shard
    ) async throws(StorageError) -> Segment {
        let path = path(directory, baseOffset, LogFiles.log)
        let file = try await io("opening", path) { () throws(Errno) in
            try await File.open(path, .readWrite, on: shard)
        }
        return Segment(baseOffset: baseOffset, file: file)
    }

    /// Goes on under another name, by a file that was opened under it.
    func renamed(to file: File) { self.file = file }

    // MARK: Growing

    /// Accounts for one batch at the end of the segment.
    func append(_ header: RecordBatchHeader, indexInterval: Int) {
        precondition(header.baseOffset >= nextOffset, "offsets only grow within a segment")
        let relative = UInt32(truncatingIfNeeded: header.lastOffset.value &- baseOffset.value)
        if size > 0, bytesSinceEntry > indexInterval {
            index.append(
                .init(relativeOffset: relative, position: UInt32(truncatingIfNeeded: size)))
            appendTimeEntry()
            bytesSinceEntry = 0
        }
        bytesSinceEntry &+= header.sizeInBytes
        if firstTimestamp == .none { firstTimestamp = header.maxTimestamp }
        size &+= UInt64(header.sizeInBytes)
        reserved = max(reserved, size)
        nextOffset = header.lastOffset.advanced(by: 1)
        if header.maxTimestamp > maxTimestamp {
            maxTimestamp = header.maxTimestamp
            offsetOfMaxTimestamp = header.lastOffset
        }
        isDirty = true
    }

    private func appendTimeEntry() {
        guard maxTimestamp > .none else { return }
        let relative = offsetOfMaxTimestamp.value &- baseOffset.value
        index.append(
            SegmentIndex.TimeEntry(
                timestamp: maxTimestamp, relativeOffset: UInt32(truncatingIfNeeded: relative)))
    }

    /// Whether a batch can no longer be said in the index's 32-bit relative offsets and positions.
    func isFull(for header: RecordBatchHeader, limit: Int) -> Bool {
        let relative = header.lastOffset.value &- baseOffset.value
        return relative > Int64(Int32.max)
            || (size > 0 && size &+ UInt64(header.sizeInBytes) > UInt64(limit))
    }

    /// Takes note that the space is there.
    func noteReserved(_ end: UInt64) { reserved = max(reserved, end) }

    /// Whether the batch is so much later than the first that a new segment is due.
    func isOld(for header: RecordBatchHeader, ageMax: Duration) -> Bool {
        guard size > 0, firstTimestamp > .none, header.maxTimestamp > firstTimestamp else {
            return false
        }
        let age = header.maxTimestamp.milliseconds &- firstTimestamp.milliseconds
        return .milliseconds(age) > ageMax
    }

    /// How much to reserve so that `count` more bytes fit: more for a segment that has grown, so
    /// that a small partition keeps little and a large one asks seldom.
    func reservation(for count: Int, limit: Int) -> UInt64 {
        let needed = size &+ UInt64(count)
        let step = min(max(size, 64 << 10), 64 << 20)
        return max(needed, min(size &+ step, UInt64(limit)))
    }

    /// Has dirty pages written out every 8 MiB, so that the next synchronize finds little to do.
    func startWriteback() {
        guard size &- writebackStarted >= 8 << 20 else { return }
        file.startWriteback(at: writebackStarted, count: size &- writebackStarted)
        writebackStarted = size
    }

    /// Cuts everything from the position on: what recovery cannot vouch for.
    func truncate(to position: UInt64, nextOffset: Offset) throws(StorageError) {
        do throws(Errno) {
            try file.truncate(to: position)
        } catch {
            throw .io(file.path, error, doing: "truncating")
        }
        size = position
        reserved = position
        self.nextOffset = nextOffset
        index.truncate(
            toPosition: position,
            relativeOffset: UInt32(
                truncatingIfNeeded: nextOffset.value &- baseOffset.value))
        isDirty = true
    }

    // MARK: The index on disk

    /// Ends the segment: its last time entry, its index files, and its unused reservation given
    /// back.
    func finish(on shard: Shard) async throws(StorageError) {
        appendTimeEntry()
        try? file.truncate(to: size)
        reserved = size
        try await writeIndex(on: shard)
    }

    /// Writes the index files whole, each beside its place, synchronised and renamed: what is found
    /// there after a power cut is an index that once was true, or none.
    func writeIndex(on shard: Shard) async throws(StorageError) {
        try await replace(LogFiles.offsetIndex, index.offsetBytes, on: shard)
        try await replace(LogFiles.timeIndex, index.timeBytes, on: shard)
    }

    private func replace(
        _ suffix: String, _ bytes: [UInt8], on shard: Shard
    ) async throws(StorageError) {
        let path = path(suffix)
        let beside = FilePath("\(path).new")
        let contents = bytes.withUnsafeBytes { ByteSlice(copying: $0) }
        try await io("writing", path) { () throws(Errno) in
            let file = try await File.open(beside, .create, on: shard)
            try file.truncate(to: 0)
            try await file.write(contents.bytes, at: 0)
            withExtendedLifetime(contents) {}
            try await file.synchronize()
            try await shard.rename(beside, to: path)
        }
    }

    /// Removes what indexes there are: the log they speak of is about to change.
    static func removeIndex(
        _ directory: FilePath, _ baseOffset: Offset, on shard: Shard
    ) async {
        for suffix in [LogFiles.offsetIndex, LogFiles.timeIndex] {
            try? await shard.remove(path(directory, baseOffset, suffix))
        }
    }

    /// Reads the index files; false where there are none that fit a log of `logSize` bytes.
    func loadIndex(logSize: UInt64, on shard: Shard) async -> Bool {
        guard let offsets = try? await SegmentIndex.contents(path(LogFiles.offsetIndex), on: shard),
            let times = try? await SegmentIndex.contents(path(LogFiles.timeIndex), on: shard)
        else { return false }
        return index.load(offsets: offsets, times: times, logSize: logSize)
    }

    /// Gives up an index that does not fit the log: the log alone decides, and the next start makes
    /// a new one.
    func distrustIndex(on shard: Shard) async {
        index.removeAll()
        await Self.removeIndex(file.path.removingLastComponent(), baseOffset, on: shard)
    }

    /// Whether a batch begins where the entry says, with the offset that it says.
    func proves(_ entry: SegmentIndex.OffsetEntry) async throws(StorageError) -> Bool {
        try await prove(entry) != nil
    }

    /// Compares the entry with the log: nil where no batch begins there that it could speak of, and
    /// else the entry with the last offset of just that batch. Kafka's gives that of all batches
    /// which were appended at once.
    func prove(
        _ entry: SegmentIndex.OffsetEntry
    ) async throws(StorageError) -> SegmentIndex.OffsetEntry? {
        if index.isProven(entry) { return entry }
        let buffer = AlignedBuffer(count: RecordBatchHeader.size)
        let count = try await io("reading", file.path) { () throws(Errno) in
            try await file.read(into: buffer.mutableBytes, at: UInt64(entry.position))
        }
        guard count == RecordBatchHeader.size,
            let header = try? RecordBatchHeader(parsing: buffer.bytes),
            header.baseOffset <= baseOffset.advanced(by: Int64(entry.relativeOffset)),
            header.lastOffset <= baseOffset.advanced(by: Int64(entry.relativeOffset))
        else { return nil }
        var proven = entry
        proven.relativeOffset = UInt32(
            clamping: max(0, header.lastOffset.value &- baseOffset.value))
        index.prove(entry, as: proven)
        return proven
    }

    // MARK: Opening

    /// What opening a segment found: where and why the walk ended early, if it did, and offsets
    /// that are lost before.
    struct Loaded {
        var damage: SegmentScanner.Damage?
        var lost: [(offsets: Range<Offset>, position: UInt64, reason: String)] = []
    }

    /// Takes over what the file holds below the byte `limit` and the offset `end`, from the index
    /// where it fits and by a walk from its last entry, or from the start.
    /// - Parameter promised: below this offset everything was acknowledged, so that damage is
    /// passed over, not cut.
    func load(
        upTo limit: UInt64, before end: Offset, promised: Offset, depth: SegmentScanner.Depth,
        indexInterval: Int, on shard: Shard
    ) async throws(StorageError) -> Loaded {
        var usesIndex = false
        if depth == .headers, await loadIndex(logSize: limit, on: shard) {
            // An entry says the last offset of its batch; those that reach beyond the end are
            // forgotten.
            let relativeEnd = end.value &- baseOffset.value
            if relativeEnd < Int64(UInt32.max) {
                index.truncate(
                    toPosition: .max, relativeOffset: UInt32(max(0, relativeEnd)))
            }
        }
        if let last = index.offsets.last {
            usesIndex = true
            if case .batch(let first) = try await SegmentScanner(
                file, from: 0, limit: limit, depth: .headers
            ).next() {
                firstTimestamp = first.header.maxTimestamp
            }
            size = UInt64(last.position)
            maxTimestamp = index.times.last?.timestamp ?? .none
        }
        var damage = try await walk(
            upTo: limit, before: end, depth: depth, indexInterval: indexInterval)
        if usesIndex, damage != nil || nextOffset < promised {
            // The index may have led astray; the log alone decides.
            reset()
            damage = try await walk(
                upTo: limit, before: end, depth: .verified, indexInterval: indexInterval)
        }
        guard nextOffset < promised, size < limit else { return Loaded(damage: damage) }
        return try await walkPastDamage(upTo: limit, promised: promised, indexInterval: indexInterval)
    }

    private func reset() {
        index.removeAll()
        size = 0
        nextOffset = baseOffset
        maxTimestamp = .none
        firstTimestamp = .none
        bytesSinceEntry = 0
    }

    private func walk(
        upTo limit: UInt64, before end: Offset, depth: SegmentScanner.Depth, indexInterval: Int
    ) async throws(StorageError) -> SegmentScanner.Damage? {
        let scanner = SegmentScanner(file, from: size, limit: limit, depth: depth)
        while true {
            switch try await scanner.next() {
            case .end: return nil
            case .damage(let damage): return damage
            case .batch(let batch):
                if batch.header.baseOffset >= end { return nil }
                guard batch.header.baseOffset >= nextOffset else {
                    return SegmentScanner.Damage(
                        position: batch.position,
                        reason: "offset \(batch.header.baseOffset) follows \(nextOffset)")
                }
                append(batch.header, indexInterval: indexInterval)
                isDirty = false
            }
        }
    }

    /// Goes on behind what is damaged, up to the offset that is promised.
    private func walkPastDamage(
        upTo limit: UInt64, promised: Offset, indexInterval: Int
    ) async throws(StorageError) -> Loaded {
        var loaded = Loaded()
        let survey = SegmentSurvey(
            file, baseOffset: nextOffset, from: size, limit: limit, before: promised)
        while nextOffset < promised {
            switch try await survey.next() {
            case .end: return loaded
            case .damage(let damage):
                loaded.damage =
                    loaded.damage
                    ?? SegmentScanner.Damage(position: damage.position, reason: damage.reason)
            case .batch(let batch):
                if let damage = loaded.damage, batch.header.baseOffset > nextOffset {
                    loaded.lost.append(
                        (nextOffset..<batch.header.baseOffset, damage.position, damage.reason))
                }
                loaded.damage = nil
                size = batch.position
                append(batch.header, indexInterval: indexInterval)
                isDirty = false
            }
        }
        return loaded
    }
}
