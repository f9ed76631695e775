internal import Millrace
internal import MillraceKafkaProtocol
internal import MillraceModel
internal import MillraceStorage

// Key 22, InitProducerId: an id for an idempotent producer (KIP-98), never given twice.
//
// A transactional id is refused: there are no transactions. v3 has the id and epoch that a producer wants to go on
// from (KIP-360), which counts for transactional ones only; v4 and v5 have more error codes.

extension KafkaConnection {
    func initProducerID(_ request: InitProducerIdRequest) async -> InitProducerIdResponse {
        var response = InitProducerIdResponse()
        response.producerID = ProducerID.none.value
        response.producerEpoch = ProducerEpoch.none.value
        guard request.transactionalID == nil else {
            response.errorCode = .invalidRequest
            return response
        }
        do throws(StorageError) {
            response.producerID = try await services.storage.allocateProducerID().value
            response.producerEpoch = 0
        } catch {
            services.logger.error("a producer id could not be reserved", metadata: ["reason": "\(error)"])
            response.errorCode = ErrorCode(error)
        }
        return response
    }
}
