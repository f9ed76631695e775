internal import MillraceBytes
internal import MillraceModel
internal import MillraceShard
internal import SystemPackage

/// The sparse offset and time index of one segment.
///
/// Every `index.interval.bytes` of log make an entry. On disk (`.index`, `.timeindex`), big-endian,
/// as Kafka's:
///
///     offset index entry                 time index entry
///     +---------------+-----------+      +-----------+---------------+
///     | rel. offset 4 | position 4|      | timestamp 8 | rel. offset 4 |
///     +---------------+-----------+      +-----------+---------------+
///
/// An offset entry holds the *last* offset of the batch that starts at the position, so "the last
/// entry at or below the offset" leads to a batch that does not lie behind it. A time entry says:
/// no record before that offset is later than the timestamp. Both are hints over the log, made
/// again from it when they are missing or do not fit it; nothing acknowledged depends on them.
final class SegmentIndex {
    struct OffsetEntry: Equatable {
        var relativeOffset: UInt32
        var position: UInt32
    }

    struct TimeEntry: Equatable {
        var timestamp: Timestamp
        var relativeOffset: UInt32
    }

    private(set) var offsets: [OffsetEntry] = []
    private(set) var times: [TimeEntry] = []
    /// Entries of this index that came from its file and were not compared with the log yet.
    private var unproven: Set<UInt32> = []

    func append(_ entry: OffsetEntry) { offsets.append(entry) }

    /// Takes a time entry if it is later than those before it.
    func append(_ entry: TimeEntry) {
        guard times.last.map({ $0.timestamp < entry.timestamp }) ?? true else { return }
        times.append(entry)
    }

    /// Where a scan for the offset begins.
    func position(for relativeOffset: UInt32) -> UInt64 {
        entry(for: relativeOffset).map { UInt64($0.position) } ?? 0
    }

    /// The entry of the batch from which a scan for the offset begins; nil for the first batch.
    func entry(for relativeOffset: UInt32) -> OffsetEntry? {
        let after = offsets.partitioned { $0.relativeOffset > relativeOffset }
        return after == 0 ? nil : offsets[after - 1]
    }

    /// The entry of the last batch boundary in `(position, limit]` that the index knows.
    func boundary(after position: UInt64, upTo limit: UInt64) -> OffsetEntry? {
        let after = offsets.partitioned { UInt64($0.position) > limit }
        guard after > 0, UInt64(offsets[after - 1].position) > position else { return nil }
        return offsets[after - 1]
    }

    /// Whether the entry was made from the log, or has been compared with it.
    func isProven(_ entry: OffsetEntry) -> Bool { !unproven.contains(entry.position) }

    /// Takes note that the entry fits the log, if with an offset that the log knows better.
    func prove(_ entry: OffsetEntry, as proven: OffsetEntry) {
        unproven.remove(entry.position)
        let place = offsets.partitioned { $0.position >= entry.position }
        guard place < offsets.count, offsets[place] == entry,
            place == 0 || offsets[place - 1].relativeOffset < proven.relativeOffset
        else { return }
        offsets[place] = proven
    }

    /// Forgets everything: the index does not fit its log, and every search starts at the front.
    func removeAll() {
        offsets = []
        times = []
        unproven = []
    }

    /// The offset from which a scan for the first record at or after the time begins.
    func relativeOffset(for timestamp: Timestamp) -> UInt32 {
        let after = times.partitioned { $0.timestamp >= timestamp }
        return after == 0 ? 0 : times[after - 1].relativeOffset
    }

    /// Forgets all that lies at or beyond the position or the offset.
    func truncate(toPosition position: UInt64, relativeOffset: UInt32) {
        offsets.removeLast(
            offsets.count
                - offsets.partitioned {
                    UInt64($0.position) >= position || $0.relativeOffset >= relativeOffset
                })
        times.removeLast(times.count - times.partitioned { $0.relativeOffset >= relativeOffset })
    }

    // MARK: On disk

    var offsetBytes: [UInt8] {
        var writer = ByteWriter(capacity: offsets.count * 8)
        for entry in offsets {
            writer.writeUInt32(entry.relativeOffset)
            writer.writeUInt32(entry.position)
        }
        return writer.take()
    }

    var timeBytes: [UInt8] {
        var writer = ByteWriter(capacity: times.count * 12)
        for entry in times {
            writer.writeInt64(entry.timestamp.milliseconds)
            writer.writeUInt32(entry.relativeOffset)
        }
        return writer.take()
    }

    /// Reads both files; false, with nothing taken, where they cannot be indexes of a log of that
    /// size.
    func load(
        offsets offsetBytes: ByteSlice, times timeBytes: ByteSlice, logSize: UInt64
    ) -> Bool {
        guard offsetBytes.count % 8 == 0, timeBytes.count % 12 == 0 else { return false }
        let offsets = Self.offsetEntries(offsetBytes)
        let times = Self.timeEntries(timeBytes)
        let areOffsetsSane = zip(offsets, offsets.dropFirst()).allSatisfy {
            $0.relativeOffset < $1.relativeOffset && $0.position < $1.position
        }
        let areTimesSane = zip(times, times.dropFirst()).allSatisfy {
            $0.timestamp < $1.timestamp && $0.relativeOffset <= $1.relativeOffset
        }
        guard areOffsetsSane, areTimesSane,
            offsets.last.map({ UInt64($0.position) < logSize }) ?? true
        else { return false }
        self.offsets = offsets
        self.times = times
        unproven = Set(offsets.map(\.position))
        return true
    }

    /// The whole entries, up to the zeros that Kafka keeps behind those of a segment it still
    /// writes.
    static func offsetEntries(_ bytes: ByteSlice) -> [OffsetEntry] {
        defer { withExtendedLifetime(bytes) {} }
        var reader = ByteReader(bytes.bytes)
        var entries: [OffsetEntry] = []
        while let relativeOffset = try? reader.readUInt32(), let position = try? reader.readUInt32() {
            if position == 0, relativeOffset == 0, !entries.isEmpty { break }
            entries.append(OffsetEntry(relativeOffset: relativeOffset, position: position))
        }
        return entries
    }

    static func timeEntries(_ bytes: ByteSlice) -> [TimeEntry] {
        defer { withExtendedLifetime(bytes) {} }
        var reader = ByteReader(bytes.bytes)
        var entries: [TimeEntry] = []
        while let time = try? reader.readInt64(), let relativeOffset = try? reader.readUInt32() {
            if time == 0, relativeOffset == 0, !entries.isEmpty { break }
            entries.append(
                TimeEntry(
                    timestamp: Timestamp(milliseconds: time), relativeOffset: relativeOffset))
        }
        return entries
    }

    /// What an index file holds. An index of a 1 GiB segment has at most an entry for each batch,
    /// which bounds it.
    static func contents(_ path: FilePath, on shard: Shard) async throws(Errno) -> ByteSlice {
        let file = try await File.open(path, .read, on: shard)
        let size = Int(min(try file.size(), 256 << 20))
        let buffer = AlignedBuffer(count: max(1, size))
        let target = UnsafeMutableRawBufferPointer(start: buffer.pointer, count: size)
        return ByteSlice(buffer, offset: 0, count: try await file.read(into: target, at: 0))
    }
}

extension Array {
    /// The index of the first element that fulfils a condition which, once true, stays true.
    func partitioned(_ belongsAfter: (Element) -> Bool) -> Int {
        var low = 0
        var high = count
        while low < high {
            let middle = (low + high) / 2
            if belongsAfter(self[middle]) { high = middle } else { low = middle + 1 }
        }
        return low
    }
}
