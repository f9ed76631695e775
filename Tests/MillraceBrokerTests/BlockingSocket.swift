import Glibc

/// A plain blocking socket, so that a test's client has neither task nor executor.
struct BlockingSocket: ~Copyable {
    private let socket: Int32
    private let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 256 << 10, alignment: 8)

    enum Failure: Error { case refused(Int32), closed }

    init(port: UInt16) throws {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = inet_addr("127.0.0.1")
        try self.init(AF_INET, address)
    }

    init(path: String) throws {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
        try self.init(AF_UNIX, address)
    }

    private init<Address>(_ family: Int32, _ address: Address) throws {
        socket = Glibc.socket(family, Int32(SOCK_STREAM.rawValue), 0)
        let result = withUnsafeBytes(of: address) {
            connect(
                socket, $0.baseAddress!.assumingMemoryBound(to: sockaddr.self),
                socklen_t($0.count))
        }
        guard result == 0 else {
            let error = errno
            close(socket)
            throw Failure.refused(error)
        }
        // A broker that says nothing fails the test instead of hanging it.
        var limit = timeval(tv_sec: 20, tv_usec: 0)
        setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
    }

    deinit {
        close(socket)
        buffer.deallocate()
    }

    func sendAll(_ bytes: [UInt8]) {
        var done = 0
        while done < bytes.count {
            let sent = bytes.withUnsafeBytes {
                Glibc.send(socket, $0.baseAddress! + done, $0.count - done, Int32(MSG_NOSIGNAL))
            }
            guard sent > 0 else { return }
            done += sent
        }
    }

    /// - Returns: false when the peer sends no more.
    /// - Throws: `closed` for a connection that was reset, or that is silent for long.
    func receive(_ body: (UnsafeRawBufferPointer) -> Void) throws -> Bool {
        let count = recv(socket, buffer.baseAddress, buffer.count, 0)
        guard count >= 0 else { throw Failure.closed }
        body(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
        return count > 0
    }

    /// Waits for what can be received.
    /// - Returns: whether there was something in so many milliseconds.
    func isReadable(within milliseconds: Int32) -> Bool {
        var wanted = pollfd(fd: socket, events: Int16(POLLIN), revents: 0)
        return poll(&wanted, 1, milliseconds) > 0
    }
}
