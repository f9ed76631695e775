import ArgumentParser

/// Kills a broker again and again under clients of its own process, and looks for what is lost. A program, since its
/// clients have to run whatever else a test run has its threads wait for.
@main
struct BrokerKills: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "broker-kills", abstract: "Kills a broker again and again, and looks for what is lost.",
        subcommands: [Acknowledged.self, Clients.self])
}

struct KillOptions: ParsableArguments {
    @Option(help: "The broker's program.")
    var millrace: String
    @Option(help: "How often the broker is killed with SIGKILL and started again.")
    var kills: Int
    @Option(help: "Of the moments of the kills; one is drawn where none is given.")
    var seed: UInt64?

    /// Says the seed, with which a failed run comes again.
    func generator() -> Generator {
        let seed = seed ?? .random(in: 0 ... .max)
        print("seed \(seed)")
        return Generator(state: seed)
    }
}

/// SplitMix64 (Steele, Lea and Flood, 2014).
struct Generator: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}

struct Failure: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) { self.description = description }
}
