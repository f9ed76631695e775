internal import CMillraceRing
package import SystemPackage

/// A piece of memory in a vectored write; laid out as the kernel's `iovec`.
package struct IOSlice {
    package var base: UnsafeMutableRawPointer?
    package var count: Int

    package init(_ bytes: UnsafeRawBufferPointer) {
        base = UnsafeMutableRawPointer(mutating: bytes.baseAddress)
        count = bytes.count
    }
}

/// One io_uring, used by the thread that made it and by no other.
///
/// Every submission carries a token that comes back with its completion, together with the count or
/// the negated errno that the system call would have given. Nothing reaches the kernel before
/// `submit` or `wait`. Memory stays alive and unmoved until the completion.
package struct Ring: ~Copyable {
    private let ring: OpaquePointer
    private let completions: UnsafeMutablePointer<millrace_completion>
    private static let reapedAtOnce = 512

    /// - Throws: `EPERM` or `ENOSYS` where io_uring is refused, `EINVAL` on a kernel before 6.1.
    package init(entries: UInt32) throws(Errno) {
        var made: OpaquePointer?
        let result = millrace_ring_create(entries, &made)
        guard result == 0, let made else { throw Errno(rawValue: -result) }
        ring = made
        completions = .allocate(capacity: Self.reapedAtOnce)
    }

    deinit {
        millrace_ring_destroy(ring)
        completions.deallocate()
    }

    package func submit() { _ = millrace_ring_submit(ring) }

    /// Submits, then blocks until something completes or the time is over; nil is without limit.
    package func wait(nanoseconds: Int64?) { _ = millrace_ring_wait(ring, nanoseconds ?? -1) }

    /// Hands each completion that is there to `body`.
    package func reap(_ body: (_ token: UInt64, _ result: Int32) -> Void) {
        while true {
            let count = Int(millrace_ring_reap(ring, completions, UInt32(Self.reapedAtOnce)))
            for index in 0..<count { body(completions[index].token, completions[index].result) }
            if count < Self.reapedAtOnce { return }
        }
    }

    /// Makes the buffers known to the kernel once, so that `writeRegistered` need not map them each
    /// time. They count against the memlock limit: `ENOMEM` where that is too small.
    package func registerBuffers(_ buffers: [UnsafeMutableRawBufferPointer]) throws(Errno) {
        let slices = buffers.map { millrace_slice(base: $0.baseAddress, length: $0.count) }
        let result = millrace_ring_register_buffers(ring, slices, UInt32(slices.count))
        guard result == 0 else { throw Errno(rawValue: -result) }
    }
}

// MARK: Files

extension Ring {
    package func open(_ path: FilePath, flags: Int32, mode: UInt32, token: UInt64) {
        path.withPlatformString {
            millrace_ring_open(ring, $0, flags, mode, token)
            submit()
        }
    }

    package func rename(_ from: FilePath, to: FilePath, token: UInt64) {
        from.withPlatformString { from in
            to.withPlatformString { to in
                millrace_ring_rename(ring, from, to, token)
                submit()
            }
        }
    }

    package func remove(_ path: FilePath, directory: Bool, token: UInt64) {
        path.withPlatformString {
            millrace_ring_remove(ring, $0, directory, token)
            submit()
        }
    }

    package func read(
        _ file: Int32, into bytes: UnsafeMutableRawBufferPointer, at offset: UInt64, token: UInt64
    ) {
        guard let base = bytes.baseAddress else { return nothing(token) }
        millrace_ring_read(ring, file, base, Self.clamped(bytes.count), offset, token)
    }

    package func write(
        _ file: Int32, _ bytes: UnsafeRawBufferPointer, at offset: UInt64, durable: Bool, token: UInt64
    ) {
        guard let base = bytes.baseAddress else { return nothing(token) }
        millrace_ring_write(
            ring, file, base, Self.clamped(bytes.count), offset, durable, token)
    }

    /// The slices themselves stay alive and unmoved until the completion, like the memory they
    /// describe.
    package func write(
        _ file: Int32, slices: UnsafeBufferPointer<IOSlice>, at offset: UInt64, durable: Bool,
        token: UInt64
    ) {
        guard let base = slices.baseAddress else { return nothing(token) }
        millrace_ring_write_slices(
            ring, file, UnsafeRawPointer(base).assumingMemoryBound(to: millrace_slice.self),
            UInt32(slices.count), offset, durable, token)
    }

    package func write(
        _ file: Int32, registered buffer: Int, _ bytes: UnsafeRawBufferPointer, at offset: UInt64,
        durable: Bool, token: UInt64
    ) {
        guard let base = bytes.baseAddress else { return nothing(token) }
        millrace_ring_write_registered(
            ring, file, UInt32(buffer), base, Self.clamped(bytes.count), offset, durable, token)
    }

    package func synchronize(_ file: Int32, dataOnly: Bool, token: UInt64) {
        millrace_ring_synchronize(ring, file, dataOnly, token)
    }

    package func reserve(_ file: Int32, at offset: UInt64, count: UInt64, token: UInt64) {
        millrace_ring_reserve(ring, file, offset, count, token)
    }

    /// An empty transfer completes with 0 without touching a file.
    private func nothing(_ token: UInt64) { millrace_ring_nop(ring, token) }

    /// The kernel counts one transfer in 31 bits; callers loop over short counts in any case.
    private static func clamped(_ count: Int) -> UInt32 { UInt32(min(count, 1 << 30)) }
}

// MARK: Sockets

extension Ring {
    package func accept(_ listener: Int32, token: UInt64) {
        millrace_ring_accept(ring, listener, token)
    }

    /// `address` is a `sockaddr`.
    package func connect(_ socket: Int32, to address: UnsafeRawBufferPointer, token: UInt64) {
        guard let base = address.baseAddress else { return nothing(token) }
        millrace_ring_connect(ring, socket, base, UInt32(address.count), token)
        submit()
    }

    package func receive(
        _ socket: Int32, into bytes: UnsafeMutableRawBufferPointer, token: UInt64
    ) {
        guard let base = bytes.baseAddress else { return nothing(token) }
        millrace_ring_receive(ring, socket, base, bytes.count, token)
    }

    package func send(
        _ socket: Int32, _ bytes: UnsafeRawBufferPointer, more: Bool, token: UInt64
    ) {
        guard let base = bytes.baseAddress else { return nothing(token) }
        millrace_ring_send(ring, socket, base, bytes.count, more, token)
    }

    package func awaitWritable(_ socket: Int32, token: UInt64) {
        millrace_ring_await_writable(ring, socket, token)
    }

    /// `offset` is nil where `from` is a pipe.
    package func splice(
        from: Int32, at offset: UInt64?, to: Int32, count: Int, more: Bool, token: UInt64
    ) {
        millrace_ring_splice(
            ring, from, offset.map { Int64(bitPattern: $0) } ?? -1, to, Self.clamped(count), more, token)
    }

    package func cancel(_ handle: Int32, token: UInt64) { millrace_ring_cancel(ring, handle, token) }
}
