internal import Millrace
internal import MillraceKafkaProtocol
internal import MillraceModel
internal import MillraceStorage

// Key 19, CreateTopics: topics, each on stable storage when the answer is sent.
//
// -1 partitions or replicas are the broker's defaults. A replica assignment may name this broker only, and the number
// of replicas is 1, since there are no other brokers. v5 answers with what the topic has become, v6 may say that too
// many are made, v7 has topic ids.

extension KafkaConnection {
    func createTopics(_ request: CreateTopicsRequest) async -> CreateTopicsResponse {
        var response = CreateTopicsResponse()
        let counts = request.topics.reduce(into: [String: Int]()) { $0[$1.name, default: 0] += 1 }
        for topic in request.topics {
            var result = CreateTopicsResponse.CreatableTopicResult()
            result.name = topic.name
            result.errorMessage = nil
            do throws(Refusal) {
                guard counts[topic.name] == 1 else {
                    throw Refusal(.invalidRequest, "topic '\(topic.name)' is in the request twice")
                }
                try await create(topic, &result, validateOnly: request.validateOnly)
            } catch {
                result.errorCode = error.code
                result.errorMessage = error.message
            }
            response.topics.append(result)
        }
        return response
    }

    private func create(
        _ topic: CreateTopicsRequest.CreatableTopic,
        _ result: inout CreateTopicsResponse.CreatableTopicResult, validateOnly: Bool
    ) async throws(Refusal) {
        let name = try Refusal.topicName(topic.name)
        try Refusal.checkNotInternal(name)
        let count = try partitionCount(topic)
        var config = TopicConfig()
        for setting in topic.configs {
            guard let value = setting.value else {
                throw Refusal(.invalidConfig, "topic config \(setting.name) has no value")
            }
            do throws(TopicConfigError) {
                try config.set(setting.name, to: value)
            } catch {
                result.topicConfigErrorCode = .invalidConfig
                throw Refusal(.invalidConfig, "\(error)")
            }
        }
        let storage = services.storage
        if validateOnly {
            guard storage.topic(name) == nil else { throw Refusal(.topicExists(name)) }
            do throws(StorageError) { try storage.check(config) } catch { throw Refusal(error) }
        } else {
            do throws(StorageError) {
                let made = try await storage.create(name, partitionCount: count, config: config)
                result.topicID = made.entry.id
                config = made.entry.config
            } catch {
                throw Refusal(error)
            }
        }
        result.numPartitions = count
        result.replicationFactor = 1
        result.configs = storage.configEntries(of: config).map {
            var setting = CreateTopicsResponse.CreatableTopicConfigs()
            setting.name = $0.name
            setting.value = $0.value
            setting.readOnly = $0.isReadOnly
            setting.configSource = $0.source.rawValue
            return setting
        }
    }

    private func partitionCount(
        _ topic: CreateTopicsRequest.CreatableTopic
    ) throws(Refusal) -> Int32 {
        let count = try requestedCount(topic)
        guard (1...Engine.partitionsMax).contains(count) else {
            throw Refusal(
                .invalidPartitions,
                "\(count) partitions: use 1 to \(Engine.partitionsMax), or -1 for the default")
        }
        return count
    }

    private func requestedCount(
        _ topic: CreateTopicsRequest.CreatableTopic
    ) throws(Refusal) -> Int32 {
        guard topic.assignments.isEmpty else {
            guard topic.numPartitions == -1, topic.replicationFactor == -1 else {
                throw Refusal(
                    .invalidRequest, "give either an assignment or numbers of partitions and replicas")
            }
            let indexes = topic.assignments.map(\.partitionIndex).sorted()
            guard indexes == Array(0..<Int32(clamping: indexes.count)) else {
                throw Refusal(.invalidReplicaAssignment, "the partitions must be numbered from 0 on")
            }
            for assignment in topic.assignments { try checkReplicas(assignment.brokerIDs) }
            return Int32(clamping: indexes.count)
        }
        guard topic.replicationFactor == -1 || topic.replicationFactor == 1 else {
            throw Refusal(
                .invalidReplicationFactor,
                "replication factor \(topic.replicationFactor): there is one broker, so use 1 or -1")
        }
        return topic.numPartitions == -1
            ? services.engine.options.partitionCount : topic.numPartitions
    }

    /// A partition has one replica, here.
    func checkReplicas(_ brokers: [Int32]) throws(Refusal) {
        guard brokers == [services.options.nodeID] else {
            throw Refusal(
                .invalidReplicaAssignment,
                "replicas \(brokers): the only broker is \(services.options.nodeID)")
        }
    }
}

/// Why one item of an admin request was refused.
struct Refusal: Error {
    let code: ErrorCode
    let message: String

    init(_ code: ErrorCode, _ message: String) {
        self.code = code
        self.message = message
    }

    init(_ error: StorageError) { self.init(ErrorCode(error), "\(error)") }

    /// What the broker keeps for itself is not for clients to make, change or delete.
    static func checkNotInternal(_ name: TopicName) throws(Refusal) {
        guard !name.isInternal else { throw Refusal(.invalidTopic, "topic '\(name)' is the broker's own") }
    }

    static func topicName(_ text: String) throws(Refusal) -> TopicName {
        do throws(TopicNameError) {
            return try TopicName(text)
        } catch {
            throw Refusal(.invalidTopic, "\(error)")
        }
    }
}
