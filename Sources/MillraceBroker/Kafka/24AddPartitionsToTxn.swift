internal import Millrace
internal import MillraceCoordination
internal import MillraceKafkaProtocol
internal import MillraceModel
internal import MillraceStorage

// Key 24, AddPartitionsToTxn: the partitions that a transaction writes to, before it does.
//
// All of a request or none. v2 has PRODUCER_FENCED, v4 many transactions at once and asking without adding, which is
// what brokers do among each other (KIP-890).

extension KafkaConnection {
    private typealias TopicResult = AddPartitionsToTxnResponse.AddPartitionsToTxnTopicResult

    func addPartitionsToTxn(
        _ request: AddPartitionsToTxnRequest, _ call: KafkaCall
    ) async -> AddPartitionsToTxnResponse {
        var response = AddPartitionsToTxnResponse()
        guard call.version >= 4 else {
            var one = AddPartitionsToTxnRequest.AddPartitionsToTxnTransaction()
            one.transactionalID = request.v3AndBelowTransactionalID
            one.producerID = request.v3AndBelowProducerID
            one.producerEpoch = request.v3AndBelowProducerEpoch
            one.topics = request.v3AndBelowTopics
            response.resultsByTopicV3AndBelow = await results(of: one, call)
            return response
        }
        for transaction in request.transactions {
            var result = AddPartitionsToTxnResponse.AddPartitionsToTxnResult()
            result.transactionalID = transaction.transactionalID
            result.topicResults = await results(of: transaction, call)
            response.resultsByTransaction.append(result)
        }
        return response
    }

    private func results(
        of transaction: AddPartitionsToTxnRequest.AddPartitionsToTxnTransaction, _ call: KafkaCall
    ) async -> [TopicResult] {
        var partitions: Set<TopicPartition> = []
        var unknown: Set<TopicPartition> = []
        for topic in transaction.topics {
            let found = services.storage.find(name: topic.name, id: .zero)
            for index in topic.partitions {
                switch found.flatMap({ $0.partition(index) }) {
                case .success(let log): partitions.insert(log.partition)
                case .failure:
                    guard let name = try? TopicName(topic.name) else { continue }
                    unknown.insert(TopicPartition(topic: name, partition: index))
                }
            }
        }
        let isWhole = partitions.count == Set(transaction.topics.flatMap { topic in
            topic.partitions.map { "\(topic.name)-\($0)" }
        }).count
        let outcome = isWhole ? await add(partitions, to: transaction, call) : .operationNotAttempted
        return transaction.topics.map { topic in
            var result = TopicResult()
            result.name = topic.name
            result.resultsByPartition = topic.partitions.map { index in
                var partition = AddPartitionsToTxnResponse.AddPartitionsToTxnPartitionResult()
                partition.partitionIndex = index
                let name = try? TopicName(topic.name)
                let isUnknown = name.map { unknown.contains(TopicPartition(topic: $0, partition: index)) } ?? true
                partition.partitionErrorCode = isUnknown ? .unknownTopicOrPartition : outcome
                return partition
            }
            return result
        }
    }

    private func add(
        _ partitions: Set<TopicPartition>,
        to transaction: AddPartitionsToTxnRequest.AddPartitionsToTxnTransaction, _ call: KafkaCall
    ) async -> ErrorCode {
        let (id, producer) = (transaction.transactionalID, ProducerID(transaction.producerID))
        let epoch = ProducerEpoch(transaction.producerEpoch)
        do throws(TransactionError) {
            try await withTransactions { (coordinator) async throws(TransactionError) in
                guard transaction.verifyOnly else {
                    return try await coordinator.add(partitions, to: id, producer, epoch)
                }
                for partition in partitions.sorted() {
                    try await coordinator.verify(partition, in: id, producer, epoch)
                }
            }
            return .none
        } catch {
            return ErrorCode(error, call, fencedSince: 2)
        }
    }
}
