internal import MillraceModel

/// A group with its offsets.
struct Group: Sendable {
    var classic: ClassicGroup
    var offsets = GroupOffsets()
}

/// All groups. What would still be known after a stop changes by `replay` alone.
struct GroupTable: Sendable {
    let options: GroupOptions
    private var groups: [String: Group] = [:]
    private var isLive = false
    /// Offsets that were committed in transactions which have not ended.
    private var held: [PendingTransaction: [OffsetKey: HeldOffset]] = [:]
    /// Counts what is replayed, so that of two commits the one that came later into the log stands.
    private var order: UInt64 = 0

    private struct HeldOffset {
        let value: CommittedOffset?
        let order: UInt64
    }

    init(options: GroupOptions) { self.options = options }

    var isEmpty: Bool { groups.isEmpty }

    /// By name: nothing may depend on how a dictionary lies.
    var ids: [String] { groups.keys.sorted() }

    subscript(id: String) -> Group? {
        _read { yield groups[id] }
        _modify { yield &groups[id] }
    }

    /// Makes the group if it is not there.
    mutating func make(_ id: String) {
        guard groups[id] == nil else { return }
        groups[id] = Group(classic: ClassicGroup(id: id, options: options, isLive: isLive))
    }

    /// Forgets a group of which nothing is known.
    mutating func removeIfUnused(_ id: String) {
        guard let group = groups[id], group.offsets.isEmpty, group.classic.isUnused else { return }
        groups[id] = nil
    }

    /// Takes a record into account, after it was written or at a start.
    mutating func replay(_ record: GroupRecord, at time: GroupTime) {
        let id = record.group
        switch record {
        case .offset(let key, let value):
            make(id)
            order += 1
            groups[id]?.offsets.replay(key.partition, value, order: order)
        case .group(_, let metadata?):
            make(id)
            groups[id]?.classic.replay(metadata, at: time)
        case .group(_, nil):
            // A commit may be on its way that was decided before the group's end.
            guard let group = groups[id] else { return }
            groups[id] = Group(
                classic: ClassicGroup(id: id, options: options, isLive: isLive),
                offsets: group.offsets)
        }
        removeIfUnused(id)
    }

    /// Takes an offset into account that counts when its transaction is committed. Groups have no other records in
    /// transactions.
    mutating func hold(_ record: GroupRecord, in transaction: PendingTransaction) {
        guard case .offset(let key, let value) = record else { return }
        make(key.group)
        order += 1
        let offset = HeldOffset(value: value, order: order)
        // Of several in one transaction the last counts.
        guard held[transaction, default: [:]].updateValue(offset, forKey: key) == nil else { return }
        groups[key.group]?.offsets.hold(key.partition)
    }

    /// A transaction has ended.
    mutating func end(_ transaction: PendingTransaction, isCommit: Bool, at time: GroupTime) {
        for (key, offset) in held.removeValue(forKey: transaction) ?? [:] {
            groups[key.group]?.offsets.release(key.partition)
            if isCommit {
                groups[key.group]?.offsets.replay(key.partition, offset.value, order: offset.order)
            }
            removeIfUnused(key.group)
        }
    }

    /// All records are replayed.
    mutating func becomeLive(at time: GroupTime) {
        isLive = true
        for id in ids { groups[id]?.classic.becomeLive(at: time) }
    }
}

/// What a producer writes into one partition of the log within its transaction.
struct PendingTransaction: Hashable, Sendable {
    let producer: ProducerID
    let partition: Int32
}
