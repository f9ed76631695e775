package import MillraceModel
package import MillraceRing
package import SystemPackage

/// Where a suspended task waits for one operation: resumed exactly once, on the shard, with a count
/// or a negated errno.
package typealias Completion = UnsafeContinuation<Int32, Never>

/// What a device calls an open file or socket.
package struct Handle: Hashable, Sendable {
    package let rawValue: Int32

    package init(rawValue: Int32) { self.rawValue = rawValue }
}

/// How a file is opened.
package enum FileAccess: Sendable {
    case read
    case readWrite
    /// Made if it is not there.
    case create
    /// Made if it is not there, past the page cache (O_DIRECT): memory, offsets and counts are
    /// multiples of 4,096. A file system may refuse with `EINVAL`.
    case createDirect
    /// A directory, to be synchronised.
    case directory
}

/// The one place where production code meets the machine: files, sockets and time.
///
/// Two devices stand behind it, the real ring (`RingDevice`) and the simulated one, which keeps
/// live and durable bytes apart and fails on demand. A device belongs to one shard and is called on
/// that shard only. Every call that takes a `Completion` resumes it exactly once; memory handed
/// over stays alive and unmoved until then.
package protocol IODevice: AnyObject {
    // MARK: Time

    /// Monotonic time.
    var now: Instant { get }
    /// The time of day, which may jump.
    var wallClock: Timestamp { get }
    /// Randomness for identities, never for secrets.
    func random() -> UInt64

    // MARK: Files

    func open(_ path: FilePath, _ access: FileAccess, _ completion: Completion)
    /// Of any handle; may be called from another shard, since the last user of a file closes it.
    func close(_ handle: Handle)
    func read(
        _ file: Handle, into bytes: UnsafeMutableRawBufferPointer, at offset: UInt64,
        _ completion: Completion)
    /// `durable`: the completion means that the bytes are on stable storage (RWF_DSYNC).
    func write(
        _ file: Handle, _ bytes: UnsafeRawBufferPointer, at offset: UInt64, durable: Bool,
        _ completion: Completion)
    func write(
        _ file: Handle, slices: UnsafeBufferPointer<IOSlice>, at offset: UInt64, durable: Bool,
        _ completion: Completion)
    /// Into the page cache before it returns: a count or a negated errno.
    func writeNow(_ file: Handle, slices: UnsafeBufferPointer<IOSlice>, at offset: UInt64) -> Int
    /// From a buffer that `registerBuffers` took, by its index there.
    func write(
        _ file: Handle, registered buffer: Int, _ bytes: UnsafeRawBufferPointer, at offset: UInt64,
        durable: Bool, _ completion: Completion)
    /// Once for each device. False where the kernel refuses (the memlock limit): plain writes still
    /// work.
    func registerBuffers(_ buffers: [UnsafeMutableRawBufferPointer]) -> Bool
    func synchronize(_ file: Handle, dataOnly: Bool, _ completion: Completion)
    /// Reserves space without changing the size: `ENOSPC` here and not at the write.
    func reserve(_ file: Handle, at offset: UInt64, count: UInt64, _ completion: Completion)
    /// Asks for dirty pages to be written out, without waiting.
    func startWriteback(_ file: Handle, at offset: UInt64, count: UInt64)
    func rename(_ from: FilePath, to: FilePath, _ completion: Completion)
    func remove(_ path: FilePath, directory: Bool, _ completion: Completion)
    /// Refuses with `EAGAIN` while another process holds the file.
    func lock(_ file: Handle) throws(Errno)
    func size(_ file: Handle) throws(Errno) -> UInt64
    func truncate(_ file: Handle, to size: UInt64) throws(Errno)
    /// Makes a directory; one that is there already is no error.
    func makeDirectory(_ path: FilePath) throws(Errno)
    /// The names in a directory, sorted, without `.` and `..`.
    func list(_ directory: FilePath) throws(Errno) -> [String]
    /// The file system that holds the path.
    func volume(of path: FilePath) throws(Errno) -> Volume

    // MARK: Sockets

    /// A listening socket, and the address it got where port 0 was asked for. Where it is a file, only its owner can
    /// connect (mode 0600), and what a dead process left there is replaced.
    func listen(on address: SocketAddress) throws(Errno) -> (Handle, SocketAddress)
    /// Ends whatever waits on the listener with `ECANCELED`, and removes its file.
    func stopListening(_ listener: Handle, on address: SocketAddress)
    func accept(_ listener: Handle, _ completion: Completion)
    /// A socket that is not connected yet.
    func makeSocket(for address: SocketAddress) throws(Errno) -> Handle
    func connect(_ socket: Handle, to address: SocketAddress, _ completion: Completion)
    /// The peer's address without its port; nil where it has gone.
    func peerHost(_ socket: Handle) -> String?
    /// 0 means that the peer sends no more.
    func receive(_ socket: Handle, into bytes: UnsafeMutableRawBufferPointer, _ completion: Completion)
    /// `more`: something follows at once, so a packet may wait for it.
    func send(
        _ socket: Handle, _ bytes: UnsafeRawBufferPointer, more: Bool, _ completion: Completion)
    /// Sends file bytes without copying, before it returns: a count, or a negated errno: `-EAGAIN`
    /// while the socket is full, `notResident` where a disk would have to be waited for.
    func sendFileNow(_ socket: Handle, _ file: Handle, at offset: UInt64, count: Int) -> Int
    /// The same through the kernel's workers, for bytes that are not in the page cache.
    func sendFile(
        _ socket: Handle, _ file: Handle, at offset: UInt64, count: Int
    ) async throws(Errno) -> Int
    /// Small packets are sent without waiting for more (TCP_NODELAY): replies are written whole.
    func sendAtOnce(_ socket: Handle)
    func awaitWritable(_ socket: Handle, _ completion: Completion)
    /// Ends both directions: a task that waits on the socket gets 0 or an error.
    func shutdown(_ socket: Handle)
    /// Ends one direction: a task that receives gets 0, and what is sent still goes out.
    func shutdownReceiving(_ socket: Handle)
    /// Ends the other direction: the peer gets what was sent, and then the end.
    func shutdownSending(_ socket: Handle)
    /// Ends whatever waits on the handle with `ECANCELED`.
    func cancel(_ handle: Handle)
}

