internal import Glibc
package import SystemPackage

// Sockets that listen, and the files of those that listen in the file system.

extension RingDevice {
    package func listen(
        on address: SocketAddress
    ) throws(Errno) -> (Handle, SocketAddress) {
        switch address {
        case .internet(let host, _):
            let listener = try address.withResolved(passive: true) { family, resolved throws(Errno) in
                try Self.listener(family) { listener throws(Errno) in
                    Self.set(listener, SOL_SOCKET, SO_REUSEADDR)
                    try Self.bind(listener, resolved)
                }
            }
            return (
                Handle(rawValue: listener), SocketAddress(host: host, port: try Self.port(of: listener))
            )
        case .unix(let path):
            let listener = try address.withResolved(passive: true) { family, resolved throws(Errno) in
                try Self.listener(family) { listener throws(Errno) in
                    do throws(Errno) {
                        try Self.bind(listener, resolved)
                    } catch .addressInUse {
                        try Self.removeStale(path, resolved)
                        try Self.bind(listener, resolved)
                    }
                    // Nobody can connect before it listens, so there is no moment at which others could.
                    guard chmod(path, 0o600) == 0 else { throw Errno(rawValue: errno) }
                }
            }
            socketFiles[listener] = FileIdentity(path)
            return (Handle(rawValue: listener), address)
        }
    }

    package func stopListening(_ listener: Handle, on address: SocketAddress) {
        cancel(listener)
        guard case .unix(let path) = address else { return }
        // Somebody else may have put another one in its place.
        if let made = socketFiles.removeValue(forKey: listener.rawValue), made == FileIdentity(path) {
            unlink(path)
        }
    }

    /// Makes a socket, lets the body bind it, and has it listen.
    private static func listener(
        _ family: Int32, _ body: (Int32) throws(Errno) -> Void
    ) throws(Errno) -> Int32 {
        let listener = try socket(family)
        do throws(Errno) {
            try body(listener)
            guard Glibc.listen(listener, 4096) == 0 else { throw Errno(rawValue: errno) }
            return listener
        } catch {
            Glibc.close(listener)
            throw error
        }
    }

    private static func bind(_ listener: Int32, _ address: UnsafeRawBufferPointer) throws(Errno) {
        let bound = address.withMemoryRebound(to: sockaddr.self) {
            Glibc.bind(listener, $0.baseAddress, socklen_t(address.count))
        }
        guard bound == 0 else { throw Errno(rawValue: errno) }
    }

    /// Removes the socket that a process left behind which ended without a stop.
    /// - Throws: `EADDRINUSE` where somebody listens on it, `ENOTSOCK` where it is another kind of file.
    private static func removeStale(_ path: String, _ address: UnsafeRawBufferPointer) throws(Errno) {
        var status = stat()
        guard lstat(path, &status) == 0 else {
            // It has gone in between.
            if errno == ENOENT { return }
            throw Errno(rawValue: errno)
        }
        guard status.st_mode & S_IFMT == S_IFSOCK else { throw .notSocket }
        let probe = try socket(AF_UNIX)
        defer { Glibc.close(probe) }
        let connected = address.withMemoryRebound(to: sockaddr.self) {
            Glibc.connect(probe, $0.baseAddress, socklen_t(address.count))
        }
        guard connected != 0, errno == ECONNREFUSED else { throw .addressInUse }
        guard unlink(path) == 0 else { throw Errno(rawValue: errno) }
    }

    private static func port(of socket: Int32) throws(Errno) -> UInt16 {
        var storage = sockaddr_storage()
        var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
        let result = withUnsafeMutablePointer(to: &storage) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                getsockname(socket, $0, &length)
            }
        }
        guard result == 0 else { throw Errno(rawValue: errno) }
        // The port stands at the same place in the address of either family, in network order.
        return withUnsafeBytes(of: storage) {
            UInt16(bigEndian: $0.loadUnaligned(fromByteOffset: 2, as: UInt16.self))
        }
    }
}

/// Which file a path leads to.
struct FileIdentity: Equatable {
    private let device: UInt64
    private let inode: UInt64

    init?(_ path: String) {
        var status = stat()
        guard lstat(path, &status) == 0 else { return nil }
        device = UInt64(status.st_dev)
        inode = UInt64(status.st_ino)
    }
}

extension SocketAddress {
    /// Hands over the family and the address as system calls take it.
    /// - Throws: `EADDRNOTAVAIL` for a name that does not resolve, `ENAMETOOLONG` for a path over 107 bytes.
    func withResolved<Result>(
        passive: Bool, _ body: (Int32, UnsafeRawBufferPointer) throws(Errno) -> Result
    ) throws(Errno) -> Result {
        switch self {
        case .internet(let host, let port):
            var hints = addrinfo()
            hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
            hints.ai_flags = passive ? AI_PASSIVE : 0
            var found: UnsafeMutablePointer<addrinfo>?
            guard getaddrinfo(host, String(port), &hints, &found) == 0, let found else {
                throw .addressNotAvailable
            }
            defer { freeaddrinfo(found) }
            return try body(
                found.pointee.ai_family,
                UnsafeRawBufferPointer(
                    start: found.pointee.ai_addr, count: Int(found.pointee.ai_addrlen)))
        case .unix(let path):
            var address = sockaddr_un()
            address.sun_family = sa_family_t(AF_UNIX)
            // The last byte stays 0.
            guard path.utf8.count < MemoryLayout.size(ofValue: address.sun_path) else {
                throw .fileNameTooLong
            }
            withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
            return try withUnsafeBytes(of: address) { bytes throws(Errno) in try body(AF_UNIX, bytes) }
        }
    }
}
