internal import Millrace
internal import MillraceKafkaProtocol
internal import MillraceModel
internal import MillraceStorage

// Key 20, DeleteTopics: topics and their records, gone when the answer is sent; so are the offsets that groups
// committed in them.
//
// v5 has a message, v6 names topics by name or by id.

extension KafkaConnection {
    func deleteTopics(
        _ request: DeleteTopicsRequest, _ call: KafkaCall
    ) async -> DeleteTopicsResponse {
        var response = DeleteTopicsResponse()
        let asked: [(name: String?, id: TopicID)] =
            call.version >= 6
            ? request.topics.map { ($0.name, $0.topicID) } : request.topicNames.map { ($0, .zero) }
        for (name, id) in asked {
            var result = DeleteTopicsResponse.DeletableTopicResult()
            result.name = name
            result.topicID = id
            switch services.storage.find(name: name ?? "", id: id) {
            case .failure(let code): result.errorCode = code
            case .success(let topic):
                result.name = topic.entry.name.string
                result.topicID = topic.entry.id
                do throws(Refusal) {
                    try await delete(topic)
                } catch {
                    result.errorCode = error.code
                    result.errorMessage = error.message
                }
            }
            response.responses.append(result)
        }
        return response
    }

    private func delete(_ topic: Topic) async throws(Refusal) {
        let name = topic.entry.name
        try Refusal.checkNotInternal(name)
        do throws(EngineError) {
            try await services.engine.deleteTopic(name.string)
        } catch {
            throw Refusal(ErrorCode(error), "\(error)")
        }
    }
}
