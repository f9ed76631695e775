internal import Glibc
package import MillraceModel
package import MillraceRing
package import SystemPackage

/// The real device: one io_uring, and system calls made at once where those are cheaper.
///
/// Made and used on the thread of its shard. A task that waits is an `UnsafeContinuation` whose
/// bits travel through the kernel as the submission's token, so that waiting allocates nothing.
package final class RingDevice: IODevice {
    private let ring: Ring
    /// Other threads write here to end a `wait`.
    let wakeUp: Int32
    private let wakeUpCount = UnsafeMutableRawBufferPointer.allocate(byteCount: 8, alignment: 8)
    /// Idle pipes for cold reads, which pass through one each.
    var pipes: [Pipe] = []
    /// The files of listeners, as they were made.
    var socketFiles: [Int32: FileIdentity] = [:]

    /// Continuations are pointers, which leaves the smallest numbers for the device itself.
    private enum Token {
        static let ignored: UInt64 = 0
        static let wakeUp: UInt64 = 1
    }

    /// - Throws: `EPERM` or `ENOSYS` where io_uring is refused, `EINVAL` on a kernel before 6.1.
    package init(entries: UInt32 = 1024) throws(Errno) {
        let wakeUp = try SystemCalls.event()
        do {
            ring = try Ring(entries: entries)
        } catch {
            Glibc.close(wakeUp)
            throw error
        }
        self.wakeUp = wakeUp
        armWakeUp()
    }

    deinit {
        for pipe in pipes { pipe.close() }
        Glibc.close(wakeUp)
        wakeUpCount.deallocate()
    }

    // MARK: The loop's side

    func submit() {
        ring.submit()
        reap()
    }

    /// Blocks until something completes, a thread wakes the shard, or the deadline is there.
    func wait(until deadline: Instant?) {
        // One look at the clock: a second one may be past the deadline that the first was before.
        let now = now
        let rest = deadline.map { deadline in
            deadline <= now ? 0 : Int64(clamping: deadline.nanoseconds - now.nanoseconds)
        }
        ring.wait(nanoseconds: rest)
        reap()
    }

    private func reap() {
        ring.reap { token, result in
            switch token {
            case Token.ignored: break
            case Token.wakeUp: armWakeUp()
            default:
                unsafeBitCast(UInt(token), to: Completion.self).resume(returning: result)
            }
        }
    }

    private func armWakeUp() {
        ring.read(wakeUp, into: wakeUpCount, at: 0, token: Token.wakeUp)
    }

    private func token(_ completion: Completion) -> UInt64 {
        UInt64(unsafeBitCast(completion, to: UInt.self))
    }

    // MARK: Time

    package var now: Instant {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return Instant(
            nanoseconds: UInt64(time.tv_sec) &* 1_000_000_000 &+ UInt64(time.tv_nsec))
    }

    package var wallClock: Timestamp {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Timestamp(
            milliseconds: Int64(time.tv_sec) &* 1000 &+ Int64(time.tv_nsec) / 1_000_000)
    }

    package func random() -> UInt64 {
        var generator = SystemRandomNumberGenerator()
        return generator.next()
    }

    // MARK: Files

    package func open(_ path: FilePath, _ access: FileAccess, _ completion: Completion) {
        let flags: Int32 =
            switch access {
            case .read: O_RDONLY
            case .readWrite: O_RDWR
            case .create: O_RDWR | O_CREAT
            // Swift's Glibc does not show O_DIRECT, which is this on every Linux that has io_uring
            // on x86-64.
            case .createDirect: O_RDWR | O_CREAT | RingDevice.direct
            case .directory: O_RDONLY | O_DIRECTORY
            }
        ring.open(path, flags: flags, mode: 0o644, token: token(completion))
    }

    #if arch(arm64)
        private static let direct: Int32 = 0o200000
    #else
        private static let direct: Int32 = 0o40000
    #endif

    package func close(_ handle: Handle) { Glibc.close(handle.rawValue) }

    package func read(
        _ file: Handle, into bytes: UnsafeMutableRawBufferPointer, at offset: UInt64,
        _ completion: Completion
    ) {
        ring.read(file.rawValue, into: bytes, at: offset, token: token(completion))
    }

    package func write(
        _ file: Handle, _ bytes: UnsafeRawBufferPointer, at offset: UInt64, durable: Bool,
        _ completion: Completion
    ) {
        ring.write(file.rawValue, bytes, at: offset, durable: durable, token: token(completion))
    }

    package func write(
        _ file: Handle, slices: UnsafeBufferPointer<IOSlice>, at offset: UInt64, durable: Bool,
        _ completion: Completion
    ) {
        ring.write(
            file.rawValue, slices: slices, at: offset, durable: durable, token: token(completion))
    }

    package func writeNow(
        _ file: Handle, slices: UnsafeBufferPointer<IOSlice>, at offset: UInt64
    ) -> Int {
        SystemCalls.write(file.rawValue, slices: slices, at: offset)
    }

    package func write(
        _ file: Handle, registered buffer: Int, _ bytes: UnsafeRawBufferPointer, at offset: UInt64,
        durable: Bool, _ completion: Completion
    ) {
        ring.write(
            file.rawValue, registered: buffer, bytes, at: offset, durable: durable,
            token: token(completion))
    }

    package func registerBuffers(_ buffers: [UnsafeMutableRawBufferPointer]) -> Bool {
        do {
            try ring.registerBuffers(buffers)
            return true
        } catch {
            return false
        }
    }

    package func synchronize(_ file: Handle, dataOnly: Bool, _ completion: Completion) {
        ring.synchronize(file.rawValue, dataOnly: dataOnly, token: token(completion))
    }

    package func reserve(
        _ file: Handle, at offset: UInt64, count: UInt64, _ completion: Completion
    ) {
        ring.reserve(file.rawValue, at: offset, count: count, token: token(completion))
    }

    package func startWriteback(_ file: Handle, at offset: UInt64, count: UInt64) {
        SystemCalls.startWriteback(file.rawValue, at: offset, count: count)
    }

    package func rename(_ from: FilePath, to: FilePath, _ completion: Completion) {
        ring.rename(from, to: to, token: token(completion))
    }

    package func remove(_ path: FilePath, directory: Bool, _ completion: Completion) {
        ring.remove(path, directory: directory, token: token(completion))
    }

    package func lock(_ file: Handle) throws(Errno) { try SystemCalls.lock(file.rawValue) }
}

