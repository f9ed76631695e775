internal import Millrace
internal import MillraceCoordination
internal import MillraceKafkaProtocol
internal import MillraceModel
internal import MillraceStorage

extension KafkaConnection {
    func withTransactions<Result: Sendable>(
        _ body: (TransactionCoordinator) async throws(TransactionError) -> Result
    ) async throws(TransactionError) -> Result {
        try await services.engine.withTransactions(body)
    }
}

extension ErrorCode {
    init(_ error: TransactionError) {
        self =
            switch error {
            case .invalidProducerIDMapping: .invalidProducerIDMapping
            case .producerFenced: .producerFenced
            case .invalidState: .invalidTxnState
            case .notInTransaction: .invalidTxnState
            case .concurrentTransactions: .concurrentTransactions
            case .invalidTimeout: .invalidTransactionTimeout
            case .illegalID: .invalidRequest
            case .idNotFound: .transactionalIDNotFound
            case .notAvailable: .coordinatorNotAvailable
            }
    }

    /// Before a version clients know INVALID_PRODUCER_EPOCH only (KIP-588).
    init(_ error: TransactionError, _ call: KafkaCall, fencedSince version: Int16) {
        let code = ErrorCode(error)
        self = code == .producerFenced && call.version < version ? .invalidProducerEpoch : code
    }
}
