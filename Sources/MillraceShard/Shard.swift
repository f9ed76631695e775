package import MillraceModel
internal import MillraceRing
package import SystemPackage
internal import Synchronization

/// One thread with one device, and the executor of everything that is pinned to it.
///
/// Connections and partitions are actors whose executor is a shard; their code is straight-line
/// `await`. Tasks are started through `spawn` only: without its executor preference each suspension
/// would bounce through the global pool (27 to 31 us instead of 0.2 to 0.4). A shard's own thread
/// runs the loop (`ShardThread`), or, under simulation, a scheduler runs one job after another with
/// `runNextJob`.
package final class Shard: SerialExecutor, TaskExecutor, @unchecked Sendable {
    package let index: Int
    package let device: any IODevice

    // Confined to the shard.
    var jobs = JobQueue()
    var timers = TimerQueue()
    private var parked: [ParkToken: Completion] = [:]
    private var parkCount: UInt64 = 0
    /// At so many timers those of waits that are over are dropped.
    private var timerPruneCount = timersKept
    private(set) var isStopping = false

    // Reached from other threads.
    let inbox: any Inbox
    private let taskCount = Atomic<Int>(0)

    /// - Parameter inbox: how jobs from elsewhere arrive; a simulation checks here that all happens
    /// on its thread.
    package init(index: Int, device: any IODevice, inbox: any Inbox) {
        self.index = index
        self.device = device
        self.inbox = inbox
    }

    /// Whether the caller runs on this shard.
    package var isCurrent: Bool {
        SystemCalls.threadOwner == Unmanaged.passUnretained(self).toOpaque()
    }

    /// Makes this shard what runs on the calling thread; nil afterwards leaves none.
    package static func setCurrent(_ shard: Shard?) {
        SystemCalls.threadOwner = shard.map { Unmanaged.passUnretained($0).toOpaque() }
    }

    // MARK: Executor

    package func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        if isCurrent { jobs.append(job) } else { inbox.append(job, for: self) }
    }

    package func asUnownedSerialExecutor() -> UnownedSerialExecutor {
        UnownedSerialExecutor(ordinary: self)
    }

    package func asUnownedTaskExecutor() -> UnownedTaskExecutor {
        UnownedTaskExecutor(ordinary: self)
    }

    package func isIsolatingCurrentContext() -> Bool? { isCurrent }

    package func checkIsolated() {
        precondition(isCurrent, "this code belongs to shard \(index) and was reached from elsewhere")
    }

    /// Takes a job that another thread handed over; for whoever runs the shard.
    package func accept(_ job: UnownedJob) { jobs.append(job) }

    package var hasJobs: Bool { jobs.count > 0 }

    /// Runs the oldest job. The caller has made this shard the current one.
    package func runNextJob() {
        guard let job = jobs.popFirst() else { return }
        job.runSynchronously(
            isolatedTo: asUnownedSerialExecutor(), taskExecutor: asUnownedTaskExecutor())
    }

    // MARK: Tasks

    /// Starts a task on this shard: the one door through which tasks are made.
    package func spawn(_ body: @escaping @Sendable () async -> Void) {
        taskCount.add(1, ordering: .relaxed)
        Task(executorPreference: self) {
            await body()
            self.taskCount.subtract(1, ordering: .relaxed)
        }
    }

    /// Tasks that were spawned and have not ended.
    package var liveTaskCount: Int { taskCount.load(ordering: .relaxed) }

    /// Ends the shard: whatever is parked, now or later, goes on with `ECANCELED`, and the loop
    /// ends when the last task has.
    package func stop() {
        isStopping = true
        for token in parked.keys.sorted() { unpark(token, -Errno.canceled.rawValue) }
    }

    // MARK: Parking and time

    /// Suspends the caller until `unpark` is called with the token that `register` gets: with its
    /// result, or with `-ECANCELED` when the shard stops.
    package func park(_ register: (ParkToken) -> Void) async -> Int32 {
        await withUnsafeContinuation { (completion: Completion) in
            guard !isStopping else {
                return completion.resume(returning: -Errno.canceled.rawValue)
            }
            parkCount &+= 1
            let token = ParkToken(value: parkCount)
            parked[token] = completion
            register(token)
        }
    }

    /// Lets the task go on that parked under the token; nothing happens if it already has.
    package func unpark(_ token: ParkToken, _ result: Int32) {
        parked.removeValue(forKey: token)?.resume(returning: result)
    }

    /// Unparks the token at the deadline, if nobody has before.
    func addTimer(_ deadline: Instant, _ token: ParkToken) {
        timers.insert(deadline, token)
        // Most waits end before their deadline, and their timers lie about until then.
        if timers.count >= timerPruneCount {
            timers.keepOnly { parked[$0] != nil }
            timerPruneCount = max(Self.timersKept, 2 * timers.count)
        }
    }

    private static let timersKept = 1024

    package var now: Instant { device.now }

    package var wallClock: Timestamp { device.wallClock }

    /// - Throws: `ECANCELED` when the shard stops first.
    package func sleep(until deadline: Instant) async throws(Errno) {
        let result = await park { addTimer(deadline, $0) }
        if result == -Errno.canceled.rawValue { throw .canceled }
    }

    package func sleep(for duration: Duration) async throws(Errno) {
        try await sleep(until: now.advanced(by: duration))
    }

    /// When the next timer is due; nil where there is none.
    package var nextDeadline: Instant? { timers.first?.deadline }

    /// Lets those go on whose time has come, in the order of their deadlines.
    package func fireTimers() {
        guard let first = timers.first, first.deadline <= now else { return }
        let now = now
        while let timer = timers.first, timer.deadline <= now {
            timers.removeFirst()
            unpark(timer.token, -Errno.timedOut.rawValue)
        }
    }
}

/// Names one suspension; never used twice on a shard.
package struct ParkToken: Hashable, Comparable, Sendable {
    let value: UInt64

    package static func < (left: ParkToken, right: ParkToken) -> Bool { left.value < right.value }
}

/// How jobs reach a shard from other threads.
package protocol Inbox: AnyObject, Sendable {
    func append(_ job: UnownedJob, for shard: Shard)
}

/// A source of random numbers that draws from a device: real randomness, or the simulation's.
package struct DeviceRandomness: RandomNumberGenerator {
    private let device: any IODevice

    package init(_ device: any IODevice) { self.device = device }

    package mutating func next() -> UInt64 { device.random() }
}
