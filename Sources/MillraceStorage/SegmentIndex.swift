internal import MillraceBytes
internal import MillraceModel

/// The sparse offset and time index of one segment.
///
/// Every `index.interval.bytes` of log make an entry. On disk (`.index`, `.timeindex`), big-endian, as Kafka's:
///
///     offset index entry                 time index entry
///     +---------------+-----------+      +-----------+---------------+
///     | rel. offset 4 | position 4|      | timestamp 8 | rel. offset 4 |
///     +---------------+-----------+      +-----------+---------------+
///
/// An offset entry holds the *last* offset of the batch that starts at the position, so "the last entry at or
/// below the offset" leads to a batch that does not lie behind it. A time entry says: no record before that
/// offset is later than the timestamp. Both are hints over the log, made again from it when they are missing or
/// do not fit it; nothing acknowledged depends on them.
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

    func append(_ entry: OffsetEntry) { offsets.append(entry) }

    /// Takes a time entry if it is later than those before it.
    func append(_ entry: TimeEntry) {
        guard times.last.map({ $0.timestamp < entry.timestamp }) ?? true else { return }
        times.append(entry)
    }

    /// Where a scan for the offset begins.
    func position(for relativeOffset: UInt32) -> UInt64 {
        let after = offsets.partitioned { $0.relativeOffset > relativeOffset }
        return after == 0 ? 0 : UInt64(offsets[after - 1].position)
    }

    /// The last batch boundary in `(position, limit]` that the index knows.
    func boundary(after position: UInt64, upTo limit: UInt64) -> UInt64? {
        let after = offsets.partitioned { UInt64($0.position) > limit }
        guard after > 0, UInt64(offsets[after - 1].position) > position else { return nil }
        return UInt64(offsets[after - 1].position)
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

    /// Reads both files; false, with nothing taken, where they cannot be indexes of a log of that size.
    func load(
        offsets offsetBytes: UnsafeRawBufferPointer, times timeBytes: UnsafeRawBufferPointer,
        logSize: UInt64
    ) -> Bool {
        guard offsetBytes.count % 8 == 0, timeBytes.count % 12 == 0 else { return false }
        var offsets: [OffsetEntry] = []
        var times: [TimeEntry] = []
        do throws(BytesError) {
            var reader = ByteReader(offsetBytes)
            while reader.remaining > 0 {
                let entry = OffsetEntry(
                    relativeOffset: try reader.readUInt32(), position: try reader.readUInt32())
                guard UInt64(entry.position) < logSize, offsets.last.map({
                    $0.relativeOffset < entry.relativeOffset && $0.position < entry.position
                }) ?? true else { return false }
                offsets.append(entry)
            }
            reader = ByteReader(timeBytes)
            while reader.remaining > 0 {
                let entry = TimeEntry(
                    timestamp: Timestamp(milliseconds: try reader.readInt64()),
                    relativeOffset: try reader.readUInt32())
                guard times.last.map({
                    $0.timestamp < entry.timestamp && $0.relativeOffset <= entry.relativeOffset
                }) ?? true else { return false }
                times.append(entry)
            }
        } catch {
            return false
        }
        self.offsets = offsets
        self.times = times
        return true
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
