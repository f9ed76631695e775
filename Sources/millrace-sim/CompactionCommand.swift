import ArgumentParser
import MillraceSimulation

/// Histories of compacted logs from seeds, one after another.
struct CompactionCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "compaction",
        abstract: "Simulates compacted logs that lose their power at each step, and holds them against a model.")

    @Option(help: "The first history's seed; the next ones have the numbers after it.")
    var seed: UInt64 = 1

    @Option(help: "How many histories there are.")
    var histories = 50

    func validate() throws {
        guard (1...100_000_000).contains(histories) else {
            throw ValidationError("--histories \(histories): use a number from 1 to 100000000")
        }
    }

    func run() throws {
        Simulation.reexecuteDeterministically()
        var total = CompactionStory.Figures()
        var history: UInt64 = 0
        for seed in seed..<(seed + UInt64(histories)) {
            let story = CompactionStory(seed: seed)
            do {
                try story.play()
            } catch let violation as CompactionModel.Violation {
                print("seed \(seed) step \(story.stepCount) broken: \(violation.promise)")
                throw ExitCode(1)
            } catch {
                print("seed \(seed) step \(story.stepCount) broken: \(error)")
                throw ExitCode(1)
            }
            total.add(story.figures)
            history = (history &* 31) ^ story.history
        }
        print("ok histories=\(histories) \(total) history=\(String(history, radix: 16))")
    }
}

extension CompactionStory.Figures: CustomStringConvertible {
    mutating func add(_ other: CompactionStory.Figures) {
        records += other.records
        dropped += other.dropped
        crashes += other.crashes
        cutWhileWriting += other.cutWhileWriting
        cutWhileSwapping += other.cutWhileSwapping
        faults += other.faults
    }

    var description: String {
        """
        records=\(records) dropped=\(dropped) crashes=\(crashes) while-writing=\(cutWhileWriting) \
        while-swapping=\(cutWhileSwapping) faults=\(faults)
        """
    }
}
