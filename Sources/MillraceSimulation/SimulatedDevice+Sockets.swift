package import MillraceShard
package import SystemPackage

extension SimulatedDevice {
    package func listen(
        on address: SocketAddress
    ) throws(Errno) -> (Handle, SocketAddress) {
        guard process.isAlive else { throw .canceled }
        let listener = try simulation.network.listen(on: address, process)
        return (process.open(.listener(listener)), listener.address)
    }

    package func stopListening(_ listener: Handle, on address: SocketAddress) { process.cancel(listener) }

    package func accept(_ listener: Handle, _ completion: Completion) {
        guard let operation = process.wait(listener, completion) else { return }
        guard case .listener(let open) = process[listener] else {
            return process.finish(operation, -Int(Errno.badFileDescriptor.rawValue))
        }
        open.accept(operation)
    }

    package func makeSocket(for address: SocketAddress) throws(Errno) -> Handle {
        guard process.isAlive else { throw .canceled }
        return process.open(.unconnected)
    }

    package func connect(
        _ socket: Handle, to address: SocketAddress, _ completion: Completion
    ) {
        process.begin(socket, completion, nanoseconds: 20_000...200_000) { [process] in
            guard case .unconnected = process[socket] else {
                return -Int(Errno.badFileDescriptor.rawValue)
            }
            guard let listener = process.simulation.network[address] else {
                return -Int(Errno.connectionRefused.rawValue)
            }
            let (near, far) = SimulatedSocket.pair(process.simulation)
            process.replace(socket, .socket(near))
            listener.arrive(far)
            return 0
        }
    }

    package func receive(
        _ socket: Handle, into bytes: UnsafeMutableRawBufferPointer, _ completion: Completion
    ) {
        start(socket, completion) { open, operation in open.receive(operation, bytes) }
    }

    package func send(
        _ socket: Handle, _ bytes: UnsafeRawBufferPointer, more: Bool, _ completion: Completion
    ) {
        start(socket, completion) { open, operation in open.send(operation, bytes) }
    }

    package func awaitWritable(_ socket: Handle, _ completion: Completion) {
        start(socket, completion) { open, operation in open.awaitWritable(operation) }
    }

    private func start(
        _ socket: Handle, _ completion: Completion,
        _ body: (SimulatedSocket, UInt64) -> Void
    ) {
        guard let operation = process.wait(socket, completion) else { return }
        do throws(Errno) {
            body(try process.socket(socket), operation)
        } catch {
            process.finish(operation, -Int(error.rawValue))
        }
    }

    package func sendFileNow(
        _ socket: Handle, _ file: Handle, at offset: UInt64, count: Int
    ) -> Int {
        guard process.isAlive else { return -Int(Errno.canceled.rawValue) }
        if simulation.random.oneIn(8) { return notResident }
        return sendFromCache(socket, file, at: offset, count: count)
    }

    private func sendFromCache(
        _ socket: Handle, _ file: Handle, at offset: UInt64, count: Int
    ) -> Int {
        Self.result { () throws(Errno) in
            let open = try process.file(file)
            let socket = try process.socket(socket)
            if disk.strikes(.read, open) { throw .ioError }
            let wanted = min(count, SimulatedSocket.capacity)
            let bytes = [UInt8](unsafeUninitializedCapacity: wanted) { buffer, filled in
                filled = open.inode.read(into: UnsafeMutableRawBufferPointer(buffer), at: offset)
            }
            guard !bytes.isEmpty else { return 0 }
            return bytes.withUnsafeBytes { socket.sendNow($0) }
        }
    }

    package func sendFile(
        _ socket: Handle, _ file: Handle, at offset: UInt64, count: Int
    ) async throws(Errno) -> Int {
        // The disk takes its time before the bytes are there.
        let woken = await withUnsafeContinuation { (completion: Completion) in
            process.begin(nil, completion, nanoseconds: 20_000...400_000) { 0 }
        }
        if woken < 0 { throw Errno(rawValue: -woken) }
        while true {
            let sent = sendFromCache(socket, file, at: offset, count: count)
            if sent >= 0 { return sent }
            guard sent == -Int(Errno.resourceTemporarilyUnavailable.rawValue) else {
                throw Errno(rawValue: Int32(clamping: -sent))
            }
            let writable = await withUnsafeContinuation { awaitWritable(socket, $0) }
            if writable < 0 { throw Errno(rawValue: -writable) }
        }
    }

    /// All of the simulated world is one host.
    package func peerHost(_ socket: Handle) -> String? { "127.0.0.1" }

    /// Every packet goes out at once here.
    package func sendAtOnce(_ socket: Handle) {}

    package func shutdown(_ socket: Handle) { (try? process.socket(socket))?.shutdown() }

    package func shutdownReceiving(_ socket: Handle) {
        (try? process.socket(socket))?.shutdownReceiving()
    }

    package func shutdownSending(_ socket: Handle) {
        (try? process.socket(socket))?.shutdownSending()
    }

    package func cancel(_ handle: Handle) { process.cancel(handle) }
}
