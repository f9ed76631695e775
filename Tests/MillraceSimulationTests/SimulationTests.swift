import MillraceShard
import MillraceSimulation
import SystemPackage
import Testing

@Suite struct SimulationTests {
    @Test func timersGoOffInOrderAndInVirtualTime() throws {
        let simulation = Simulation(seed: 1)
        let node = SimulatedNode(simulation, disk: SimulatedDisk(), shardCount: 2)
        let notes = Notes<Int>()
        for (index, hours) in [3, 1, 2].enumerated() {
            let shard = node.shards[index % 2]
            node.spawn(on: index % 2) {
                try? await shard.sleep(for: .seconds(3600 * hours))
                notes.values.append(hours)
            }
        }
        #expect(simulation.run(until: { notes.values.count == 3 }))
        #expect(notes.values == [1, 2, 3])
        #expect(simulation.now > 3 * 3600 * 1_000_000_000)
        node.kill(powerCut: false)
    }

    /// Sends through a socket and a file from several tasks at once, and kills the node in the
    /// middle.
    private func history(seed: UInt64) throws -> UInt64 {
        let simulation = Simulation(seed: seed)
        let disk = SimulatedDisk()
        let node = SimulatedNode(simulation, disk: disk, shardCount: 2)
        let address = try node.run { [shard = node.shards[0]] in
            let listener = try Listener(on: SocketAddress(host: "a", port: 0), shard: shard)
            shard.spawn { await echo(listener) }
            return listener.address
        }
        for number in 0..<3 {
            let shard = node.shards[number % 2]
            node.spawn(on: number % 2) {
                try? await talk(to: address, on: shard, number)
            }
        }
        simulation.run(for: .milliseconds(3))
        node.kill(powerCut: seed % 2 == 0)
        #expect(node.liveTaskCount == 0)
        #expect(simulation.escapeCount == 0)
        return simulation.history
    }

    @Test func aSeedRepeatsItselfAndAnotherDoesNot() throws {
        for seed in 0..<20 {
            let first = try history(seed: UInt64(seed))
            #expect(try history(seed: UInt64(seed)) == first)
            #expect(try history(seed: UInt64(seed) + 1000) != first)
        }
    }

    @Test func socketsEcho() throws {
        let simulation = Simulation(seed: 7)
        let node = SimulatedNode(simulation, disk: SimulatedDisk(), shardCount: 2)
        let address = try node.run { [shard = node.shards[0]] in
            let listener = try Listener(on: SocketAddress(host: "a", port: 7), shard: shard)
            shard.spawn { await echo(listener) }
            return listener.address
        }
        #expect(address.port == 7)
        let shard = node.shards[1]
        let echoed = try node.run(on: 1) {
            let socket = try await Socket.connect(to: address, on: shard)
            let bytes = Array(0..<200_000).map { UInt8(truncatingIfNeeded: $0 / 3) }
            return try await exchange(bytes, socket)
        }
        #expect(echoed)
        _ = try node.run { [shard = node.shards[0]] in
            await #expect(throws: Errno.connectionRefused) {
                _ = try await Socket.connect(to: SocketAddress(host: "a", port: 8), on: shard)
            }
        }
        node.kill(powerCut: false)
    }

    @Test func aPeerHearsOfADeath() throws {
        for seed in 0..<10 {
            let simulation = Simulation(seed: UInt64(seed))
            let server = SimulatedNode(simulation, disk: SimulatedDisk(), shardCount: 1)
            let client = SimulatedNode(simulation, disk: SimulatedDisk(), shardCount: 1, number: 1)
            let address = try server.run { [shard = server.shards[0]] in
                let listener = try Listener(on: SocketAddress(host: "a", port: 0), shard: shard)
                shard.spawn { await echo(listener) }
                return listener.address
            }
            let shard = client.shards[0]
            let socket = try client.run {
                let socket = try await Socket.connect(to: address, on: shard)
                _ = try await exchange([1, 2, 3], socket)
                return socket
            }
            server.kill(powerCut: true)
            let isReset = try client.run {
                do {
                    _ = try await exchange([4], socket)
                    return false
                } catch { return true }
            }
            #expect(isReset)
            client.kill(powerCut: false)
        }
    }
}

/// Accepts connections and sends back what they send.
private func echo(_ listener: Listener) async {
    while let socket = try? await listener.accept() {
        socket.shard.spawn {
            let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: 5000, alignment: 8)
            defer { memory.deallocate() }
            while let count = try? await socket.receive(into: memory), count > 0 {
                let bytes = UnsafeRawBufferPointer(rebasing: memory[..<count])
                guard (try? await socket.send(bytes)) != nil else { break }
            }
        }
    }
}

/// Whether all the bytes come back, sent and received at once.
private func exchange(_ bytes: [UInt8], _ socket: Socket) async throws -> Bool {
    socket.shard.spawn {
        let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: bytes.count, alignment: 8)
        defer { memory.deallocate() }
        memory.copyBytes(from: bytes)
        try? await socket.send(UnsafeRawBufferPointer(memory))
    }
    let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: 65536, alignment: 8)
    defer { memory.deallocate() }
    var received: [UInt8] = []
    while received.count < bytes.count {
        let count = try await socket.receive(into: memory)
        if count == 0 { throw Errno.connectionReset }
        received += memory[..<count]
    }
    return received == bytes
}

private func talk(to address: SocketAddress, on shard: Shard, _ number: Int) async throws {
    let socket = try await Socket.connect(to: address, on: shard)
    let file = try await File.open(FilePath("/f\(number)"), .create, on: shard)
    for round in 0..<1000 {
        _ = try await exchange([UInt8](repeating: UInt8(number), count: 1000), socket)
        try await file.write("round \(round)", at: UInt64(round) * 700, durable: round % 3 == 0)
        if round % 5 == 0 { try await file.synchronize() }
    }
}
