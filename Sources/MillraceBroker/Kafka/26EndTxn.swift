internal import Millrace
internal import MillraceCoordination
internal import MillraceKafkaProtocol
internal import MillraceModel

// Key 26, EndTxn: a transaction is committed or aborted, in all its partitions when the answer is sent. v2 has
// PRODUCER_FENCED; v5 (transactions of version 2, KIP-890) is not served.

extension KafkaConnection {
    func endTxn(_ request: EndTxnRequest, _ call: KafkaCall) async -> EndTxnResponse {
        var response = EndTxnResponse()
        do throws(TransactionError) {
            try await withTransactions { (coordinator) async throws(TransactionError) in
                try await coordinator.end(
                    request.transactionalID, ProducerID(request.producerID),
                    ProducerEpoch(request.producerEpoch), isCommit: request.committed)
            }
        } catch {
            response.errorCode = ErrorCode(error, call, fencedSince: 2)
        }
        return response
    }
}
