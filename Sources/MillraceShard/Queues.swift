/// Jobs in the order they came, in a ring of memory that only grows.
struct JobQueue: ~Copyable {
    private var storage = UnsafeMutablePointer<UnownedJob>.allocate(capacity: 1024)
    private var capacity = 1024
    private var first = 0
    private(set) var count = 0

    deinit { storage.deallocate() }

    mutating func append(_ job: UnownedJob) {
        if count == capacity { grow() }
        (storage + ((first &+ count) & (capacity &- 1))).initialize(to: job)
        count &+= 1
    }

    mutating func popFirst() -> UnownedJob? {
        guard count > 0 else { return nil }
        let job = (storage + first).move()
        first = (first &+ 1) & (capacity &- 1)
        count &-= 1
        return job
    }

    private mutating func grow() {
        let larger = UnsafeMutablePointer<UnownedJob>.allocate(capacity: capacity * 2)
        for index in 0..<count {
            (larger + index).initialize(to: storage[(first + index) & (capacity - 1)])
        }
        storage.deallocate()
        storage = larger
        capacity *= 2
        first = 0
    }
}

/// What is to be woken when, a binary heap ordered by deadline and, at the same deadline, by who
/// came first.
struct TimerQueue {
    struct Timer {
        var deadline: Instant
        var token: ParkToken
    }

    private var heap: [Timer] = []

    var first: Timer? { heap.first }

    var count: Int { heap.count }

    /// Drops the timers of all tokens but those.
    mutating func keepOnly(_ isWanted: (ParkToken) -> Bool) {
        let kept = heap.filter { isWanted($0.token) }
        heap = []
        for timer in kept { insert(timer.deadline, timer.token) }
    }

    /// Tokens grow with time, so they break ties in the order of arrival.
    private func isBefore(_ left: Int, _ right: Int) -> Bool {
        (heap[left].deadline, heap[left].token) < (heap[right].deadline, heap[right].token)
    }

    mutating func insert(_ deadline: Instant, _ token: ParkToken) {
        heap.append(Timer(deadline: deadline, token: token))
        var child = heap.count - 1
        while child > 0, isBefore(child, (child - 1) / 2) {
            heap.swapAt(child, (child - 1) / 2)
            child = (child - 1) / 2
        }
    }

    mutating func removeFirst() {
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
