internal import Millrace
internal import MillraceCoordination
internal import MillraceKafkaProtocol
internal import MillraceModel
internal import MillraceStorage

// Key 22, InitProducerId: an id for an idempotent producer, never given twice, or the id and an epoch of its own for a
// transactional one (KIP-98).
//
// The epoch fences whoever had the transactional id before, and what that one left is aborted first. v3 has the id and
// epoch that a transactional producer goes on from after an error (KIP-360), v4 PRODUCER_FENCED (KIP-588), v5 more
// error codes.

extension KafkaConnection {
    func initProducerID(
        _ request: InitProducerIdRequest, _ call: KafkaCall
    ) async -> InitProducerIdResponse {
        var response = InitProducerIdResponse()
        response.producerID = ProducerID.none.value
        response.producerEpoch = ProducerEpoch.none.value
        if let id = request.transactionalID {
            await initTransactional(id, request, call, &response)
        } else {
            await initIdempotent(&response)
        }
        return response
    }

    private func initTransactional(
        _ id: String, _ request: InitProducerIdRequest, _ call: KafkaCall, _ response: inout InitProducerIdResponse
    ) async {
        let given: (ProducerID, ProducerEpoch)? =
            request.producerID < 0
            ? nil : (ProducerID(request.producerID), ProducerEpoch(request.producerEpoch))
        do throws(TransactionError) {
            let producer = try await withTransactions { (coordinator) async throws(TransactionError) in
                try await coordinator.initProducer(
                    id, timeoutMilliseconds: request.transactionTimeoutMs, given: given)
            }
            response.producerID = producer.0.value
            response.producerEpoch = producer.1.value
        } catch {
            response.errorCode = ErrorCode(error, call, fencedSince: 4)
        }
    }

    private func initIdempotent(_ response: inout InitProducerIdResponse) async {
        do throws(StorageError) {
            response.producerID = try await services.storage.allocateProducerID().value
            response.producerEpoch = 0
        } catch {
            services.logger.error("a producer id could not be reserved", metadata: ["reason": "\(error)"])
            response.errorCode = ErrorCode(error)
        }
    }
}
