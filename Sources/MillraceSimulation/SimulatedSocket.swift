internal import MillraceShard
internal import SystemPackage

/// One end of a connection: bytes that have arrived, and what waits for them.
final class SimulatedSocket {
    static let capacity = 128 << 10

    private let simulation: Simulation
    weak var owner: SimulatedProcess?
    private weak var peer: SimulatedSocket?

    // What has arrived here, and what is on its way.
    private var arrived: [UInt8] = []
    private var taken = 0
    private var underWayCount = 0
    private var lastArrival: UInt64 = 0
    private var losesArrivals = false
    private var hasEnded = false
    private var isReset = false

    // What this end does.
    private var isSendingEnded = false
    private var receiver: (operation: UInt64, bytes: UnsafeMutableRawBufferPointer)?
    private var isReceiveScheduled = false
    private var senders: [(operation: UInt64, bytes: UnsafeRawBufferPointer)] = []
    private var writableWaiters: [UInt64] = []

    private init(_ simulation: Simulation) { self.simulation = simulation }

    static func pair(_ simulation: Simulation) -> (SimulatedSocket, SimulatedSocket) {
        let (left, right) = (SimulatedSocket(simulation), SimulatedSocket(simulation))
        left.peer = right
        right.peer = left
        return (left, right)
    }

    private var availableCount: Int { arrived.count - taken }

    /// How many bytes may be sent from here before the peer has to read.
    private var room: Int {
        guard let peer else { return 0 }
        return max(0, Self.capacity - peer.availableCount - peer.underWayCount)
    }

    /// The error of sending from here; nil where it can be tried.
    private var sendError: Errno? {
        if isReset { return .connectionReset }
        return isSendingEnded || peer == nil ? .brokenPipe : nil
    }

    // MARK: Receiving

    func receive(_ operation: UInt64, _ bytes: UnsafeMutableRawBufferPointer) {
        receiver = (operation, bytes)
        scheduleReceive()
    }

    private func scheduleReceive() {
        guard receiver != nil, !isReceiveScheduled, availableCount > 0 || hasEnded || isReset
        else { return }
        isReceiveScheduled = true
        simulation.after(simulation.random.within(500...5000)) { [self] in
            isReceiveScheduled = false
            guard let owner, owner.isAlive, let receiver, owner.isPending(receiver.operation)
            else { return }
            self.receiver = nil
            owner.finish(receiver.operation, take(into: receiver.bytes))
        }
    }

    private func take(into bytes: UnsafeMutableRawBufferPointer) -> Int {
        if isReset { return -Int(Errno.connectionReset.rawValue) }
        var count = min(bytes.count, availableCount)
        // A stream has no borders: now and then less comes than is there.
        if count > 1, simulation.random.oneIn(8) { count = simulation.random.within(1...count) }
        arrived.withUnsafeBytes {
            bytes.copyMemory(from: UnsafeRawBufferPointer(rebasing: $0[taken..<(taken + count)]))
        }
        taken += count
        if taken == arrived.count || taken >= 64 << 10 {
            arrived.removeFirst(taken)
            taken = 0
        }
        peer?.roomCame()
        return count
    }

    // MARK: Sending

    func send(_ operation: UInt64, _ bytes: UnsafeRawBufferPointer) {
        senders.append((operation, bytes))
        simulation.after(simulation.random.within(500...5000)) { [self] in roomCame() }
    }

    /// Sends file bytes at once: a count or a negated errno.
    func sendNow(_ bytes: UnsafeRawBufferPointer) -> Int {
        if let sendError { return -Int(sendError.rawValue) }
        let count = min(bytes.count, room)
        guard count > 0 else { return -Int(Errno.resourceTemporarilyUnavailable.rawValue) }
        carry(UnsafeRawBufferPointer(rebasing: bytes[..<count]))
        return count
    }

    func awaitWritable(_ operation: UInt64) {
        writableWaiters.append(operation)
        simulation.after(simulation.random.within(500...5000)) { [self] in roomCame() }
    }

    private func roomCame() {
        guard let owner, owner.isAlive else { return }
        while let first = senders.first, sendError != nil || room > 0 {
            senders.removeFirst()
            guard owner.isPending(first.operation) else { continue }
            if let sendError {
                owner.finish(first.operation, -Int(sendError.rawValue))
                continue
            }
            var count = min(first.bytes.count, room)
            if count > 1, simulation.random.oneIn(16) {
                count = simulation.random.within(1...count)
            }
            carry(UnsafeRawBufferPointer(rebasing: first.bytes[..<count]))
            owner.finish(first.operation, count)
        }
        guard sendError != nil || room > 0 else { return }
        let woken = writableWaiters
        writableWaiters = []
        for operation in woken { owner.finish(operation, 4) }
    }

    private func carry(_ bytes: UnsafeRawBufferPointer) {
        guard let peer, !bytes.isEmpty else { return }
        let copy = [UInt8](bytes)
        peer.underWayCount += copy.count
        peer.later { [weak self] in
            peer.underWayCount -= copy.count
            guard !peer.losesArrivals, !peer.isReset else { return }
            peer.arrived += copy
            peer.scheduleReceive()
            withExtendedLifetime(self) {}
        }
    }

    /// Lets something arrive here, after all that was sent before.
    private func later(_ action: @escaping () -> Void) {
        let delay =
            simulation.random.oneIn(200)
            ? simulation.random.within(1_000_000...20_000_000)
            : simulation.random.within(10_000...100_000)
        lastArrival = max(lastArrival, simulation.now + UInt64(delay))
        simulation.at(lastArrival, action)
    }

    // MARK: Ending

    private func endPeer() {
        guard !isSendingEnded else { return }
        isSendingEnded = true
        peer.map { peer in
            peer.later {
                peer.hasEnded = true
                peer.scheduleReceive()
            }
        }
    }

    func shutdown() {
        endPeer()
        shutdownReceiving()
        roomCame()
    }

    func shutdownSending() {
        endPeer()
        roomCame()
    }

    func shutdownReceiving() {
        hasEnded = true
        scheduleReceive()
    }

    func close() {
        // Bytes that nobody will read: TCP tells the sender with a reset.
        if availableCount > 0 { resetPeer(after: 0) } else { endPeer() }
        leave()
    }

    /// The end's machine or process has gone: the peer hears of it soon, or only when it asks, long
    /// after.
    func die(losingBytes: Bool) {
        let isSilent = simulation.random.oneIn(3)
        if losingBytes { peer?.losesArrivals = true }
        resetPeer(after: isSilent ? simulation.random.within(1...5) * 1_000_000_000 : 0)
        leave()
    }

    private func resetPeer(after nanoseconds: Int) {
        guard let peer else { return }
        peer.lastArrival = max(peer.lastArrival, simulation.now + UInt64(nanoseconds))
        peer.later {
            peer.isReset = true
            peer.scheduleReceive()
            peer.roomCame()
        }
    }

    private func leave() {
        isSendingEnded = true
        isReset = true
        receiver = nil
        senders = []
        writableWaiters = []
    }
}
