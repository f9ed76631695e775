internal import ArgumentParser
internal import MillraceClient

extension TopicCommand {
    struct Alter: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Change a topic's settings: all that is asked for, or nothing.")

        @Argument(completion: .topics) var topic: String

        @Option(
            name: .customLong("set"), parsing: .upToNextOption,
            help: "Settings, such as retention.ms=86400000.", completion: .topicSettings)
        var changed: [String] = []

        @Option(
            name: .customLong("reset"), parsing: .upToNextOption,
            help: "Settings that go back to the broker's defaults.", completion: .topicSettings)
        var removed: [String] = []

        @OptionGroup var client: ClientOptions

        func run() async throws {
            var changes: [String: String?] = try Settings.parse(changed, option: "--set")
            for name in removed {
                guard !changes.keys.contains(name) else {
                    throw CommandError("--reset \(name): it is to be set, too; choose one")
                }
                changes.updateValue(nil, forKey: name)
            }
            guard !changes.isEmpty else {
                throw CommandError("nothing to change: use --set KEY=VALUE or --reset KEY")
            }
            let broker = try await client.connect()
            _ = try await broker.existingTopic(topic)
            let altered = try await broker.alterTopic(topic, config: changes)
            let settings = altered.config.entries.sorted { $0.key < $1.key }
                .map { " \($0.key.rawValue)=\($0.value)" }.joined()
            print("topic \(altered.name)\(settings)")
            await broker.close()
        }
    }
}
