import SystemPackage
import Testing

@testable import MillraceShard

struct SignalTests {
    /// Tasks of one shard wait on another: each call puts them in line again there, and a notice that comes in
    /// between was lost once, and with it the task.
    @Test(.timeLimit(.minutes(10))) func tasksOfAnotherShardLoseNoNotice() async throws {
        let home = try ShardThread.start(index: 0, processor: nil)
        defer { home.stopAndJoin() }
        let other = try ShardThread.start(index: 1, processor: nil)
        defer { other.stopAndJoin() }
        let turnstile = Turnstile(home.shard)
        let count = 500
        for index in 0..<count {
            let shard = index % 3 == 0 ? home.shard : other.shard
            shard.spawn { await turnstile.pass() }
        }
        await turnstile.waitUntilPassed(count)
        #expect(await turnstile.passedCount == count)
    }

    /// A wait that ends early leaves a timer, and one that a client chose may be due in weeks.
    @Test(.timeLimit(.minutes(10))) func timersOfEndedWaitsAreDropped() async throws {
        let home = try ShardThread.start(index: 0, processor: nil)
        defer { home.stopAndJoin() }
        let turnstile = Turnstile(home.shard)
        for _ in 0..<4000 { await turnstile.waitForAnHourUnlessTold() }
        #expect(await turnstile.timerCount <= 1024)
    }
}

/// Lets one after another through.
private actor Turnstile {
    nonisolated let shard: Shard
    nonisolated var unownedExecutor: UnownedSerialExecutor { shard.asUnownedSerialExecutor() }
    private let changed: Signal
    private var isBusy = false
    private(set) var passedCount = 0

    init(_ shard: Shard) {
        self.shard = shard
        changed = Signal(on: shard)
    }

    func pass() async {
        do throws(Errno) {
            while isBusy { try await changed.wait(after: changed.notices) }
            isBusy = true
            try await shard.sleep(for: .microseconds(20))
        } catch {
            return
        }
        isBusy = false
        passedCount += 1
        changed.notifyAll()
    }

    var timerCount: Int { shard.timers.count }

    func waitForAnHourUnlessTold() async {
        let notices = changed.notices
        shard.spawn { await self.tell() }
        let deadline = shard.now.advanced(by: .seconds(3600))
        _ = try? await changed.wait(until: deadline, after: notices)
    }

    private func tell() { changed.notifyAll() }

    func waitUntilPassed(_ count: Int) async {
        while passedCount < count {
            do { try await changed.wait(after: changed.notices) } catch { return }
        }
    }
}
