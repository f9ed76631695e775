internal import MillraceShard
internal import SystemPackage

/// Who listens where.
final class SimulatedNetwork {
    private var listeners: [SocketAddress: SimulatedListener] = [:]
    private var lastPort: UInt16 = 40_000

    func listen(
        on address: SocketAddress, _ process: SimulatedProcess
    ) throws(Errno) -> SimulatedListener {
        var address = address
        if case .internet(let host, 0) = address {
            lastPort &+= 1
            address = SocketAddress(host: host, port: lastPort)
        }
        guard listeners[address] == nil else { throw .addressInUse }
        let listener = SimulatedListener(address, self, process)
        listeners[address] = listener
        return listener
    }

    func forget(_ address: SocketAddress) { listeners[address] = nil }

    subscript(address: SocketAddress) -> SimulatedListener? { listeners[address] }
}

/// A listening socket and the connections that nobody has accepted yet.
final class SimulatedListener {
    let address: SocketAddress
    private let network: SimulatedNetwork
    private unowned let process: SimulatedProcess
    private var backlog: [SimulatedSocket] = []
    private var acceptors: [UInt64] = []

    init(_ address: SocketAddress, _ network: SimulatedNetwork, _ process: SimulatedProcess) {
        self.address = address
        self.network = network
        self.process = process
    }

    func arrive(_ socket: SimulatedSocket) {
        backlog.append(socket)
        match()
    }

    func accept(_ operation: UInt64) {
        acceptors.append(operation)
        match()
    }

    private func match() {
        acceptors.removeAll { !process.isPending($0) }
        while !backlog.isEmpty, !acceptors.isEmpty {
            let handle = process.open(.socket(backlog.removeFirst()))
            process.finish(acceptors.removeFirst(), Int(handle.rawValue))
        }
    }

    func close() {
        network.forget(address)
        for socket in backlog { socket.die(losingBytes: false) }
        backlog = []
    }
}
