package import MillraceModel

/// A setting as DescribeConfigs shows it: what holds, where that comes from, and what would hold
/// without it.
package struct ConfigEntry: Hashable, Sendable {
    package struct Synonym: Hashable, Sendable {
        package let name: String
        package let value: String
        package let source: ConfigSource

        package init(name: String, value: String, source: ConfigSource) {
            self.name = name
            self.value = value
            self.source = source
        }
    }

    package let name: String
    /// Nil where another setting of the same meaning holds.
    package let value: String?
    package let source: ConfigSource
    package let type: ConfigType
    package let documentation: String
    /// Whether it cannot be changed while the broker runs.
    package let isReadOnly: Bool
    /// All values there are, the strongest first.
    package let synonyms: [Synonym]

    package init(
        name: String, value: String?, source: ConfigSource, type: ConfigType, documentation: String,
        isReadOnly: Bool, synonyms: [Synonym]
    ) {
        self.name = name
        self.value = value
        self.source = source
        self.type = type
        self.documentation = documentation
        self.isReadOnly = isReadOnly
        self.synonyms = synonyms
    }
}

/// Where a setting comes from, by Kafka's numbers.
package enum ConfigSource: Int8, Hashable, Sendable {
    case topic = 1
    case dynamicBroker = 2
    case dynamicDefaultBroker = 3
    case staticBroker = 4
    case standard = 5
}

extension Storage {
    /// All settings of a topic, by name.
    package nonisolated func configEntries(of topic: Topic) -> [ConfigEntry] {
        configEntries(of: topic.entry.config)
    }

    /// All settings of a topic that is configured so.
    package nonisolated func configEntries(of config: TopicConfig) -> [ConfigEntry] {
        let broker = brokerConfig
        return TopicConfig.Key.allCases.sorted().map { key in
            var synonyms: [ConfigEntry.Synonym] = []
            if let text = config.entries[key] {
                synonyms.append(.init(name: key.rawValue, value: text, source: .topic))
            }
            for brokerKey in key.brokerKeys { synonyms += self.synonyms(brokerKey, broker) }
            let value =
                config.entries[key] ?? topicDefaults.text(for: key)
            return ConfigEntry(
                name: key.rawValue, value: value, source: synonyms.first?.source ?? .standard,
                type: key.type, documentation: key.documentation,
                isReadOnly: key == .durability, synonyms: synonyms)
        }
    }

    /// The broker's settings that are defaults of topics, by name.
    package nonisolated var topicDefaultEntries: [ConfigEntry] {
        let broker = brokerConfig
        return TopicDefaults.Key.allCases.sorted().map { key in
            let synonyms = synonyms(key, broker)
            return ConfigEntry(
                name: key.rawValue, value: synonyms.first?.value,
                source: synonyms.first?.source ?? .standard, type: key.type,
                documentation: key.documentation, isReadOnly: !key.isDynamic, synonyms: synonyms)
        }
    }

    private nonisolated func synonyms(
        _ key: TopicDefaults.Key, _ config: BrokerConfig
    ) -> [ConfigEntry.Synonym] {
        let name = key.rawValue
        let values: [(String?, ConfigSource)] = [
            (config.broker[name], .dynamicBroker),
            (config.clusterDefault[name], .dynamicDefaultBroker),
            (options.topicDefaults.entries[key], .staticBroker), (key.defaultText, .standard),
        ]
        return values.compactMap { value, source in
            value.map { ConfigEntry.Synonym(name: name, value: $0, source: source) }
        }
    }
}
