internal import MillraceKafkaProtocol
internal import MillraceModel
internal import MillraceStorage

// Changes of settings as Kafka's clients name them: by the type and the name of a resource.

extension KafkaConnection {
    func alter(
        _ type: Int8, _ name: String, _ change: ConfigChange, validateOnly: Bool
    ) async throws(Refusal) {
        switch ConfigResourceType(rawValue: type) {
        case .topic: try await alterTopic(name, change, validateOnly: validateOnly)
        case .broker:
            if !name.isEmpty { try checkBroker(name) }
            try await alterBroker(change, all: name.isEmpty, validateOnly: validateOnly)
        case nil: throw Refusal.unknownResource(type)
        }
    }

    private func alterTopic(
        _ text: String, _ change: ConfigChange, validateOnly: Bool
    ) async throws(Refusal) {
        let name = try Refusal.topicName(text)
        try Refusal.checkNotInternal(name)
        guard let topic = services.storage.topic(name) else { throw Refusal(.unknownTopic(name)) }
        guard !validateOnly else {
            var config = topic.entry.config
            do throws(TopicConfigError) { try change.apply(to: &config) } catch {
                throw Refusal(.invalidConfig, "\(error)")
            }
            do throws(StorageError) { try services.storage.check(config) } catch { throw Refusal(error) }
            return
        }
        do throws(StorageError) {
            _ = try await services.storage.alterConfig(name) { (config) throws(TopicConfigError) in
                try change.apply(to: &config)
            }
        } catch {
            throw Refusal(error)
        }
    }

    private func alterBroker(
        _ change: ConfigChange, all: Bool, validateOnly: Bool
    ) async throws(Refusal) {
        do throws(StorageError) {
            if validateOnly {
                try services.storage.validateBrokerConfig { (config) throws(TopicConfigError) in
                    try change.apply(to: &config, all: all)
                }
            } else {
                try await services.storage.alterBrokerConfig { (config) throws(TopicConfigError) in
                    try change.apply(to: &config, all: all)
                }
            }
        } catch {
            throw Refusal(error)
        }
    }
}
