package import MillraceModel
internal import MillraceShard

/// Committed offsets.
extension GroupCoordinator {
    /// Commits offsets; they survive a stop when this returns.
    /// - Returns: for each of the commits, in their order, why it was refused, or nil.
    /// - Throws: what refuses all: `unknownMemberID`, `illegalGeneration`, `fencedInstanceID`,
    /// `rebalanceInProgress`, `invalidGroupID`, `coordinatorNotAvailable`, `log`.
    /// - Parameters:
    ///   - transaction: in whose transaction they are committed: they count from its end on (KIP-447).
    ///   - endCount: what `place` said before the transaction was found to be under way; where one has ended in the
    ///     partition since, `transactionEnded` is thrown, and whoever asks looks again.
    package func commitOffsets(
        _ request: OffsetCommitRequest, in transaction: TransactionOwner? = nil, endCount: UInt64 = 0
    ) async throws(CoordinationError) -> [CoordinationError?] {
        let id = request.group
        try GroupName.check(id)
        try await prepareToWrite()
        if table[id] == nil, request.generation >= 0 {
            throw .illegalGeneration(group: id, given: request.generation, current: 0)
        }
        table.make(id)
        defer { table.removeIfUnused(id) }
        // Older clients do not say which member commits in a transaction: fencing is left to that.
        if transaction == nil || request.namesMember {
            try table[id]?.classic.checkCommit(
                generation: request.generation, member: request.memberID,
                instance: request.instanceID, at: time)
        }

        let now = shard.wallClock
        let refusals = request.commits.map { refusal(of: $0, in: id) }
        if request.isAllOrNone, let first = refusals.compactMap({ $0 }).first { throw first }
        var partitions: [TopicPartition] = []
        var records: [GroupRecord] = []
        for (commit, refusal) in zip(request.commits, refusals) where refusal == nil {
            partitions.append(commit.partition)
            records.append(
                .offset(
                    OffsetKey(group: id, partition: commit.partition),
                    CommittedOffset(
                        offset: commit.offset, leaderEpoch: commit.leaderEpoch,
                        metadata: commit.metadata, committedAt: now, topicID: commit.topicID)))
        }
        guard !records.isEmpty else { return refusals }
        if transaction != nil {
            let place = GroupName.partition(for: id, count: partitionCount ?? 1)
            guard endCounts[place, default: 0] == endCount else { throw .transactionEnded(group: id) }
        }
        let answer = PendingAnswer<Void>()
        table[id]?.offsets.beginCommit(partitions)
        enqueue(
            LogChange(
                records, .commit(id, partitions, answer), transaction.map { .within($0) } ?? .plain))
        try await answer.get(on: shard)
        return refusals
    }

    /// Ends a transaction in one partition of the log: the offsets committed in it count, or are forgotten.
    package func endTransaction(
        _ owner: TransactionOwner, isCommit: Bool, in partition: Int32
    ) async throws(CoordinationError) {
        try await prepareToWrite()
        let answer = PendingAnswer<Void>()
        endCounts[partition, default: 0] &+= 1
        enqueue(LogChange([], .other(answer), .end(owner, isCommit: isCommit)), in: partition)
        try await answer.get(on: shard)
    }

    /// In which partition of the log a group's records are, and how many transactions have ended there.
    package func place(
        of group: String
    ) async throws(CoordinationError) -> (partition: Int32, endCount: UInt64) {
        try GroupName.check(group)
        try await prepareToWrite()
        let partition = GroupName.partition(for: group, count: partitionCount ?? 1)
        return (partition, endCounts[partition, default: 0])
    }

    /// The partitions with offsets that a transaction may yet change. Ask before `fetchOffsets`: what ends in between
    /// is then fetched.
    package func unstableOffsets(of group: String) -> Set<TopicPartition> {
        table[group]?.offsets.unstable ?? []
    }

    private func refusal(
        of commit: OffsetCommitRequest.Commit, in group: String
    ) -> CoordinationError? {
        guard commit.offset >= .zero else {
            return .invalidOffset(group: group, commit.partition, commit.offset)
        }
        let byteCount = commit.metadata.utf8.count
        guard byteCount <= options.offsetMetadataBytesMax else {
            return .offsetMetadataTooLarge(
                group: group, commit.partition, bytes: byteCount,
                limit: options.offsetMetadataBytesMax)
        }
        return nil
    }

    /// The offsets that a group has committed, of some partitions or of all; those without one are
    /// left out, and a group that nobody has heard of has none.
    /// - Throws: `invalidGroupID`, `coordinatorNotAvailable`.
    package func fetchOffsets(
        of group: String, _ partitions: [TopicPartition]? = nil
    ) throws(CoordinationError) -> [TopicPartition: CommittedOffset] {
        try GroupName.check(group)
        try checkRunning()
        guard let committed = table[group]?.offsets.committed else { return [:] }
        guard let partitions else { return committed }
        var found: [TopicPartition: CommittedOffset] = [:]
        for partition in partitions { found[partition] = committed[partition] }
        return found
    }