// MARK: Sockets

extension RingDevice {
    package func accept(_ listener: Handle, _ completion: Completion) {
        ring.accept(listener.rawValue, token: token(completion))
    }

    package func connect(
        _ socket: Handle, to address: SocketAddress, _ completion: Completion
    ) {
        do {
            try address.withResolved(passive: false) { _, resolved throws(Errno) in
                ring.connect(socket.rawValue, to: resolved, token: token(completion))
            }
        } catch {
            completion.resume(returning: -error.rawValue)
        }
    }

    package func receive(
        _ socket: Handle, into bytes: UnsafeMutableRawBufferPointer, _ completion: Completion
    ) {
        ring.receive(socket.rawValue, into: bytes, token: token(completion))
    }

    package func send(
        _ socket: Handle, _ bytes: UnsafeRawBufferPointer, more: Bool, _ completion: Completion
    ) {
        ring.send(socket.rawValue, bytes, more: more, token: token(completion))
    }

    package func sendFileNow(
        _ socket: Handle, _ file: Handle, at offset: UInt64, count: Int
    ) -> Int {
        guard SystemCalls.isResident(file.rawValue, at: offset, count: count) else {
            return notResident
        }
        return SystemCalls.sendFile(
            to: socket.rawValue, from: file.rawValue, at: offset, count: count)
    }

    package func awaitWritable(_ socket: Handle, _ completion: Completion) {
        ring.awaitWritable(socket.rawValue, token: token(completion))
    }

    package func cancel(_ handle: Handle) {
        ring.cancel(handle.rawValue, token: Token.ignored)
        ring.submit()
    }

    func splice(
        from: Int32, at offset: UInt64?, to: Int32, count: Int, more: Bool, _ completion: Completion
    ) {
        ring.splice(
            from: from, at: offset, to: to, count: count, more: more, token: token(completion))
    }
}
