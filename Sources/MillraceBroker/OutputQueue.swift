internal import DequeModule
internal import MillraceBytes
internal import MillraceNativeProtocol
internal import MillraceShard
internal import MillraceStorage
internal import SystemPackage

/// What a connection has to send, in order: frames, which gather until the socket takes them, and
/// ranges of files, which go out as they lie.
final class OutputQueue {
    private enum Item {
        case bytes([UInt8])
        case file(FileRange)
    }

    private let socket: Socket
    private var items: Deque<Item> = []
    private var gathered = ByteWriter()
    private(set) var bytes = 0
    /// Of all that has gone out.
    private(set) var sentBytes: UInt64 = 0
    private var isClosed = false
    /// Something came, or the queue was closed.
    private let filled: Signal
    /// Something went out, or nothing ever will.
    let drained: Signal
    /// The socket takes nothing more.
    private(set) var hasFailed = false

    init(_ socket: Socket) {
        self.socket = socket
        filled = Signal(on: socket.shard)
        drained = Signal(on: socket.shard)
    }

    /// Adds frames. Those of one turn of the shard leave together.
    func write(_ body: (inout ByteWriter) -> Void) {
        guard !hasFailed else { return }
        let before = gathered.count
        body(&gathered)
        bytes += gathered.count - before
        filled.notifyAll()
    }

    /// Adds what follows the frames written so far.
    func send(_ range: FileRange) {
        guard !hasFailed else { return }
        seal()
        items.append(.file(range))
        bytes += range.count
        filled.notifyAll()
    }

    private func seal() {
        guard gathered.count > 0 else { return }
        items.append(.bytes(gathered.take()))
    }

    /// Sends what is there, and ends the task that does.
    func close() {
        isClosed = true
        filled.notifyAll()
    }

    /// Sends until the queue is closed and empty or the socket fails.
    func run() async {
        do throws(Errno) {
            while true {
                seal()
                guard let item = items.popFirst() else {
                    if isClosed { return }
                    try await filled.wait(after: filled.notices)
                    continue
                }
                switch item {
                case .bytes(let frames):
                    let buffer = frames.withUnsafeBytes { AlignedBuffer(copying: $0) }
                    defer { withExtendedLifetime(buffer) {} }
                    try await socket.send(buffer.bytes, more: isFile(items.first))
                    bytes -= frames.count
                    sentBytes += UInt64(frames.count)
                case .file(let range):
                    try await socket.sendFile(range.file, at: range.position, count: range.count)
                    bytes -= range.count
                    sentBytes += UInt64(range.count)
                }
                drained.notifyAll()
            }
        } catch {
            hasFailed = true
            items.removeAll()
            gathered.removeAll()
            bytes = 0
            // Whoever receives on the socket is to learn of it, too.
            socket.shutdown()
            drained.notifyAll()
        }
    }

    private func isFile(_ item: Item?) -> Bool {
        if case .file = item { return true }
        return false
    }
}
