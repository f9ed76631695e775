internal import Millrace
internal import MillraceCoordination
internal import MillraceKafkaProtocol
internal import MillraceModel

// Key 65, DescribeTransactions: how far transactional ids are, and which partitions their transactions have (KIP-664).

extension KafkaConnection {
    func describeTransactions(
        _ request: DescribeTransactionsRequest
    ) async -> DescribeTransactionsResponse {
        var response = DescribeTransactionsResponse()
        for id in request.transactionalIDs.unique {
            var state = DescribeTransactionsResponse.TransactionState()
            state.transactionalID = id
            do throws(TransactionError) {
                let found = try await withTransactions { (coordinator) async throws(TransactionError) in
                    try await coordinator.describe(id)
                }
                state.transactionState = found.state.name
                state.transactionTimeoutMs = Int32(clamping: Int64(found.timeout / .milliseconds(1)))
                state.transactionStartTimeMs = found.startedAt.milliseconds
                state.producerID = found.producerID.value
                state.producerEpoch = found.producerEpoch.value
                let topics = Dictionary(grouping: found.partitions.sorted(), by: \.topic)
                state.topics = topics.sorted { $0.key < $1.key }.map {
                    var topic = DescribeTransactionsResponse.TopicData()
                    topic.topic = $0.key.string
                    topic.partitions = $0.value.map(\.partition)
                    return topic
                }
            } catch {
                state.errorCode = ErrorCode(error)
            }
            response.transactionStates.append(state)
        }
        return response
    }
}
