internal import Millrace
internal import MillraceCoordination
internal import MillraceKafkaProtocol
internal import MillraceModel

// Key 25, AddOffsetsToTxn: a transaction is about to commit offsets of a group, so the group's partition of
// `__consumer_offsets` is told of its end. v2 has PRODUCER_FENCED.

extension KafkaConnection {
    func addOffsetsToTxn(
        _ request: AddOffsetsToTxnRequest, _ call: KafkaCall
    ) async -> AddOffsetsToTxnResponse {
        var response = AddOffsetsToTxnResponse()
        do {
            let index = try await withGroups { (groups) async throws(CoordinationError) in
                try await groups.place(of: request.groupID).partition
            }
            let partition = TopicPartition(topic: try TopicName("__consumer_offsets"), partition: index)
            try await withTransactions { (coordinator) async throws(TransactionError) in
                try await coordinator.add(
                    [partition], to: request.transactionalID, ProducerID(request.producerID),
                    ProducerEpoch(request.producerEpoch))
            }
        } catch let error as TransactionError {
            response.errorCode = ErrorCode(error, call, fencedSince: 2)
        } catch let error as CoordinationError {
            response.errorCode = ErrorCode(error)
        } catch {
            response.errorCode = .unknownServerError
        }
        return response
    }
}
