package import MillraceModel
package import MillraceRing
package import MillraceShard
package import SystemPackage

/// The device of one simulated shard: virtual time, a disk that forgets, a network that delays.
package final class SimulatedDevice: IODevice {
    let process: SimulatedProcess
    var simulation: Simulation { process.simulation }
    var disk: SimulatedDisk { process.disk }

    init(_ process: SimulatedProcess) { self.process = process }

    // MARK: Time

    package var now: Instant { Instant(nanoseconds: simulation.now) }

    /// The world began on 14 November 2023.
    package var wallClock: Timestamp {
        Timestamp(milliseconds: 1_700_000_000_000 + Int64(simulation.now / 1_000_000))
    }

    /// What is dead draws nothing, or the seed's story would depend on how it ended.
    package func random() -> UInt64 { process.isAlive ? simulation.random.next() : 0 }

    // MARK: Files

    package func open(_ path: FilePath, _ access: FileAccess, _ completion: Completion) {
        process.begin(nil, completion, nanoseconds: 2_000...20_000) { [process] in
            Self.result { () throws(Errno) in
                Int(process.open(.file(try process.disk.open(path, access))).rawValue)
            }
        }
    }

    package func close(_ handle: Handle) { process.close(handle) }

    package func read(
        _ file: Handle, into bytes: UnsafeMutableRawBufferPointer, at offset: UInt64,
        _ completion: Completion
    ) {
        let open = Result { () throws(Errno) in try process.file(file) }
        process.begin(nil, completion, nanoseconds: 5_000...100_000) { [process] in
            Self.result { () throws(Errno) in
                let open = try open.get()
                if process.disk.strikes(.read, open) { throw .ioError }
                return open.inode.read(into: bytes, at: offset)
            }
        }
    }

    package func write(
        _ file: Handle, _ bytes: UnsafeRawBufferPointer, at offset: UInt64, durable: Bool,
        _ completion: Completion
    ) {
        let slice = IOSlice(bytes)
        write(file, [slice], at: offset, durable: durable, completion)
    }

    package func write(
        _ file: Handle, slices: UnsafeBufferPointer<IOSlice>, at offset: UInt64, durable: Bool,
        _ completion: Completion
    ) {
        write(file, Array(slices), at: offset, durable: durable, completion)
    }

    package func write(
        _ file: Handle, registered buffer: Int, _ bytes: UnsafeRawBufferPointer, at offset: UInt64,
        durable: Bool, _ completion: Completion
    ) {
        write(file, [IOSlice(bytes)], at: offset, durable: durable, completion)
    }

    package func registerBuffers(_ buffers: [UnsafeMutableRawBufferPointer]) -> Bool {
        process.isAlive && !simulation.random.oneIn(4)
    }

    private func write(
        _ file: Handle, _ slices: [IOSlice], at offset: UInt64, durable: Bool,
        _ completion: Completion
    ) {
        let open = Result { () throws(Errno) in try process.file(file) }
        let total = slices.reduce(0) { $0 + $1.count }
        let put: (Int, Bool) -> Void = { count, durable in
            guard case .success(let open) = open else { return }
            Self.put(slices, count, open.inode, at: offset, durable: durable)
        }
        // Cut off in the middle, a write has reached the cache up to one of its sectors; what the
        // disk has of it is for the power cut to decide.
        let land: (Int) -> Void = { eighths in put(total * eighths / 8 / 512 * 512, false) }
        let time = durable ? 30_000...300_000 : 5_000...80_000
        process.begin(nil, completion, nanoseconds: time, land: land) { [process] in
            Self.result { () throws(Errno) in
                let open = try open.get()
                if open.isDirect, offset % 4096 != 0 || total % 4096 != 0 {
                    throw .invalidArgument
                }
                if process.disk.strikes(.write, open) {
                    // What a failed write has left behind is anybody's guess.
                    put(total * process.simulation.random.below(9) / 8 / 512 * 512, false)
                    throw .ioError
                }
                try process.disk.reserve(open.inode, at: offset, count: UInt64(max(1, total)))
                put(total, durable)
                return total
            }
        }
    }

    package func writeNow(
        _ file: Handle, slices: UnsafeBufferPointer<IOSlice>, at offset: UInt64
    ) -> Int {
        let total = slices.reduce(0) { $0 + $1.count }
        return Self.result { () throws(Errno) in
            let open = try process.file(file)
            if disk.strikes(.write, open) { throw .ioError }
            try disk.reserve(open.inode, at: offset, count: UInt64(max(1, total)))
            Self.put(Array(slices), total, open.inode, at: offset, durable: false)
            return total
        }
    }

    private static func put(
        _ slices: [IOSlice], _ count: Int, _ inode: Inode, at offset: UInt64, durable: Bool
    ) {
        var done = 0
        for slice in slices where done < count {
            let bytes = UnsafeRawBufferPointer(
                start: slice.base, count: min(slice.count, count - done))
            inode.write(bytes, at: offset + UInt64(done), durable: durable)
            done += bytes.count
        }
    }

    package func synchronize(_ file: Handle, dataOnly: Bool, _ completion: Completion) {
        let open = Result { () throws(Errno) in try process.file(file) }
        let snapshot = (try? open.get())?.inode.snapshot()
        process.begin(nil, completion, nanoseconds: 50_000...2_000_000) { [process] in
            Self.result { () throws(Errno) in
                let open = try open.get()
                guard let snapshot else { return 0 }
                if process.disk.strikes(.synchronize, open) {
                    open.inode.fail(snapshot)
                    throw .ioError
                }
                open.inode.commit(snapshot)
                return 0
            }
        }
    }

    package func reserve(
        _ file: Handle, at offset: UInt64, count: UInt64, _ completion: Completion
    ) {
        let open = Result { () throws(Errno) in try process.file(file) }
        process.begin(nil, completion, nanoseconds: 5_000...50_000) { [process] in
            Self.result { () throws(Errno) in
                try process.disk.reserve(try open.get().inode, at: offset, count: count)
                return 0
            }
        }
    }

    /// Pages reach the disk sooner, which promises nothing: the power cut decides as before.
    package func startWriteback(_ file: Handle, at offset: UInt64, count: UInt64) {}

    package func rename(_ from: FilePath, to: FilePath, _ completion: Completion) {
        process.begin(nil, completion, nanoseconds: 5_000...50_000) { [disk] in
            Self.result { () throws(Errno) in
                try disk.rename(from, to: to)
                return 0
            }
        }
    }

    package func remove(_ path: FilePath, directory: Bool, _ completion: Completion) {
        process.begin(nil, completion, nanoseconds: 5_000...50_000) { [disk] in
            Self.result { () throws(Errno) in
                try disk.remove(path, directory: directory)
                return 0
            }
        }
    }

    package func lock(_ file: Handle) throws(Errno) {
        let inode = try process.file(file).inode
        guard inode.lock == nil else { throw .resourceTemporarilyUnavailable }
        inode.lock = (process.number, file)
    }

    package func size(_ file: Handle) throws(Errno) -> UInt64 {
        try process.file(file).inode.liveSize
    }

    package func truncate(_ file: Handle, to size: UInt64) throws(Errno) {
        try process.file(file).inode.truncate(to: size)
    }

    package func makeDirectory(_ path: FilePath) throws(Errno) {
        guard process.isAlive else { throw .canceled }
        try disk.makeDirectory(path)
    }

    package func list(_ directory: FilePath) throws(Errno) -> [String] {
        guard process.isAlive else { throw .canceled }
        return try disk.list(directory)
    }

    package func volume(of path: FilePath) throws(Errno) -> Volume {
        guard process.isAlive else { throw .canceled }
        _ = try disk.list(path)
        return Volume(
            totalBytes: disk.capacity, usableBytes: disk.capacity - min(disk.capacity, disk.used))
    }

    static func result(_ body: () throws(Errno) -> Int) -> Int {
        do throws(Errno) { return try body() } catch { return -Int(error.rawValue) }
    }
}
