internal import Glibc
internal import MillraceRing
package import SystemPackage

// What the real device does with a system call of its own, and the cold read, which goes through a
// pipe.

extension RingDevice {
    package func size(_ file: Handle) throws(Errno) -> UInt64 {
        var status = stat()
        guard fstat(file.rawValue, &status) == 0 else { throw Errno(rawValue: errno) }
        return UInt64(max(0, status.st_size))
    }

    package func truncate(_ file: Handle, to size: UInt64) throws(Errno) {
        guard ftruncate(file.rawValue, off_t(clamping: size)) == 0 else {
            throw Errno(rawValue: errno)
        }
    }

    package func makeDirectory(_ path: FilePath) throws(Errno) {
        let result = path.withPlatformString { mkdir($0, 0o755) }
        guard result == 0 || errno == EEXIST else { throw Errno(rawValue: errno) }
    }

    package func list(_ directory: FilePath) throws(Errno) -> [String] {
        guard let stream = directory.withPlatformString({ opendir($0) }) else {
            throw Errno(rawValue: errno)
        }
        defer { closedir(stream) }
        var names: [String] = []
        while let entry = readdir(stream) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if name != ".", name != ".." { names.append(name) }
        }
        return names.sorted()
    }

    package func volume(of path: FilePath) throws(Errno) -> Volume {
        var status = statvfs()
        guard path.withPlatformString({ statvfs($0, &status) }) == 0 else {
            throw Errno(rawValue: errno)
        }
        let block = UInt64(status.f_frsize)
        return Volume(
            totalBytes: UInt64(status.f_blocks) &* block,
            usableBytes: UInt64(status.f_bavail) &* block)
    }

    package func makeSocket(for address: SocketAddress) throws(Errno) -> Handle {
        try address.withResolved(passive: false) { family, _ throws(Errno) in
            let socket = try Self.socket(family)
            Self.set(socket, Int32(IPPROTO_TCP), TCP_NODELAY)
            return Handle(rawValue: socket)
        }
    }

    package func peerHost(_ socket: Handle) -> String? {
        var storage = sockaddr_storage()
        var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
        var host = [CChar](repeating: 0, count: Int(NI_MAXHOST))
        let family = withUnsafeMutablePointer(to: &storage) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { address -> Int32? in
                guard getpeername(socket.rawValue, address, &length) == 0 else { return nil }
                let family = Int32(address.pointee.sa_family)
                guard family != AF_UNIX else { return family }
                let found = getnameinfo(
                    address, length, &host, socklen_t(host.count), nil, 0, NI_NUMERICHOST)
                return found == 0 ? family : nil
            }
        }
        guard let family else { return nil }
        if family == AF_UNIX { return "unix" }
        return String(decoding: host.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
    }

    package func shutdown(_ socket: Handle) {
        _ = Glibc.shutdown(socket.rawValue, Int32(SHUT_RDWR))
    }

    package func shutdownReceiving(_ socket: Handle) {
        _ = Glibc.shutdown(socket.rawValue, Int32(SHUT_RD))
    }

    package func shutdownSending(_ socket: Handle) {
        _ = Glibc.shutdown(socket.rawValue, Int32(SHUT_WR))
    }

    package func sendAtOnce(_ socket: Handle) {
        Self.set(socket.rawValue, Int32(IPPROTO_TCP), TCP_NODELAY)
    }

    static func socket(_ family: Int32) throws(Errno) -> Int32 {
        let kind = Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue)
        let made = Glibc.socket(family, kind, 0)
        guard made >= 0 else { throw Errno(rawValue: errno) }
        return made
    }

    static func set(_ socket: Int32, _ level: Int32, _ option: Int32) {
        var on: Int32 = 1
        setsockopt(socket, level, option, &on, socklen_t(MemoryLayout<Int32>.size))
    }
}

/// A pipe through which a cold read passes from a file to a socket.
struct Pipe {
    let read: Int32
    let write: Int32
    let bytes: Int

    func close() {
        Glibc.close(read)
        Glibc.close(write)
    }
}

extension RingDevice {
    package func sendFile(
        _ socket: Handle, _ file: Handle, at offset: UInt64, count: Int
    ) async throws(Errno) -> Int {
        let pipe = try takePipe()
        do throws(Errno) {
            let wanted = min(count, pipe.bytes)
            let read = try await checked {
                splice(
                    from: file.rawValue, at: offset, to: pipe.write, count: wanted, more: false, $0)
            }
            var sent = 0
            while sent < read {
                do throws(Errno) {
                    sent += try await checked {
                        splice(
                            from: pipe.read, at: nil, to: socket.rawValue, count: read - sent,
                            more: read < count, $0)
                    }
                } catch .resourceTemporarilyUnavailable {
                    _ = try await checked { awaitWritable(socket, $0) }
                }
            }
            pipes.append(pipe)
            return read
        } catch {
            // What is left in the pipe would come out at its next use.
            pipe.close()
            throw error
        }
    }

    private func takePipe() throws(Errno) -> Pipe {
        if let pipe = pipes.popLast() { return pipe }
        let made = try SystemCalls.pipe(bytes: 256 << 10)
        return Pipe(read: made.read, write: made.write, bytes: made.bytes)
    }
}
