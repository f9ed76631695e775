internal import MillraceShard
internal import SystemPackage

/// What the shards of one node share: open files and sockets, and the operations that have not
/// completed.
///
/// After `isAlive` has become false nothing of it has an effect any more, and nothing draws from
/// the seed.
final class SimulatedProcess {
    enum Open {
        case file(SimulatedDisk.OpenFile)
        case socket(SimulatedSocket)
        case listener(SimulatedListener)
        case unconnected
    }

    private struct Pending {
        let completion: Completion
        let handle: Handle?
        /// For a write: puts a part of its bytes where they belong, of 0 to 8 parts.
        let land: ((Int) -> Void)?
    }

    let number: Int
    let simulation: Simulation
    let disk: SimulatedDisk
    private(set) var isAlive = true
    private var handles: [Int32: Open] = [:]
    private var handleCount: Int32 = 2
    private var pending: [UInt64: Pending] = [:]
    private var operationCount: UInt64 = 0

    init(number: Int, simulation: Simulation, disk: SimulatedDisk) {
        self.number = number
        self.simulation = simulation
        self.disk = disk
    }

    // MARK: Handles

    func open(_ open: Open) -> Handle {
        handleCount += 1
        handles[handleCount] = open
        if case .socket(let socket) = open { socket.owner = self }
        return Handle(rawValue: handleCount)
    }

    func replace(_ handle: Handle, _ open: Open) {
        handles[handle.rawValue] = open
        if case .socket(let socket) = open { socket.owner = self }
    }

    subscript(handle: Handle) -> Open? { handles[handle.rawValue] }

    func file(_ handle: Handle) throws(Errno) -> SimulatedDisk.OpenFile {
        guard isAlive else { throw .canceled }
        guard case .file(let file) = handles[handle.rawValue] else { throw .badFileDescriptor }
        return file
    }

    func socket(_ handle: Handle) throws(Errno) -> SimulatedSocket {
        guard isAlive else { throw .canceled }
        switch handles[handle.rawValue] {
        case .socket(let socket): return socket
        case .unconnected: throw .socketNotConnected
        default: throw .badFileDescriptor
        }
    }

    func close(_ handle: Handle) {
        guard let open = handles.removeValue(forKey: handle.rawValue), isAlive else { return }
        switch open {
        case .file(let file):
            if file.inode.lock?.owner == number, file.inode.lock?.handle == handle {
                file.inode.lock = nil
            }
        case .socket(let socket): socket.close()
        case .listener(let listener): listener.close()
        case .unconnected: break
        }
    }

    // MARK: Operations

    /// Starts an operation that ends by `finish`.
    /// - Returns: nil where the process is dead, and the completion has gone on already.
    func wait(
        _ handle: Handle?, _ completion: Completion, land: ((Int) -> Void)? = nil
    ) -> UInt64? {
        guard isAlive else {
            completion.resume(returning: -Errno.canceled.rawValue)
            return nil
        }
        operationCount += 1
        pending[operationCount] = Pending(completion: completion, handle: handle, land: land)
        return operationCount
    }

    /// Starts an operation that ends after a while with what the effect returns.
    func begin(
        _ handle: Handle?, _ completion: Completion, nanoseconds: ClosedRange<Int>,
        land: ((Int) -> Void)? = nil, _ effect: @escaping () -> Int
    ) {
        guard let operation = wait(handle, completion, land: land) else { return }
        simulation.after(delay(nanoseconds)) { [self] in
            guard isAlive, pending[operation] != nil else { return }
            finish(operation, effect())
        }
    }

    /// Most operations are near the lower end; now and then one takes ten times the upper.
    func delay(_ nanoseconds: ClosedRange<Int>) -> Int {
        let usual = simulation.random.within(nanoseconds)
        return simulation.random.oneIn(100) ? usual * 10 : usual
    }

    func isPending(_ operation: UInt64) -> Bool { pending[operation] != nil }

    func finish(_ operation: UInt64, _ result: Int) {
        guard let ended = pending.removeValue(forKey: operation) else { return }
        simulation.note(UInt64(bitPattern: Int64(result)))
        ended.completion.resume(returning: Int32(clamping: result))
    }

    func cancel(_ handle: Handle) {
        guard isAlive else { return }
        for operation in pending.keys.sorted() where pending[operation]?.handle == handle {
            finish(operation, -Int(Errno.canceled.rawValue))
        }
    }

    // MARK: The end

    /// The process is no more: writes under way are done in part, or whole, or not.
    func die() {
        for operation in pending.keys.sorted() {
            guard let land = pending[operation]?.land else { continue }
            land(simulation.random.below(9))
        }
        let lost = simulation.random.oneIn(2)
        isAlive = false
        for number in handles.keys.sorted() {
            switch handles[number] {
            case .socket(let socket): socket.die(losingBytes: lost)
            case .listener(let listener): listener.close()
            default: break
            }
        }
        disk.processEnded(number)
    }

    /// Lets every task go on that still waits.
    func unwind() {
        for operation in pending.keys.sorted() {
            let ended = pending.removeValue(forKey: operation)
            ended?.completion.resume(returning: -Errno.canceled.rawValue)
        }
        handles = [:]
    }
}
