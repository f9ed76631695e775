internal import ArgumentParser
internal import MillraceClient

/// `millrace topic`: makes, lists, describes, changes and deletes topics.
struct TopicCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "topic", abstract: "Create, list, describe, change and delete topics.",
        subcommands: [
            Create.self, List.self, Describe.self, Alter.self, AddPartitions.self, Delete.self,
        ])

    struct Create: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Create a topic.")

        @Argument(help: "1 to 249 of a-z A-Z 0-9 . _ -")
        var topic: String

        @Option(help: "How many partitions. (default: the broker's num.partitions)")
        var partitions: Int32?

        @Option(
            parsing: .upToNextOption,
            help: "Settings, such as retention.ms=86400000 or millrace.durability=relaxed.")
        var config: [String] = []

        @OptionGroup var client: ClientOptions

        func run() async throws {
            if let partitions, partitions < 1 {
                throw CommandError("--partitions \(partitions): use a number from 1 on")
            }
            let settings = try Settings.parse(config, option: "--config")
            let broker = try await client.connect()
            let made = try await broker.createTopic(topic, partitions: partitions, config: settings)
            print("created topic \(made.name) with \(made.partitions.count) partitions")
            await broker.close()
        }
    }

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "List the topics.")

        @Flag(help: "Also those that the broker keeps for itself.")
        var `internal` = false

        @OptionGroup var listing: ListingOptions
        @OptionGroup var client: ClientOptions

        func run() async throws {
            let broker = try await client.connect()
            let topics = try await broker.listTopics(includingInternal: `internal`)
            try listing.print(topics.map(TopicListingDocument.init)) {
                topics.map { "\($0.name)\t\($0.partitionCount)" }.joined(separator: "\n")
            }
            await broker.close()
        }
    }

    struct Describe: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Say what a topic's partitions hold.")

        @Argument(completion: .topics) var topic: String
        @OptionGroup var listing: ListingOptions
        @OptionGroup var client: ClientOptions

        func run() async throws {
            let broker = try await client.connect()
            let topic = try await broker.existingTopic(topic)
            try listing.print(TopicDocument(topic)) { Self.lines(topic) }
            await broker.close()
        }

        private static func lines(_ topic: TopicDescription) -> String {
            let settings = topic.config.entries.sorted { $0.key < $1.key }
                .map { " \($0.key.rawValue)=\($0.value)" }.joined()
            let head = "topic \(topic.name) id=\(topic.id) partitions=\(topic.partitions.count)\(settings)"
            let partitions = topic.partitions.map { partition in
                let reason = partition.readOnlyReason.map { " read-only: \($0)" } ?? ""
                return """
                    partition \(partition.partition) start=\(partition.logStartOffset) \
                    high-watermark=\(partition.highWatermark) end=\(partition.logEndOffset) \
                    bytes=\(partition.sizeBytes)\(reason)
                    """
            }
            return ([head] + partitions).joined(separator: "\n")
        }
    }

    struct AddPartitions: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Give a topic more partitions.",
            discussion: """
                Records that are there stay where they are, and the keys of later ones go to other \
                partitions than before.
                """)

        @Argument(completion: .topics) var topic: String
        @Argument(help: "How many the topic shall have afterwards.") var count: Int32
        @OptionGroup var client: ClientOptions

        func run() async throws {
            guard count > 0 else { throw CommandError("\(count) partitions: use a number from 1 on") }
            let broker = try await client.connect()
            _ = try await broker.existingTopic(topic)
            let grown = try await broker.addPartitions(to: topic, upTo: count)
            print("topic \(grown.name) has \(grown.partitions.count) partitions")
            await broker.close()
        }
    }

    struct Delete: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Delete a topic and its records.")

        @Argument(completion: .topics) var topic: String
        @OptionGroup var client: ClientOptions

        func run() async throws {
            let broker = try await client.connect()
            _ = try await broker.existingTopic(topic)
            try await broker.deleteTopic(topic)
            print("deleted topic \(topic)")
            await broker.close()
        }
    }
}

/// Settings as a command line gives them.
enum Settings {
    /// - Parameter option: what they were given with, for the error.
    static func parse(_ texts: [String], option: String) throws -> [String: String] {
        var settings: [String: String] = [:]
        for text in texts {
            guard let equals = text.firstIndex(of: "=") else {
                throw CommandError("\(option) \(text): use KEY=VALUE")
            }
            settings[String(text[..<equals])] = String(text[text.index(after: equals)...])
        }
        return settings
    }
}
