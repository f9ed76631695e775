internal import Millrace
internal import MillraceCoordination
internal import MillraceKafkaProtocol
internal import MillraceModel
internal import MillraceStorage

// Key 28, TxnOffsetCommit: offsets of a group within a transaction; they count from its commit on.
//
// v2 has leader epochs, v3 the member (KIP-447), whose generation is then checked; v5 (transactions of version 2,
// KIP-890) is not served. The transaction has to have the group's partition by AddOffsetsToTxn.

extension KafkaConnection {
    func txnOffsetCommit(
        _ request: TxnOffsetCommitRequest, _ call: KafkaCall
    ) async -> TxnOffsetCommitResponse {
        var response = TxnOffsetCommitResponse()
        var commits: [MillraceCoordination.OffsetCommitRequest.Commit] = []
        // Where the outcome of each commit belongs.
        var places: [(topic: Int, partition: Int)] = []
        for topic in request.topics {
            var answered = TxnOffsetCommitResponse.TxnOffsetCommitResponseTopic()
            answered.name = topic.name
            let found = services.storage.find(name: topic.name, id: .zero)
            for asked in topic.partitions {
                var partition = TxnOffsetCommitResponse.TxnOffsetCommitResponsePartition()
                partition.partitionIndex = asked.partitionIndex
                switch found.flatMap({ $0.partition(asked.partitionIndex) }) {
                case .failure(let code): partition.errorCode = code
                case .success(let log):
                    places.append((response.topics.count, answered.partitions.count))
                    commits.append(Self.commit(asked, log.partition))
                }
                answered.partitions.append(partition)
            }
            response.topics.append(answered)
        }
        guard !commits.isEmpty else { return response }
        let outcomes = await commit(commits, request, call)
        for (place, code) in zip(places, outcomes) {
            response.topics[place.topic].partitions[place.partition].errorCode = code
        }
        return response
    }

    private func commit(
        _ commits: [MillraceCoordination.OffsetCommitRequest.Commit], _ request: TxnOffsetCommitRequest,
        _ call: KafkaCall
    ) async -> [ErrorCode] {
        var commit = MillraceCoordination.OffsetCommitRequest(group: request.groupID, commits: commits)
        commit.generation = request.generationIDOrMemberEpoch
        commit.memberID = request.memberID
        commit.instanceID = request.groupInstanceID
        let wanted = commit
        let owner = TransactionOwner(
            producerID: ProducerID(request.producerID), producerEpoch: ProducerEpoch(request.producerEpoch))
        do {
            var refusals: [CoordinationError?]?
            while refusals == nil { refusals = try await commitOnce(wanted, owner, request.transactionalID) }
            return refusals?.map { $0.map { ErrorCode($0) } ?? .none } ?? []
        } catch let error as TransactionError {
            // Clients know INVALID_PRODUCER_EPOCH here, whatever the version.
            let code = ErrorCode(error, call, fencedSince: .max)
            return commits.map { _ in code }
        } catch {
            let code = (error as? CoordinationError).map { ErrorCode($0) } ?? .unknownServerError
            return commits.map { _ in code }
        }
    }

    /// - Returns: nil where a transaction has ended there meanwhile, which may have been this one.
    private func commitOnce(
        _ wanted: MillraceCoordination.OffsetCommitRequest, _ owner: TransactionOwner, _ transactionalID: String
    ) async throws -> [CoordinationError?]? {
        let place = try await withGroups { (groups) async throws(CoordinationError) in
            try await groups.place(of: wanted.group)
        }
        let partition = TopicPartition(topic: try TopicName("__consumer_offsets"), partition: place.partition)
        try await withTransactions { (coordinator) async throws(TransactionError) in
            try await coordinator.verify(partition, in: transactionalID, owner.producerID, owner.producerEpoch)
        }
        do throws(CoordinationError) {
            return try await withGroups { (groups) async throws(CoordinationError) in
                try await groups.commitOffsets(wanted, in: owner, endCount: place.endCount)
            }
        } catch .transactionEnded {
            return nil
        }
    }

    private static func commit(
        _ asked: TxnOffsetCommitRequest.TxnOffsetCommitRequestPartition, _ partition: TopicPartition
    ) -> MillraceCoordination.OffsetCommitRequest.Commit {
        var commit = MillraceCoordination.OffsetCommitRequest.Commit(
            partition, Offset(asked.committedOffset), metadata: asked.committedMetadata ?? "")
        if asked.committedLeaderEpoch >= 0 { commit.leaderEpoch = LeaderEpoch(asked.committedLeaderEpoch) }
        return commit
    }
}
