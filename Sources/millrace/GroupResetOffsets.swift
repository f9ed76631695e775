internal import ArgumentParser
internal import MillraceClient

extension GroupCommand {
    struct ResetOffsets: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Let a group go on elsewhere in a topic.",
            discussion: """
                The group must have no members: stop its consumers first. A group that there is not is made.
                """)

        @Argument(completion: .groups) var group: String

        @Option(help: "The topic.", completion: .topics) var topic: String

        @Option(help: "beginning, end, an offset, or @TIME: milliseconds since 1970 or ISO 8601.")
        var to: String

        @Option(help: "One partition. (default: all)")
        var partition: Int32?

        @Flag(help: "Say what would be committed, and commit nothing.")
        var dryRun = false

        @OptionGroup var listing: ListingOptions
        @OptionGroup var client: ClientOptions

        func run() async throws {
            let position = try StartPosition(argument: to, option: "--to")
            let broker = try await client.connect()
            let description = try await broker.existingTopic(topic)
            let partitions = try description.partitions(chosen: partition)
            let found = try await broker.findOffsets(
                Dictionary(uniqueKeysWithValues: partitions.map { ($0, position) }), in: topic)
            let offsets = found.sorted { $0.key < $1.key }.map {
                CommittedOffset(topic: description.name, partition: $0.key, offset: $0.value)
            }
            if !dryRun { try await broker.commit(offsets, for: group) }
            try listing.print(offsets.map(CommittedDocument.init)) {
                offsets.map { "\($0.topic)-\($0.partition)\t\($0.offset)" }.joined(separator: "\n")
            }
            await broker.close()
        }
    }
}
