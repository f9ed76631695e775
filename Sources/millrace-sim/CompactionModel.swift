/// What a compacted log may have made of the records that were ever in it.
///
/// All of them are kept here, by offset. A record may be missing from the log only if a later one has its key, or if
/// it is a tombstone whose time has passed; and only if it was older than the lag, and below the segment that is
/// written to. Nothing comes back: what is missing once stays away.
struct CompactionModel {
    struct Entry: Equatable {
        let key: String
        /// Nil for a tombstone.
        let value: String?
        /// By the log's clock, in milliseconds.
        let time: Int64
    }

    /// Why a history ended badly.
    struct Violation: Error {
        let promise: String
    }

    /// How long records have to stay, in milliseconds.
    let lagMin: Int64
    let deleteRetention: Int64
    private(set) var entries: [Int64: Entry] = [:]
    private var missing: Set<Int64> = []
    private var latest: [String: Int64] = [:]
    /// What was sent and never acknowledged: it may have been taken all the same.
    private var attempts: [Entry] = []

    var count: Int { entries.count }

    var missingCount: Int { missing.count }

    init(lagMin: Int64, deleteRetention: Int64) {
        self.lagMin = lagMin
        self.deleteRetention = deleteRetention
    }

    mutating func attempt(_ sent: [Entry]) { attempts += sent }

    /// The log has taken a record and said so.
    mutating func acknowledge(_ entry: Entry, at offset: Int64) throws {
        if let other = entries[offset], other != entry {
            throw Violation(promise: "offset \(offset) was given to \(other) and to \(entry)")
        }
        entries[offset] = entry
        latest[entry.key] = max(latest[entry.key] ?? -1, offset)
    }

    /// Holds what a reading of the whole log has found against the model.
    /// - Parameters:
    ///   - active: the base offset of the segment that was written to when the reading began.
    ///   - now: when it ended.
    mutating func check(
        _ found: [(offset: Int64, entry: Entry)], end: Int64, active: Int64, now: Int64
    ) throws {
        var previous: Int64 = -1
        var present = Set<Int64>()
        for (offset, entry) in found {
            guard offset > previous else {
                throw Violation(promise: "offset \(offset) comes after \(previous)")
            }
            previous = offset
            present.insert(offset)
            if entries[offset] == nil, attempts.contains(entry) { try acknowledge(entry, at: offset) }
            guard entries[offset] == entry else {
                throw Violation(
                    promise: "offset \(offset) has \(entry), and should have \(String(describing: entries[offset]))")
            }
        }
        for (offset, entry) in entries.sorted(by: { $0.key < $1.key }) where offset < end {
            guard !present.contains(offset) else {
                if missing.contains(offset) { throw Violation(promise: "\(entry) at \(offset) has come back") }
                continue
            }
            try allowMissing(offset, entry, active: active, now: now)
            missing.insert(offset)
        }
    }

    private func allowMissing(
        _ offset: Int64, _ entry: Entry, active: Int64, now: Int64
    ) throws {
        guard offset < active else {
            throw Violation(promise: "\(entry) at \(offset) is missing from the segment that begins at \(active)")
        }
        guard now - entry.time >= lagMin else {
            throw Violation(promise: "\(entry) at \(offset) is missing after \(now - entry.time) ms")
        }
        if let last = latest[entry.key], last > offset { return }
        guard entry.value == nil, now - entry.time >= deleteRetention else {
            throw Violation(promise: "\(entry) at \(offset) is missing, and is the last of its key")
        }
    }

    /// Below the offset each key is there once at most.
    static func checkClean(_ found: [(offset: Int64, entry: Entry)], before end: Int64) throws {
        var seen: [String: Int64] = [:]
        for (offset, entry) in found where offset < end {
            if let other = seen.updateValue(offset, forKey: entry.key) {
                throw Violation(
                    promise: "key \(entry.key) is at \(other) and at \(offset), in a log that is clean to \(end)")
            }
        }
    }

    /// What somebody knows who has read the log while it was compacted: the last value of each key that has one.
    func checkState(_ state: [String: String], end: Int64) throws {
        for (key, value) in state.sorted(by: { $0.key < $1.key }) {
            let known = entries.filter { $0.key < end && $0.value.key == key }
            guard let last = known.max(by: { $0.key < $1.key }) else { continue }
            // A reader that takes longer than a tombstone stays may miss it, as in Kafka.
            guard let expected = last.value.value else { continue }
            guard value == expected else {
                throw Violation(promise: "a reader believes that \(key) is \(value), and it is \(expected)")
            }
        }
        for (key, offset) in latest.sorted(by: { $0.key < $1.key }) where offset < end {
            if let value = entries[offset]?.value, state[key] != value {
                throw Violation(promise: "a reader has missed \(key) at \(offset)")
            }
        }
    }
}
