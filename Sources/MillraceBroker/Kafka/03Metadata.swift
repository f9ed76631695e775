internal import Millrace
internal import MillraceKafkaProtocol
internal import MillraceModel
internal import MillraceStorage

// Key 3, Metadata: the brokers, and for topics their partitions and leaders.
//
// v0 asks for all topics with an empty list, v1 and later with null. v4 lets the client forbid auto-creation; before,
// asking always allows it. v5 has offline replicas, v7 leader epochs, v8 authorized operations (those of a cluster
// only to v10), v10 topic ids, v12 asks by topic id, v13 has a top-level error.

extension KafkaConnection {
    func metadata(_ request: MetadataRequest, _ call: KafkaCall) async -> MetadataResponse {
        var response = MetadataResponse()
        response.brokers = [broker]
        response.clusterID = services.clusterID
        response.controllerID = services.options.nodeID
        if request.includeClusterAuthorizedOperations {
            response.clusterAuthorizedOperations = AuthorizedOperations.cluster
        }
        let storage = services.storage
        let asksForAll = request.topics == nil || call.version == 0 && request.topics == []
        guard let asked = request.topics, !asksForAll else {
            response.topics = storage.topics.map { describe($0, request) }
            return response
        }
        let mayCreate =
            services.options.createsTopics && (call.version < 4 || request.allowAutoTopicCreation)
        for topic in asked.unique {
            let name = topic.name ?? ""
            switch storage.find(name: name, id: topic.topicID) {
            case .success(let found): response.topics.append(describe(found, request))
            case .failure(.unknownTopicOrPartition) where mayCreate:
                response.topics.append(await create(name, request))
            case .failure(let code):
                var missing = MetadataResponse.MetadataResponseTopic()
                missing.errorCode = code
                missing.name = topic.name
                missing.topicID = topic.topicID
                response.topics.append(missing)
            }
        }
        return response
    }

    private var broker: MetadataResponse.MetadataResponseBroker {
        var broker = MetadataResponse.MetadataResponseBroker()
        broker.nodeID = services.options.nodeID
        broker.host = services.advertised.host
        broker.port = Int32(services.advertised.port)
        return broker
    }

    private func create(
        _ text: String, _ request: MetadataRequest
    ) async -> MetadataResponse.MetadataResponseTopic {
        var failed = MetadataResponse.MetadataResponseTopic()
        failed.name = text
        guard let name = try? TopicName(text), !name.isInternal else {
            // The broker's own topics are made when they are needed.
            failed.errorCode = .unknownTopicOrPartition
            return failed
        }
        do throws(StorageError) {
            let topic = try await services.storage.create(
                name, partitionCount: services.engine.options.partitionCount, config: TopicConfig())
            return describe(topic, request)
        } catch .topicExists {
            // Another client asked at the same time.
            if let topic = services.storage.topic(name) { return describe(topic, request) }
            failed.errorCode = .leaderNotAvailable
        } catch {
            services.logger.error("a topic could not be created", metadata: [
                "topic": "\(name)", "reason": "\(error)",
            ])
            failed.errorCode = ErrorCode(error)
        }
        return failed
    }

    private func describe(
        _ topic: Topic, _ request: MetadataRequest
    ) -> MetadataResponse.MetadataResponseTopic {
        var description = MetadataResponse.MetadataResponseTopic()
        description.name = topic.entry.name.string
        description.topicID = topic.entry.id
        description.isInternal = topic.entry.name.isInternal
        if request.includeTopicAuthorizedOperations {
            description.topicAuthorizedOperations = AuthorizedOperations.topic
        }
        let node = services.options.nodeID
        description.partitions = (0..<topic.entry.partitionCount).map {
            var partition = MetadataResponse.MetadataResponsePartition()
            partition.partitionIndex = $0
            partition.leaderID = node
            partition.leaderEpoch = LeaderEpoch.zero.value
            partition.replicaNodes = [node]
            partition.isrNodes = [node]
            return partition
        }
        return description
    }
}

/// What a client may do (KIP-430), as bits by the numbers of Kafka's AclOperation: everything, as long as there are
/// no ACLs.
enum AuthorizedOperations {
    static let topic = bits(read, write, create, delete, alter, describe, describeConfigs, alterConfigs)
    static let cluster = bits(
        create, alter, describe, clusterAction, describeConfigs, alterConfigs, idempotentWrite)
    static let group = bits(read, delete, describe, describeConfigs, alterConfigs)

    private static let (read, write, create, delete, alter, describe) = (3, 4, 5, 6, 7, 8)
    private static let (clusterAction, describeConfigs, alterConfigs, idempotentWrite) = (9, 10, 11, 12)

    private static func bits(_ operations: Int...) -> Int32 {
        operations.reduce(0) { $0 | 1 << Int32($1) }
    }
}
