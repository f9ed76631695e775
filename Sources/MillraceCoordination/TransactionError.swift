package import MillraceModel

/// What the transaction coordinator refuses. Each case is one of Kafka's error codes, which the case's comment names.
package enum TransactionError: Error, Hashable, Sendable {
    /// INVALID_PRODUCER_ID_MAPPING: the id is unknown, or another producer's.
    case invalidProducerIDMapping(id: String, producer: ProducerID)
    /// PRODUCER_FENCED: another instance has taken the id over.
    case producerFenced(id: String, given: ProducerEpoch, current: ProducerEpoch)
    /// INVALID_TXN_STATE.
    case invalidState(id: String, state: TransactionState, doing: String)
    /// TRANSACTION_ABORTABLE: a partition is written to that the transaction does not know (KIP-890).
    case notInTransaction(id: String, TopicPartition)
    /// CONCURRENT_TRANSACTIONS: the one before is just ending; try again.
    case concurrentTransactions(id: String)
    /// INVALID_TRANSACTION_TIMEOUT.
    case invalidTimeout(milliseconds: Int32, limit: Duration)
    /// INVALID_REQUEST.
    case illegalID(String, limit: Int)
    /// TRANSACTIONAL_ID_NOT_FOUND.
    case idNotFound(String)
    /// COORDINATOR_NOT_AVAILABLE: the coordinator stops, or its log refused the record.
    case notAvailable(String)
}

extension TransactionError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .invalidProducerIDMapping(let id, let producer):
            "transactional id '\(id)' is not that of producer \(producer.value): initialise the producer again"
        case .producerFenced(let id, let given, let current):
            """
            epoch \(given.value) of transactional id '\(id)' is over, it is at \(current.value): another instance has \
            taken it over, or its transaction took too long
            """
        case .invalidState(let id, let state, let doing):
            "the transaction of '\(id)' is \(state.name), and \(doing) is not possible then"
        case .notInTransaction(let id, let partition):
            "\(partition) is not in the transaction of '\(id)': abort the transaction"
        case .concurrentTransactions(let id):
            "the transaction before of '\(id)' is just ending: try again"
        case .invalidTimeout(let milliseconds, let limit):
            "a transaction timeout of \(milliseconds) ms is not within 1 ms and transaction.max.timeout.ms, \(limit)"
        case .illegalID(let id, let limit):
            "illegal transactional id '\(id.prefix(300))': it has 1 to \(limit) bytes"
        case .idNotFound(let id):
            "there is no transactional id '\(id)'"
        case .notAvailable(let reason):
            "\(reason); try again"
        }
    }
}
