import ArgumentParser
import MillraceModel
import MillraceSimulation

/// A broker that lives and dies under its clients.
struct BrokerCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "broker",
        abstract: "Simulates a broker, its disk and its clients from a seed, with crashes and power cuts.")

    @Option(help: "What everything follows from: the same seed tells the same story again.")
    var seed: UInt64 = 1

    @Option(help: "How often the broker dies.")
    var rounds = 20

    func validate() throws {
        guard (1...1_000_000).contains(rounds) else {
            throw ValidationError("--rounds \(rounds): use a number from 1 to 1000000")
        }
    }

    func run() throws {
        Simulation.reexecuteDeterministically()
        let story = BrokerStory(seed: seed, topic: try TopicName("events"))
        do {
            try story.play(rounds: rounds) { print($0) }
        } catch let violation as BrokerStory.Violation {
            print("seed \(seed) step \(story.stepCount) broken: \(violation.promise)")
            throw ExitCode(1)
        }
        guard story.acknowledgedCount > 0 else {
            print("seed \(seed) step \(story.stepCount) broken: nothing was ever acknowledged")
            throw ExitCode(1)
        }
        print(
            """
            seed \(seed) ok acknowledged=\(story.acknowledgedCount) faults=\(story.faultCount) \
            history=\(String(story.history, radix: 16))
            """)
    }
}
