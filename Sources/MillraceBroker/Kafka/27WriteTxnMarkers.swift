internal import Millrace
internal import MillraceKafkaProtocol
internal import MillraceModel
internal import MillraceRecords
internal import MillraceStorage

// Key 27, WriteTxnMarkers: the end of a transaction in partitions, written at once: brokers send it to each other, and
// admin clients to end a transaction that hangs (KIP-664). v1 is flexible, v2 has the version of the transaction.

extension KafkaConnection {
    func writeTxnMarkers(_ request: WriteTxnMarkersRequest) async -> WriteTxnMarkersResponse {
        var response = WriteTxnMarkersResponse()
        for asked in request.markers {
            var result = WriteTxnMarkersResponse.WritableTxnMarkerResult()
            result.producerID = asked.producerID
            var marker = TransactionMarker(
                producerID: ProducerID(asked.producerID), producerEpoch: ProducerEpoch(asked.producerEpoch),
                isCommit: asked.transactionResult)
            marker.coordinatorEpoch = asked.coordinatorEpoch
            for topic in asked.topics {
                var answered = WriteTxnMarkersResponse.WritableTxnMarkerTopicResult()
                answered.name = topic.name
                let found = services.storage.find(name: topic.name, id: .zero)
                for index in topic.partitionIndexes {
                    var partition = WriteTxnMarkersResponse.WritableTxnMarkerPartitionResult()
                    partition.partitionIndex = index
                    let isLegal = asked.producerID >= 0 && asked.producerEpoch >= 0
                    partition.errorCode =
                        isLegal
                        ? await write(marker, found.flatMap { $0.partition(index) }) : .invalidRequest
                    answered.partitions.append(partition)
                }
                result.topics.append(answered)
            }
            response.markers.append(result)
        }
        return response
    }

    private func write(
        _ marker: TransactionMarker, _ partition: Result<PartitionLog, ErrorCode>
    ) async -> ErrorCode {
        switch partition {
        case .failure(let code): return code
        case .success(let log):
            // What groups commit in transactions is ended by their coordinator alone.
            guard !log.partition.topic.isInternal else { return .invalidTopic }
            do throws(StorageError) {
                _ = try await log.storage.end(marker, in: log).result()
                return .none
            } catch {
                return ErrorCode(error)
            }
        }
    }
}
