internal import MillraceShard

/// When which group is to be looked at next. A deadline that moves away leaves its entry where it
/// is: the group is looked at too early, and says when again. So a heartbeat costs nothing here.
/// Entries that nobody wants any more are swept out once they are the most.
struct DeadlineQueue: Sendable {
    private struct Entry {
        var deadline: Instant
        var sequence: UInt64
        var group: String
    }

    private static let leftOverCountMin = 64

    private var heap: [Entry] = []
    private var sequence: UInt64 = 0
    /// The earliest entry of each group; others are left over.
    private var scheduled: [String: Instant] = [:]

    /// Nobody is due before this.
    var next: Instant? { heap.first?.deadline }
    var count: Int { scheduled.count }
    var isEmpty: Bool { scheduled.isEmpty }
    /// Those that are left over among them.
    var entryCount: Int { heap.count }

    func contains(_ group: String) -> Bool { scheduled[group] != nil }

    /// - Returns: whether the group is to be looked at before all others.
    @discardableResult
    mutating func schedule(_ group: String, _ deadline: Instant?) -> Bool {
        guard let deadline else {
            if scheduled.removeValue(forKey: group) != nil { sweep() }
            return false
        }
        if let earlier = scheduled[group], earlier <= deadline { return false }
        scheduled[group] = deadline
        let isFirst = next.map { deadline < $0 } ?? true
        sequence += 1
        insert(Entry(deadline: deadline, sequence: sequence, group: group))
        sweep()
        return isFirst
    }

    private mutating func sweep() {
        guard !scheduled.isEmpty else { return heap = [] }
        guard heap.count > 2 * scheduled.count + Self.leftOverCountMin else { return }
        heap.removeAll { scheduled[$0.group] != $0.deadline }
        // What is sorted is a heap.
        heap.sort { ($0.deadline, $0.sequence) < ($1.deadline, $1.sequence) }
    }

    /// The next group that is due by now.
    mutating func popDue(_ now: Instant) -> String? {
        while let first = heap.first, first.deadline <= now {
            removeFirst()
            guard scheduled[first.group] == first.deadline else { continue }
            scheduled[first.group] = nil
            if scheduled.isEmpty { heap = [] }
            return first.group
        }
        return nil
    }

    // MARK: The heap

    private func isBefore(_ left: Int, _ right: Int) -> Bool {
        (heap[left].deadline, heap[left].sequence) < (heap[right].deadline, heap[right].sequence)
    }

    private mutating func insert(_ entry: Entry) {
        heap.append(entry)
        var child = heap.count - 1
        while child > 0, isBefore(child, (child - 1) / 2) {
            heap.swapAt(child, (child - 1) / 2)
            child = (child - 1) / 2
        }
    }

    private mutating func removeFirst() {
        heap.swapAt(0, heap.count - 1)
        heap.removeLast()
        var parent = 0
        while true {
            var least = parent
            for child in [2 * parent + 1, 2 * parent + 2]
            where child < heap.count && isBefore(child, least) {
                least = child
            }
            if least == parent { return }
            heap.swapAt(parent, least)
            parent = least
        }
    }
}
