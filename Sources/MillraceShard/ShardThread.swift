internal import Glibc
internal import MillraceRing
internal import Synchronization
package import SystemPackage

/// The thread of a shard on the real device, and its loop.
package final class ShardThread: Sendable {
    package let shard: Shard
    private let thread: pthread_t

    private init(shard: Shard, thread: pthread_t) {
        self.shard = shard
        self.thread = thread
    }

    /// Starts a shard on a thread of its own.
    /// - Parameter processor: where the thread is pinned, or nil for nowhere.
    /// - Throws: `EPERM` or `ENOSYS` where io_uring is refused, `EINVAL` on a kernel before 6.1.
    package static func start(index: Int, processor: Int?) throws(Errno) -> ShardThread {
        let launch = Launch(index: index, processor: processor)
        var thread = pthread_t()
        let result = pthread_create(
            &thread, nil,
            { argument in
                Unmanaged<Launch>.fromOpaque(argument!).takeRetainedValue().run()
                return nil
            }, Unmanaged.passRetained(launch).toOpaque())
        guard result == 0 else { throw Errno(rawValue: result) }
        sem_wait(launch.started)
        switch launch.outcome.withLock({ $0 }) {
        case .success(let shard): return ShardThread(shard: shard, thread: thread)
        case .failure(let error):
            pthread_join(thread, nil)
            throw error
        }
    }

    /// Asks the shard to stop and waits until its last task has ended. Not to be called on a shard.
    package func stopAndJoin() {
        shard.spawn { [shard] in shard.stop() }
        pthread_join(thread, nil)
    }
}

/// What the new thread is told, and what it answers.
private final class Launch: @unchecked Sendable {
    let index: Int
    let processor: Int?
    let started = UnsafeMutablePointer<sem_t>.allocate(capacity: 1)
    let outcome = Mutex<Result<Shard, Errno>>(.failure(.canceled))

    init(index: Int, processor: Int?) {
        self.index = index
        self.processor = processor
        sem_init(started, 0, 0)
    }

    deinit {
        sem_destroy(started)
        started.deallocate()
    }

    func run() {
        // Before the ring, whose workers in the kernel have the mask of this thread.
        SystemCalls.blockPipeSignal()
        let device: RingDevice
        do throws(Errno) {
            device = try RingDevice()
        } catch {
            outcome.withLock { $0 = .failure(error) }
            sem_post(started)
            return
        }
        SystemCalls.nameThread("millrace-\(index)")
        if let processor { SystemCalls.pinThread(to: processor) }
        let inbox = ThreadInbox(wakeUp: device.wakeUp)
        let shard = Shard(index: index, device: device, inbox: inbox)
        outcome.withLock { $0 = .success(shard) }
        Shard.setCurrent(shard)
        sem_post(started)
        Self.loop(shard, device, inbox)
        Shard.setCurrent(nil)
    }

    /// Runs what is there, hands its submissions to the kernel in one go, and sleeps when nothing
    /// is left.
    private static func loop(_ shard: Shard, _ device: RingDevice, _ inbox: ThreadInbox) {
        while true {
            inbox.drain(into: shard)
            shard.fireTimers()
            // Only the jobs that are there now: what they add waits until completions had their
            // turn.
            for _ in 0..<shard.jobs.count { shard.runNextJob() }
            if shard.hasJobs || !inbox.prepareToSleep() {
                device.submit()
                continue
            }
            if shard.isStopping, shard.liveTaskCount == 0 { return }
            device.wait(until: shard.nextDeadline)
            inbox.wokeUp()
        }
    }
}

/// Jobs from other threads. A sleeping shard is woken once, by the first.
private final class ThreadInbox: Inbox {
    private let jobs = Mutex<[UnownedJob]>([])
    private let hasJobs = Atomic<Bool>(false)
    private let isSleeping = Atomic<Bool>(false)
    private let wakeUp: Int32

    init(wakeUp: Int32) { self.wakeUp = wakeUp }

    func append(_ job: UnownedJob, for shard: Shard) {
        jobs.withLock {
            $0.append(job)
            hasJobs.store(true, ordering: .sequentiallyConsistent)
        }
        if isSleeping.exchange(false, ordering: .sequentiallyConsistent) {
            SystemCalls.signal(wakeUp)
        }
    }

    func drain(into shard: Shard) {
        guard hasJobs.load(ordering: .acquiring) else { return }
        let arrived = jobs.withLock { jobs in
            hasJobs.store(false, ordering: .relaxed)
            return exchange(&jobs)
        }
        for job in arrived { shard.accept(job) }
    }

    private func exchange(_ jobs: inout [UnownedJob]) -> [UnownedJob] {
        let taken = jobs
        jobs = []
        return taken
    }

    /// Announces the sleep, then looks once more: a job that came in between is seen here, or sees
    /// the announcement and wakes the shard.
    func prepareToSleep() -> Bool {
        isSleeping.store(true, ordering: .sequentiallyConsistent)
        guard hasJobs.load(ordering: .sequentiallyConsistent) else { return true }
        isSleeping.store(false, ordering: .relaxed)
        return false
    }

    func wokeUp() { isSleeping.store(false, ordering: .relaxed) }
}
