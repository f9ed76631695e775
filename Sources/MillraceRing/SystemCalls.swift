internal import CMillraceRing
package import SystemPackage

/// The system calls that are made at once instead of through the ring, where that is cheaper.
package enum SystemCalls {
    /// Sends from the page cache to a non-blocking socket without copying.
    /// - Returns: bytes sent, or a negated errno; `-EAGAIN` where the socket's buffer is full.
    package static func sendFile(
        to socket: Int32, from file: Int32, at offset: UInt64, count: Int
    ) -> Int {
        Int(millrace_sendfile(socket, file, offset, count))
    }

    /// Whether reading the range would not wait for a disk.
    package static func isResident(_ file: Int32, at offset: UInt64, count: Int) -> Bool {
        millrace_is_resident(file, offset, UInt64(max(0, count)))
    }

    /// Writes into the page cache on the calling thread: cheaper than the ring below 256 KiB.
    /// - Returns: bytes written, or a negated errno.
    package static func write(
        _ file: Int32, slices: UnsafeBufferPointer<IOSlice>, at offset: UInt64
    ) -> Int {
        guard let base = slices.baseAddress else { return 0 }
        return Int(
            millrace_write_slices_now(
                file, UnsafeRawPointer(base).assumingMemoryBound(to: millrace_slice.self),
                UInt32(slices.count), offset))
    }

    /// Asks the kernel to begin writing dirty pages out, without waiting for it.
    package static func startWriteback(_ file: Int32, at offset: UInt64, count: UInt64) {
        _ = millrace_start_writeback(file, offset, count)
    }

    /// Takes the whole file for this process.
    /// - Throws: `EAGAIN` where another has it.
    package static func lock(_ file: Int32) throws(Errno) {
        let result = millrace_lock(file)
        guard result == 0 else { throw Errno(rawValue: -result) }
    }

    /// - Returns: the end to read from, the end to write to, and how many bytes fit between.
    package static func pipe(bytes: Int32) throws(Errno) -> (read: Int32, write: Int32, bytes: Int) {
        var ends: (Int32, Int32) = (-1, -1)
        let size = withUnsafeMutableBytes(of: &ends) {
            millrace_pipe($0.assumingMemoryBound(to: Int32.self).baseAddress!, bytes)
        }
        guard size > 0 else { throw Errno(rawValue: -size) }
        return (ends.0, ends.1, Int(size))
    }

    /// A counter that a ring reads and other threads signal.
    package static func event() throws(Errno) -> Int32 {
        let event = millrace_event()
        guard event >= 0 else { throw Errno(rawValue: -event) }
        return event
    }

    package static func signal(_ event: Int32) { millrace_event_signal(event) }

    package static func pinThread(to processor: Int) { _ = millrace_pin_thread(UInt32(processor)) }

    package static func nameThread(_ name: String) { millrace_name_thread(name) }

    /// Has the calling thread get `EPIPE`, and the process no signal, where a peer has gone. An
    /// embedding program's own choice about SIGPIPE is left alone.
    package static func blockPipeSignal() { millrace_block_pipe_signal() }

    /// What runs on the calling thread; set by a shard for its own thread.
    package static var threadOwner: UnsafeMutableRawPointer? {
        get { millrace_thread_owner() }
        set { millrace_set_thread_owner(newValue) }
    }
}
