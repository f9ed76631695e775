internal import Foundation

/// Standard output in large pieces.
struct Output: ~Copyable {
    private var buffer: [UInt8] = []
    private static let bytesMax = 1 << 20

    init() {
        buffer.reserveCapacity(Self.bytesMax + 4096)
        // A reader that has seen enough, such as `head`, closes the pipe; write then says EPIPE.
        signal(SIGPIPE, SIG_IGN)
    }

    mutating func append(_ bytes: UnsafeRawBufferPointer) throws {
        buffer.append(contentsOf: bytes)
        if buffer.count >= Self.bytesMax { try flush() }
    }

    mutating func append(_ bytes: [UInt8]) throws {
        buffer.append(contentsOf: bytes)
        if buffer.count >= Self.bytesMax { try flush() }
    }

    mutating func append(_ text: String) throws { try append(Array(text.utf8)) }

    /// - Throws: `OutputClosed` where nobody reads any more.
    mutating func flush() throws {
        var done = 0
        while done < buffer.count {
            let count = buffer.withUnsafeBytes { write(1, $0.baseAddress! + done, $0.count - done) }
            if count < 0, errno == EINTR { continue }
            if count < 0, errno == EPIPE { throw OutputClosed() }
            guard count >= 0 else {
                throw CommandError("the output cannot be written: \(String(cString: strerror(errno)))")
            }
            done += count
        }
        buffer.removeAll(keepingCapacity: true)
    }
}

/// Nobody reads the output any more, which is no failure.
struct OutputClosed: Error {}
