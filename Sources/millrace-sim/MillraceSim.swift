import ArgumentParser

/// Runs what Millrace is made of in a simulated world, where everything that happens follows from
/// one seed.
@main struct MillraceSim: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "millrace-sim",
        abstract: "Simulates Millrace from a seed: the same seed tells the same story again.",
        subcommands: [BrokerCommand.self, GroupsCommand.self, CompactionCommand.self],
        defaultSubcommand: BrokerCommand.self)
}
