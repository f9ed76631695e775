import MillraceShard
import MillraceSimulation
import SystemPackage
import Testing

@Suite struct SimulatedDiskTests {
    private let name: FilePath = "/a"

    /// Writes on a first node, cuts the power after it, and reads on a second one.
    private func survivors(
        seed: UInt64, _ write: @escaping @Sendable (Shard) async throws -> Void
    ) throws -> String? {
        let simulation = Simulation(seed: seed)
        let disk = SimulatedDisk()
        let first = SimulatedNode(simulation, disk: disk, shardCount: 1)
        try first.run { [shard = first.shards[0]] in try await write(shard) }
        first.kill(powerCut: true)
        let second = SimulatedNode(simulation, disk: disk, shardCount: 1)
        defer { second.kill(powerCut: false) }
        return try second.run { [shard = second.shards[0]] in
            guard let file = try? await File.open("/a", .read, on: shard) else { return nil }
            return try await file.text()
        }
    }

    @Test func filesAreWrittenReadRenamedAndListed() throws {
        let simulation = Simulation(seed: 1)
        let node = SimulatedNode(simulation, disk: SimulatedDisk(), shardCount: 1)
        let shard = node.shards[0]
        let found = try node.run {
            try shard.device.makeDirectory("/d")
            try shard.device.makeDirectory("/d")
            let file = try await File.open("/d/x", .create, on: shard)
            try await file.write("hello, world", at: 5000)
            try file.truncate(to: 5005)
            try await shard.rename("/d/x", to: "/d/y")
            let copy = try await File.open("/d/y", .read, on: shard)
            let text = try await copy.text()
            await #expect(throws: Errno.noSuchFileOrDirectory) {
                _ = try await File.open("/d/x", .read, on: shard)
            }
            let names = try shard.device.list("/d")
            try await shard.remove("/d/y")
            // Whoever holds a file that was removed still reads it.
            #expect(try await copy.text() == text)
            return (text, names, try shard.device.list("/d"))
        }
        #expect(found.0.utf8.prefix(5000).allSatisfy { $0 == 0 })
        #expect(found.0.hasSuffix("hello"))
        #expect(found.1 == ["y"])
        #expect(found.2 == [])
        node.kill(powerCut: false)
        #expect(simulation.escapeCount == 0)
    }

    @Test func whatWasNotSynchronisedMayBeLost() throws {
        var outcomes = Set<String?>()
        for seed in 0..<40 {
            outcomes.insert(
                try survivors(seed: UInt64(seed)) { shard in
                    let file = try await File.open("/a", .create, on: shard)
                    try await file.write("kept?", at: 0)
                    try await shard.synchronize(directory: "/")
                })
        }
        #expect(outcomes.contains(""))
        #expect(outcomes.contains("kept?"))
    }

    @Test func aFileWhoseDirectoryWasNotSynchronisedMayBeLost() throws {
        var outcomes = Set<String?>()
        for seed in 0..<40 {
            outcomes.insert(
                try survivors(seed: UInt64(seed)) { shard in
                    let file = try await File.open("/a", .create, on: shard)
                    try await file.write("kept?", at: 0, durable: true)
                })
        }
        #expect(outcomes == [nil, "kept?"])
    }

    @Test func whatWasSynchronisedIsKept() throws {
        for seed in 0..<40 {
            let text = try survivors(seed: UInt64(seed)) { shard in
                let file = try await File.open("/a", .create, on: shard)
                try await shard.synchronize(directory: "/")
                try await file.write("kept", at: 0)
                try await file.synchronize()
                try await file.write(" twice", at: 4, durable: true)
            }
            #expect(text == "kept twice", "seed \(seed)")
        }
    }

    /// The kernel takes pages for clean after a sync that failed, and a second sync succeeds
    /// without them.
    @Test func aSyncThatFailedPromisesNothingAfterwards() throws {
        var lostCount = 0
        for seed in 0..<40 {
            let simulation = Simulation(seed: UInt64(seed))
            let disk = SimulatedDisk()
            let node = SimulatedNode(simulation, disk: disk, shardCount: 1)
            let shard = node.shards[0]
            try node.run {
                let file = try await File.open("/a", .create, on: shard)
                try await shard.synchronize(directory: "/")
                disk.faults = [DiskFault(.synchronize, path: "a")]
                try await file.write("lost?", at: 0)
                await #expect(throws: Errno.ioError) { try await file.synchronize() }
                try await file.synchronize()
            }
            node.kill(powerCut: true)
            #expect(disk.faultCount == 1)
            let next = SimulatedNode(simulation, disk: disk, shardCount: 1)
            let nextShard = next.shards[0]
            let text = try next.run { try await File.open("/a", .read, on: nextShard).text() }
            if text != "lost?" { lostCount += 1 }
            next.kill(powerCut: false)
        }
        #expect(lostCount > 0)
    }

    @Test func aProcessThatEndsLosesNothingWritten() throws {
        let simulation = Simulation(seed: 3)
        let disk = SimulatedDisk()
        let node = SimulatedNode(simulation, disk: disk, shardCount: 1)
        let shard = node.shards[0]
        let file = try node.run {
            let file = try await File.open("/a", .create, on: shard)
            try await file.write("here", at: 0)
            try file.lock()
            return file
        }
        node.kill(powerCut: false)
        withExtendedLifetime(file) {}
        let next = SimulatedNode(simulation, disk: disk, shardCount: 1, number: 1)
        let nextShard = next.shards[0]
        let text = try next.run {
            let file = try await File.open("/a", .readWrite, on: nextShard)
            try file.lock()
            return try await file.text()
        }
        #expect(text == "here")
        next.kill(powerCut: false)
    }

    @Test func aFullDiskRefusesAndALockHolds() throws {
        let simulation = Simulation(seed: 4)
        let disk = SimulatedDisk()
        disk.capacity = 64 << 10
        disk.allowsDirect = false
        let node = SimulatedNode(simulation, disk: disk, shardCount: 1)
        let shard = node.shards[0]
        try node.run {
            let file = try await File.open("/a", .create, on: shard)
            try await file.reserve(at: 0, count: 60 << 10)
            await #expect(throws: Errno.noSpace) { try await file.reserve(at: 0, count: 80 << 10) }
            try await file.write("x", at: 59 << 10)
            try file.lock()
            let again = try await File.open("/a", .readWrite, on: shard)
            #expect(throws: Errno.resourceTemporarilyUnavailable) { try again.lock() }
            await #expect(throws: Errno.invalidArgument) {
                _ = try await File.open("/b", .createDirect, on: shard)
            }
        }
        node.kill(powerCut: true)
    }
}
