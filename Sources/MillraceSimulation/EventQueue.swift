/// What happens when, a binary heap ordered by time and, at the same time, by who came first.
struct EventQueue {
    struct Event {
        let time: UInt64
        let sequence: UInt64
        let action: () -> Void
    }

    private var heap: [Event] = []
    private var sequence: UInt64 = 0

    var nextTime: UInt64? { heap.first?.time }

    private func isBefore(_ left: Int, _ right: Int) -> Bool {
        (heap[left].time, heap[left].sequence) < (heap[right].time, heap[right].sequence)
    }

    mutating func insert(at time: UInt64, _ action: @escaping () -> Void) {
        sequence += 1
        heap.append(Event(time: time, sequence: sequence, action: action))
        var child = heap.count - 1
        while child > 0, isBefore(child, (child - 1) / 2) {
            heap.swapAt(child, (child - 1) / 2)
            child = (child - 1) / 2
        }
    }

    mutating func removeFirst() -> Event? {
        guard !heap.isEmpty else { return nil }
        heap.swapAt(0, heap.count - 1)
        let first = heap.removeLast()
        var parent = 0
        while true {
            var least = parent
            for child in [2 * parent + 1, 2 * parent + 2]
            where child < heap.count && isBefore(child, least) {
                least = child
            }
            if least == parent { return first }
            heap.swapAt(parent, least)
            parent = least
        }
    }
}