    /// Takes offsets back, except of topics that live members want.
    /// - Returns: for each partition, in their order, why its offset stays, or nil.
    /// - Throws: `groupIDNotFound`, `nonEmptyGroup` for a group with members that are no consumers,
    /// `invalidGroupID`, `coordinatorNotAvailable`, `log`.
    package func deleteOffsets(
        of group: String, _ partitions: [TopicPartition]
    ) async throws(CoordinationError) -> [CoordinationError?] {
        try GroupName.check(group)
        try await prepareToWrite()
        guard let found = table[group], found.classic.state != .dead else {
            throw .groupIDNotFound(group)
        }
        let hasMembers = found.classic.state != .empty
        guard !hasMembers || found.classic.usesConsumerProtocol else {
            throw .nonEmptyGroup(group, memberCount: found.classic.members.count)
        }
        let subscribed = found.classic.subscribedTopics
        let refusals = partitions.map { partition -> CoordinationError? in
            // What consumers want that cannot be read may be anything.
            let isWanted = subscribed?.contains(partition.topic.string) ?? true
            return hasMembers && isWanted
                ? .groupSubscribedToTopic(group: group, partition.topic) : nil
        }
        let known = Set(found.offsets.partitions)
        let deleted = zip(partitions, refusals).compactMap { partition, refusal in
            refusal == nil && known.contains(partition) ? partition : nil
        }
        try await takeBack(deleted, of: group)
        return refusals
    }

    /// A topic is gone: nobody goes on in it, and one of the same name is another.
    /// - Parameter successor: the id of another topic that has the name by now; offsets that were
    /// committed for this id stay.
    /// - Throws: `coordinatorNotAvailable`, and `log` where some could not be taken back.
    package func topicDeleted(
        _ topic: TopicName, successor: TopicID? = nil
    ) async throws(CoordinationError) {
        try await takeBack { name, id in name == topic && (id == nil || id != successor) }
    }

    /// Takes back the offsets of all topics but these. For a start, since a stop between the end of
    /// a topic and that of its offsets leaves these behind, and a topic of the same name would be
    /// read from there.
    /// - Throws: as `topicDeleted`.
    package func keepOnly(_ topics: [TopicName: TopicID]) async throws(CoordinationError) {
        try await takeBack { name, id in
            guard let current = topics[name] else { return true }
            return id != nil && id != current
        }
    }

    /// Takes back offsets by the topic's name and, where the commit said it, its id: one write for
    /// each partition of the log, all at once. What can be taken back is, whatever fails.
    private func takeBack(
        where isGone: (TopicName, TopicID?) -> Bool
    ) async throws(CoordinationError) {
        try checkRunning()
        var gone: [Int32: [GroupRecord]] = [:]
        for id in table.ids {
            guard let offsets = table[id]?.offsets else { continue }
            let partitions = offsets.partitions.filter {
                isGone($0.topic, offsets.committed[$0]?.topicID)
            }
            guard !partitions.isEmpty else { continue }
            let place = GroupName.partition(for: id, count: partitionCount ?? 1)
            gone[place, default: []] += tombstones(partitions, of: id)
        }
        let answers = gone.sorted { $0.key < $1.key }.map { _, records in
            let answer = PendingAnswer<Void>()
            enqueue(LogChange(records, .other(answer)))
            return answer
        }
        var failure: CoordinationError?
        for answer in answers {
            do throws(CoordinationError) {
                try await answer.get(on: shard)
            } catch {
                failure = failure ?? error
            }
        }
        if let failure { throw failure }
    }

    private func takeBack(
        _ partitions: [TopicPartition], of group: String
    ) async throws(CoordinationError) {
        guard !partitions.isEmpty else { return }
        let answer = PendingAnswer<Void>()
        enqueue(LogChange(tombstones(partitions, of: group), .other(answer)))
        try await answer.get(on: shard)
    }

    func tombstones(_ partitions: [TopicPartition], of group: String) -> [GroupRecord] {
        partitions.map { .offset(OffsetKey(group: group, partition: $0), nil) }
    }

    /// Takes back what nobody has needed for the retention time, and groups of which nothing else
    /// is left. A failure leaves it to the next time.
    func expireOffsets() {
        let now = shard.wallClock
        for id in table.ids {
            guard let group = table[id] else { continue }
            let expired = group.offsets.expired(
                in: group.classic, retention: options.offsetsRetention, now: now)
            let isOver =
                group.classic.state == .empty && group.classic.pendingMembers.isEmpty
                && expired == group.offsets.partitions
            if isOver {
                beginDeletion(of: id, PendingAnswer())
            } else if !expired.isEmpty {
                enqueue(LogChange(tombstones(expired, of: id), .other(PendingAnswer())))
            }
        }
    }
}
