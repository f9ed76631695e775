package import MillraceShard

/// One life of a machine or process: its shards, from its boot until it is killed.
/// It belongs to its simulation's thread.
package final class SimulatedNode: @unchecked Sendable {
    package let simulation: Simulation
    package let shards: [Shard]
    private let process: SimulatedProcess

    /// - Parameter number: no two nodes that live at the same time have the same.
    package init(_ simulation: Simulation, disk: SimulatedDisk, shardCount: Int, number: Int = 0) {
        self.simulation = simulation
        let process = SimulatedProcess(number: number, simulation: simulation, disk: disk)
        self.process = process
        shards = (0..<shardCount).map { index in
            Shard(index: index, device: SimulatedDevice(process), inbox: simulation.inbox)
        }
        for shard in shards { simulation.add(shard) }
    }

    package var isAlive: Bool { process.isAlive }

    /// Tasks that have not ended.
    package var liveTaskCount: Int { shards.reduce(0) { $0 + $1.liveTaskCount } }

    /// Starts a task on the first shard, or another.
    package func spawn(on index: Int = 0, _ body: @escaping @Sendable () async -> Void) {
        shards[index].spawn(body)
    }

    /// Ends the node at this instant, whatever it is doing. Nothing it still does has an effect;
    /// its tasks are led to their ends, so that one which cannot end is found.
    /// - Parameter powerCut: also takes from the disk what was not synchronised, as the seed wills.
    package func kill(powerCut: Bool) {
        guard isAlive else { return }
        simulation.note(powerCut ? 0xDEAD : 0xD1ED)
        process.die()
        for shard in shards { simulation.asCurrent(shard) { shard.stop() } }
        process.unwind()
        drain()
        simulation.remove(shards)
        guard liveTaskCount == 0 else {
            fatalError(
                """
                seed \(simulation.seed): tasks outlive their node, by shard: \
                \(shards.map(\.liveTaskCount)); each waits for something that nobody ends
                """)
        }
        if powerCut { process.disk.powerCut(&simulation.random) }
    }

    private func drain() {
        let jobsMax = 1_000_000
        for _ in 0..<jobsMax {
            guard let shard = shards.first(where: \.hasJobs) else { return }
            simulation.asCurrent(shard) { shard.runNextJob() }
        }
        fatalError(
            "seed \(simulation.seed): a task goes on for ever though every operation is refused")
    }
}
