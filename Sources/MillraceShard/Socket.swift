internal import MillraceRing
package import SystemPackage

/// A connected socket of one shard; it closes when its last user lets go. All calls are made on
/// that shard.
package final class Socket: @unchecked Sendable {
    package let handle: Handle
    package let shard: Shard

    init(handle: Handle, shard: Shard) {
        self.handle = handle
        self.shard = shard
    }

    deinit { shard.device.close(handle) }

    package static func connect(
        to address: SocketAddress, on shard: Shard
    ) async throws(Errno) -> Socket {
        let socket = Socket(handle: try shard.device.makeSocket(for: address), shard: shard)
        _ = try await checked { shard.device.connect(socket.handle, to: address, $0) }
        return socket
    }

    /// - Returns: bytes received; 0 when the peer sends no more.
    package func receive(into bytes: UnsafeMutableRawBufferPointer) async throws(Errno) -> Int {
        try await checked { shard.device.receive(handle, into: bytes, $0) }
    }

    /// Sends all of the bytes. `more`: something follows at once, so the last packet may wait for
    /// it.
    package func send(
        _ bytes: UnsafeRawBufferPointer, more: Bool = false
    ) async throws(Errno) {
        var done = 0
        while done < bytes.count {
            let rest = UnsafeRawBufferPointer(rebasing: bytes[done...])
            done += try await checked { shard.device.send(handle, rest, more: more, $0) }
        }
    }

    /// Sends a range of a file without copying it: at once while it is in the page cache and the
    /// socket takes it, through the kernel's workers where a disk has to be waited for.
    /// - Throws: `ENODATA` where the file is shorter than that.
    package func sendFile(
        _ file: File, at offset: UInt64, count: Int
    ) async throws(Errno) {
        var done = 0
        while done < count {
            let position = offset &+ UInt64(done)
            var sent = shard.device.sendFileNow(
                handle, file.handle, at: position, count: count - done)
            if sent == -Int(Errno.resourceTemporarilyUnavailable.rawValue) {
                _ = try await checked { shard.device.awaitWritable(handle, $0) }
                continue
            }
            if sent == notResident {
                sent = try await shard.device.sendFile(
                    handle, file.handle, at: position, count: count - done)
            }
            if sent < 0 { throw Errno(rawValue: Int32(clamping: -sent)) }
            if sent == 0 { throw .noData }
            done += sent
        }
    }

    /// The peer's address without its port, `unix` where it came through a file; empty where it has gone.
    package var peerHost: String { shard.device.peerHost(handle) ?? "" }

    /// Ends both directions: a task that waits on the socket goes on.
    package func shutdown() { shard.device.shutdown(handle) }

    /// Ends one direction: a task that receives gets 0, and what is sent still goes out.
    package func shutdownReceiving() { shard.device.shutdownReceiving(handle) }

    /// Ends the other direction: the peer gets what was sent, and then the end.
    package func shutdownSending() { shard.device.shutdownSending(handle) }
}

/// A listening socket of one shard.
package final class Listener: @unchecked Sendable {
    private let handle: Handle
    private let shard: Shard
    /// Where it listens; the port is the real one where 0 was asked for.
    package let address: SocketAddress

    package init(on address: SocketAddress, shard: Shard) throws(Errno) {
        (handle, self.address) = try shard.device.listen(on: address)
        self.shard = shard
    }

    deinit { shard.device.close(handle) }

    /// - Parameter home: the shard that the socket will belong to; nil for the listener's own.
    /// - Throws: `ECANCELED` after `stop`.
    package func accept(for home: Shard? = nil) async throws(Errno) -> Socket {
        let accepted = try await checked { shard.device.accept(handle, $0) }
        let socket = Socket(handle: Handle(rawValue: Int32(accepted)), shard: home ?? shard)
        shard.device.sendAtOnce(socket.handle)
        return socket
    }

    /// Ends a waiting `accept`, and removes the listener's file where it has one.
    package func stop() { shard.device.stopListening(handle, on: address) }
}
