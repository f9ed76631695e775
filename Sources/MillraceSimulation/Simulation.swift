internal import CMillraceSimulation
internal import Glibc
internal import MillraceShard

/// One seed, one thread, one clock: everything that happens in a simulated world, in the order the
/// seed decides.
///
/// The production code runs as it is; its shards take their jobs from here instead of from threads,
/// and its devices are simulated ones. All of it belongs to the thread that made the simulation.
package final class Simulation: @unchecked Sendable {
    package let seed: UInt64
    package var random: SeededRandom
    /// Virtual nanoseconds since the world began.
    package private(set) var now: UInt64 = 1_000_000_000
    /// A digest of every choice so far: two runs of one seed that differ anywhere differ here.
    package private(set) var history: UInt64 = 0xCBF2_9CE4_8422_2325
    package private(set) var stepCount = 0
    private var events = EventQueue()
    private var shards: [Shard] = []
    private let escapesBefore: UInt64
    let inbox: SimulatedInbox
    let network: SimulatedNetwork

    package init(seed: UInt64) {
        self.seed = seed
        random = SeededRandom(seed: seed)
        inbox = SimulatedInbox()
        network = SimulatedNetwork()
        millrace_simulation_watch()
        escapesBefore = millrace_simulation_escapes()
    }

    /// Jobs that the simulated code gave to the runtime's global pool, where no seed rules: none,
    /// if all is well.
    package var escapeCount: UInt64 { millrace_simulation_escapes() - escapesBefore }

    // MARK: Shards

    func add(_ shard: Shard) { shards.append(shard) }

    func remove(_ removed: [Shard]) {
        shards.removeAll { shard in removed.contains { $0 === shard } }
    }

    /// Runs the body as if it were called by a job of the shard.
    func asCurrent<Result>(_ shard: Shard, _ body: () -> Result) -> Result {
        Shard.setCurrent(shard)
        millrace_simulation_mark_thread(1)
        defer {
            millrace_simulation_mark_thread(0)
            Shard.setCurrent(nil)
        }
        return body()
    }

    // MARK: Events

    /// Adds to the digest.
    package func note(_ value: UInt64) {
        history = (history ^ value) &* 0x0000_0100_0000_01B3
        history ^= history >> 29
    }

    package func after(_ nanoseconds: Int, _ action: @escaping () -> Void) {
        events.insert(at: now + UInt64(max(0, nanoseconds)), action)
    }

    func at(_ time: UInt64, _ action: @escaping () -> Void) { events.insert(at: time, action) }

    // MARK: Running

    /// Lets one thing happen: a job, an event or the timers that are due.
    /// - Returns: false where nothing is left to happen, ever.
    package func step() -> Bool {
        let ready = shards.filter(\.hasJobs)
        let deadlines = shards.compactMap { shard in
            shard.nextDeadline.map { (shard, time: $0.nanoseconds) }
        }
        let timer = deadlines.min { $0.time < $1.time }
        let next = min(events.nextTime ?? .max, timer?.time ?? .max)
        if !ready.isEmpty, next > now {
            stepCount += 1
            // A job takes its time, so that events come between jobs that wait, as they do on a
            // machine.
            now += UInt64(random.below(4000))
            let shard = ready[random.below(ready.count)]
            note(UInt64(shard.index) << 32 | UInt64(ready.count))
            asCurrent(shard) { shard.runNextJob() }
            return true
        }
        guard next < .max else { return false }
        stepCount += 1
        now = max(now, next)
        note(now)
        if let timer, timer.time <= now {
            asCurrent(timer.0) { timer.0.fireTimers() }
        } else {
            events.removeFirst()?.action()
        }
        return true
    }

    /// Lets things happen until the condition holds.
    /// - Returns: false where nothing is left to happen, or too much has happened, before it did.
    package func run(stepsMax: Int = 5_000_000, until isDone: () -> Bool) -> Bool {
        for _ in 0..<stepsMax {
            if isDone() { return true }
            guard step() else { return isDone() }
        }
        return isDone()
    }

    /// Lets things happen for some virtual time.
    package func run(for duration: Duration) {
        let end = Instant(nanoseconds: now).advanced(by: duration).nanoseconds
        var isOver = false
        at(end) { isOver = true }
        _ = run(until: { isOver })
    }
}

/// How jobs from outside a shard reach it: at once, since there is one thread; from another it is a
/// mistake that would make the seed worthless.
final class SimulatedInbox: Inbox, @unchecked Sendable {
    private let thread = pthread_self()

    func append(_ job: UnownedJob, for shard: Shard) {
        guard pthread_equal(pthread_self(), thread) != 0 else {
            fatalError("a job came to simulated shard \(shard.index) from another thread")
        }
        shard.accept(job)
    }
}
