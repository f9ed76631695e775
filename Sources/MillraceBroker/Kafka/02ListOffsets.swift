internal import Millrace
internal import MillraceKafkaProtocol
internal import MillraceModel
internal import MillraceStorage

// Key 2, ListOffsets: offsets by time, and the special ones by negative times.
//
//     -1 latest        the high watermark, or the last stable offset for whoever reads committed records (v2)
//     -2 earliest      the log start
//     -3 max timestamp the record with the latest time (v7, KIP-734)
//     -4 earliest local (v8): there is one tier, this one, so it is the log start
//     -5 latest tiered (v9), -6 earliest pending upload (v11): none
//
// A time is looked for inside batches: the answer is the first record at or after it, or -1 where all are older. v4
// has leader epochs, v10 a timeout for tiers that are far away.

extension KafkaConnection {
    func listOffsets(_ request: ListOffsetsRequest) async -> ListOffsetsResponse {
        var response = ListOffsetsResponse()
        for topic in request.topics {
            var answered = ListOffsetsResponse.ListOffsetsTopicResponse()
            answered.name = topic.name
            let found = services.storage.find(name: topic.name, id: .zero)
            for partition in topic.partitions {
                answered.partitions.append(
                    await look(partition, found, isCommitted: request.isolationLevel == 1))
            }
            response.topics.append(answered)
        }
        return response
    }

    private func look(
        _ partition: ListOffsetsRequest.ListOffsetsPartition, _ topic: Result<Topic, ErrorCode>,
        isCommitted: Bool
    ) async -> ListOffsetsResponse.ListOffsetsPartitionResponse {
        var response = ListOffsetsResponse.ListOffsetsPartitionResponse()
        response.partitionIndex = partition.partitionIndex
        let log: PartitionLog
        switch topic.flatMap({ $0.partition(partition.partitionIndex) }) {
        case .success(let found): log = found
        case .failure(let code):
            response.errorCode = code
            return response
        }
        response.errorCode = checkEpoch(partition.currentLeaderEpoch)
        guard response.errorCode == .none else { return response }
        do throws(StorageError) {
            guard let found = try await log.position(
                of: partition.timestamp, isCommitted: isCommitted)
            else { return response }
            response.offset = found.offset.value
            response.timestamp = found.timestamp.milliseconds
            response.leaderEpoch = LeaderEpoch.zero.value
        } catch {
            response.errorCode = ErrorCode(error)
        }
        return response
    }
}

extension PartitionLog {
    /// What a time of ListOffsets stands for; nil for nothing.
    fileprivate func position(
        of time: Int64, isCommitted: Bool
    ) async throws(StorageError) -> (offset: Offset, timestamp: Timestamp)? {
        switch time {
        case -1 where isCommitted: return (await storage.lastStableOffset(of: self), .none)
        case -1: return (await storage.bounds(of: self).highWatermark, .none)
        case -2, -4: return (await storage.bounds(of: self).logStartOffset, .none)
        case -3: return try await storage.latestRecord(of: self)
        case 0...:
            return try await storage.record(atOrAfter: Timestamp(milliseconds: time), of: self)
        default: return nil
        }
    }
}
