package import MillraceModel
internal import Synchronization
internal import SystemPackage

// Settings that change while the log is open: of topics, and of the broker.

extension Storage {
    /// Changes a topic's settings. When this returns they are on stable storage and hold for what
    /// is appended from then on.
    ///
    /// `millrace.durability` stays what it was when the topic was made: another one is refused,
    /// and one that is left out is kept.
    /// - Throws: `invalidConfig`, with nothing changed, `unknownTopic`, `io`.
    package func alterConfig(
        _ name: TopicName,
        _ change: @Sendable (inout TopicConfig) throws(TopicConfigError) -> Void
    ) async throws(StorageError) -> Topic {
        try await beginChange()
        defer { endChange() }
        guard let old = catalogue.topics[name], let topic = topic(name) else {
            throw .unknownTopic(name)
        }
        var entry = old
        do throws(TopicConfigError) {
            try change(&entry.config)
        } catch {
            throw .invalidConfig(error)
        }
        let durability = old.config.durability ?? options.durability
        if entry.config.durability == nil { entry.config.set(durability) }
        guard entry.config.durability == durability else {
            throw .invalidConfig(
                TopicConfigError(
                    name: TopicConfig.Key.durability.rawValue,
                    value: entry.config.durability?.rawValue ?? "",
                    reason: """
                        topic '\(name)' was made \(durability.rawValue) and stays so; make another \
                        topic
                        """))
        }
        try check(entry.config)
        catalogue.topics[name] = entry
        do throws(StorageError) {
            try await writeCatalogue()
        } catch {
            catalogue.topics[name] = old
            throw error
        }
        return await apply(entry, to: topic)
    }

    /// Whether a topic's settings go together, with the broker's defaults for those that it lacks.
    /// - Throws: `invalidConfig`.
    package nonisolated func check(_ config: TopicConfig) throws(StorageError) {
        let settings = topicDefaults.settings(for: config)
        guard let most = settings.compactionLagMax, most < settings.compactionLagMin else { return }
        func text(_ key: TopicConfig.Key) -> String {
            config.entries[key] ?? topicDefaults.text(for: key)
        }
        let least = TopicConfig.Key.compactionLagMinMilliseconds
        throw .invalidConfig(
            TopicConfigError(
                name: TopicConfig.Key.compactionLagMaxMilliseconds.rawValue,
                value: text(.compactionLagMaxMilliseconds),
                reason: "that is less than \(least.rawValue)=\(text(least))"))
    }

    /// Lets the settings hold in the partitions, and shows them.
    private func apply(_ entry: TopicEntry, to topic: Topic) async -> Topic {
        let settings = topicDefaults.settings(for: entry.config)
        for log in topic.partitions { await log.storage.apply(settings, to: log) }
        let changed = Topic(entry: entry, partitions: topic.partitions, settings: settings)
        publish(changed)
        return changed
    }

    /// Changes the broker's own settings; those that are defaults of topics hold at once for every
    /// topic that does not set them. What other names mean is for the caller to know.
    /// - Throws: `invalidConfig`, with nothing changed, `io`.
    @discardableResult
    package func alterBrokerConfig(
        _ change: @Sendable (inout BrokerConfig) throws(TopicConfigError) -> Void
    ) async throws(StorageError) -> BrokerConfig {
        try await beginChange()
        defer { endChange() }
        let (broker, defaults) = try changed(brokerConfig, change)
        try await broker.write(to: options.directory.appending(DataFiles.brokerConfig), on: shard)
        configuration.withLock { $0 = Configuration(broker: broker, defaults: defaults) }
        for topic in topics { _ = await apply(topic.entry, to: topic) }
        return broker
    }

    /// Whether `alterBrokerConfig` would take the change.
    /// - Throws: `invalidConfig`.
    package nonisolated func validateBrokerConfig(
        _ change: @Sendable (inout BrokerConfig) throws(TopicConfigError) -> Void
    ) throws(StorageError) {
        _ = try changed(brokerConfig, change)
    }

    private nonisolated func changed(
        _ broker: BrokerConfig, _ change: (inout BrokerConfig) throws(TopicConfigError) -> Void
    ) throws(StorageError) -> (BrokerConfig, TopicDefaults) {
        var broker = broker
        do throws(TopicConfigError) {
            try change(&broker)
            try broker.check()
            return (broker, try broker.defaults(over: options.topicDefaults))
        } catch {
            throw .invalidConfig(error)
        }
    }
}
