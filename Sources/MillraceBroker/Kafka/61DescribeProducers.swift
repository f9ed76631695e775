internal import Millrace
internal import MillraceKafkaProtocol
internal import MillraceModel
internal import MillraceStorage

// Key 61, DescribeProducers: the idempotent producers that partitions remember (KIP-664).

extension KafkaConnection {
    func describeProducers(_ request: DescribeProducersRequest) async -> DescribeProducersResponse {
        var response = DescribeProducersResponse()
        for topic in request.topics {
            var answered = DescribeProducersResponse.TopicResponse()
            answered.name = topic.name
            let found = services.storage.find(name: topic.name, id: .zero)
            for index in topic.partitionIndexes {
                var partition = DescribeProducersResponse.PartitionResponse()
                partition.partitionIndex = index
                partition.errorMessage = nil
                switch found.flatMap({ $0.partition(index) }) {
                case .failure(let code):
                    partition.errorCode = code
                    partition.errorMessage = "there is no partition \(topic.name)-\(index)"
                case .success(let log):
                    partition.activeProducers = await log.storage.producers(of: log).map(Self.describe)
                }
                answered.partitions.append(partition)
            }
            response.topics.append(answered)
        }
        return response
    }

    private static func describe(
        _ producer: ActiveProducer
    ) -> DescribeProducersResponse.ProducerState {
        var state = DescribeProducersResponse.ProducerState()
        state.producerID = producer.id.value
        state.producerEpoch = Int32(producer.epoch.value)
        state.lastSequence = producer.lastSequence
        state.lastTimestamp = producer.lastTimestamp.milliseconds
        state.coordinatorEpoch = producer.transactionStart == nil ? -1 : 0
        state.currentTxnStartOffset = producer.transactionStart?.value ?? -1
        return state
    }
}