/// The space of a file system.
package struct Volume: Hashable, Sendable {
    package let totalBytes: UInt64
    /// What is free for files of this process.
    package let usableBytes: UInt64

    package init(totalBytes: UInt64, usableBytes: UInt64) {
        self.totalBytes = totalBytes
        self.usableBytes = usableBytes
    }
}

/// What `sendFileNow` returns where the bytes are not in the page cache: no errno that sendfile(2)
/// has.
package let notResident = Int.min

/// A point in monotonic time, in nanoseconds.
package struct Instant: Hashable, Comparable, Sendable {
    package var nanoseconds: UInt64

    package init(nanoseconds: UInt64) { self.nanoseconds = nanoseconds }

    package func advanced(by duration: Duration) -> Instant {
        let (seconds, attoseconds) = duration.components
        let whole = max(0, seconds).multipliedReportingOverflow(by: 1_000_000_000)
        guard !whole.overflow else { return .distantFuture }
        let sum = nanoseconds.addingReportingOverflow(
            UInt64(whole.partialValue) &+ UInt64(max(0, attoseconds) / 1_000_000_000))
        return sum.overflow ? .distantFuture : Instant(nanoseconds: sum.partialValue)
    }

    package func duration(to later: Instant) -> Duration {
        .nanoseconds(Int64(clamping: later.nanoseconds) - Int64(clamping: nanoseconds))
    }

    package static let distantFuture = Instant(nanoseconds: .max)

    package static func < (left: Instant, right: Instant) -> Bool {
        left.nanoseconds < right.nanoseconds
    }
}
