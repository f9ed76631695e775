internal import Millrace
internal import MillraceKafkaProtocol
internal import MillraceModel
internal import MillraceStorage

// Key 21, DeleteRecords: lets partitions begin at later offsets; -1 is the high watermark. The answer says where they
// begin. A topic that is only compacted refuses with POLICY_VIOLATION.
//
// Versions differ in form only (v2 flexible).

extension KafkaConnection {
    func deleteRecords(_ request: DeleteRecordsRequest) async -> DeleteRecordsResponse {
        var response = DeleteRecordsResponse()
        for topic in request.topics {
            var answered = DeleteRecordsResponse.DeleteRecordsTopicResult()
            answered.name = topic.name
            let found = services.storage.find(name: topic.name, id: .zero)
            for partition in topic.partitions {
                var result = DeleteRecordsResponse.DeleteRecordsPartitionResult()
                result.partitionIndex = partition.partitionIndex
                result.lowWatermark = -1
                switch found.flatMap({ $0.partition(partition.partitionIndex) }) {
                case .failure(let code): result.errorCode = code
                case .success where found.isInternal: result.errorCode = .invalidTopic
                case .success(let log):
                    do throws(StorageError) {
                        result.lowWatermark = try await trim(log, to: partition.offset).value
                    } catch {
                        result.errorCode = ErrorCode(error)
                    }
                }
                answered.partitions.append(result)
            }
            response.topics.append(answered)
        }
        return response
    }

    /// - Returns: where the log begins now.
    private func trim(_ log: PartitionLog, to offset: Int64) async throws(StorageError) -> Offset {
        let end = await log.storage.bounds(of: log).highWatermark
        try await log.storage.trim(log, to: offset == -1 ? end : Offset(offset))
        return await log.storage.bounds(of: log).logStartOffset
    }
}

extension Result where Success == Topic {
    fileprivate var isInternal: Bool { (try? get().entry.name.isInternal) ?? false }
}
