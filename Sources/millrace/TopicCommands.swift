internal import ArgumentParser
internal import MillraceClient

/// `millrace topic`: makes, lists, describes and deletes topics.
struct TopicCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "topic", abstract: "Create, list, describe and delete topics.",
        subcommands: [Create.self, List.self, Describe.self, Delete.self])

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
            var settings: [String: String] = [:]
            for entry in config {
                guard let equals = entry.firstIndex(of: "=") else {
                    throw CommandError("--config \(entry): use KEY=VALUE")
                }
                settings[String(entry[..<equals])] = String(entry[entry.index(after: equals)...])
            }
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

        @OptionGroup var client: ClientOptions

        func run() async throws {
            let broker = try await client.connect()
            for topic in try await broker.listTopics(includingInternal: `internal`) {
                print("\(topic.name)\t\(topic.partitionCount)")
            }
            await broker.close()
        }
    }

    struct Describe: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Say what a topic's partitions hold.")

        @Argument var topic: String
        @OptionGroup var client: ClientOptions

        func run() async throws {
            let broker = try await client.connect()
            let topic = try await broker.describeTopic(topic)
            let settings = topic.config.entries.sorted { $0.key < $1.key }
                .map { "\($0.key.rawValue)=\($0.value)" }.joined(separator: " ")
            print("topic \(topic.name) id=\(topic.id) partitions=\(topic.partitions.count) \(settings)")
            for partition in topic.partitions {
                let reason = partition.readOnlyReason.map { " read-only: \($0)" } ?? ""
                print(
                    """
                    partition \(partition.partition) start=\(partition.logStartOffset) \
                    high-watermark=\(partition.highWatermark) end=\(partition.logEndOffset) \
                    bytes=\(partition.sizeBytes)\(reason)
                    """)
            }
            await broker.close()
        }
    }

    struct Delete: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Delete a topic and its records.")

        @Argument var topic: String
        @OptionGroup var client: ClientOptions

        func run() async throws {
            let broker = try await client.connect()
            try await broker.deleteTopic(topic)
            print("deleted topic \(topic)")
            await broker.close()
        }
    }
}
