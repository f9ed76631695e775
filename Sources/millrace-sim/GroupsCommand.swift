import ArgumentParser
import MillraceModel
import MillraceSimulation

/// Rebalances from seeds, story after story.
struct GroupsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "groups",
        abstract: "Simulates consumer groups: members come, go and vanish, and the coordinator dies under them.")

    @Option(help: "The first story's seed; the next ones have the numbers after it.")
    var seed: UInt64 = 1

    @Option(help: "How many rebalances there are in all.")
    var rebalances = 300

    /// A story of its own begins after so many, since each start reads all that was ever written.
    private static let rebalancesPerStory = 200

    func validate() throws {
        guard (1...100_000_000).contains(rebalances) else {
            throw ValidationError("--rebalances \(rebalances): use a number from 1 to 100000000")
        }
    }

    func run() throws {
        Simulation.reexecuteDeterministically()
        var total = GroupStory.Figures()
        var history: UInt64 = 0
        var seed = seed
        while total.rebalances < rebalances {
            let story = GroupStory(seed: seed, topic: try TopicName("events"))
            do {
                try story.play(
                    rebalances: min(Self.rebalancesPerStory, rebalances - total.rebalances))
            } catch let violation as GroupStory.Violation {
                print("seed \(seed) step \(story.figures.steps) broken: \(violation.promise)")
                throw ExitCode(1)
            }
            total.add(story.figures)
            history = (history &* 31) ^ story.history
            print("seed \(seed) \(story.figures)")
            seed += 1
        }
        guard total.commits > 0 else {
            print("broken: nothing was ever committed")
            throw ExitCode(1)
        }
        print("ok \(total) history=\(String(history, radix: 16))")
    }
}

extension GroupStory.Figures: CustomStringConvertible {
    mutating func add(_ other: GroupStory.Figures) {
        rebalances += other.rebalances
        members += other.members
        commits += other.commits
        refusedCommits += other.refusedCommits
        restarts += other.restarts
        steps += other.steps
    }

    var description: String {
        """
        rebalances=\(rebalances) members=\(members) commits=\(commits) refused=\(refusedCommits) \
        restarts=\(restarts) steps=\(steps)
        """
    }
}
