internal import Millrace
internal import MillraceKafkaProtocol
internal import MillraceModel
internal import MillraceStorage

// Key 37, CreatePartitions: more partitions for topics; every topic of the request is answered.
//
// Versions differ in form only (v2 flexible). An assignment may name this broker only, one list for each new
// partition.

extension KafkaConnection {
    func createPartitions(_ request: CreatePartitionsRequest) async -> CreatePartitionsResponse {
        var response = CreatePartitionsResponse()
        let counts = request.topics.reduce(into: [String: Int]()) { $0[$1.name, default: 0] += 1 }
        for topic in request.topics {
            var result = CreatePartitionsResponse.CreatePartitionsTopicResult()
            result.name = topic.name
            do throws(Refusal) {
                guard counts[topic.name] == 1 else {
                    throw Refusal(.invalidRequest, "topic '\(topic.name)' is in the request twice")
                }
                try await grow(topic, validateOnly: request.validateOnly)
            } catch {
                result.errorCode = error.code
                result.errorMessage = error.message
            }
            response.results.append(result)
        }
        return response
    }

    private func grow(
        _ asked: CreatePartitionsRequest.CreatePartitionsTopic, validateOnly: Bool
    ) async throws(Refusal) {
        let name = try Refusal.topicName(asked.name)
        try Refusal.checkNotInternal(name)
        guard let topic = services.storage.topic(name) else { throw Refusal(.unknownTopic(name)) }
        let old = topic.entry.partitionCount
        guard asked.count > old else {
            throw Refusal(.partitionsOnlyGrow(name, from: old, to: asked.count))
        }
        guard asked.count <= Engine.partitionsMax else {
            throw Refusal(
                .invalidPartitions, "\(asked.count) partitions: use up to \(Engine.partitionsMax)")
        }
        if let assignments = asked.assignments {
            guard assignments.count == Int(asked.count - old) else {
                throw Refusal(
                    .invalidReplicaAssignment,
                    "\(assignments.count) assignments for \(asked.count - old) new partitions")
            }
            for assignment in assignments { try checkReplicas(assignment.brokerIDs) }
        }
        guard !validateOnly else { return }
        do throws(StorageError) {
            _ = try await services.storage.addPartitions(name, upTo: asked.count)
        } catch {
            throw Refusal(error)
        }
    }
}
