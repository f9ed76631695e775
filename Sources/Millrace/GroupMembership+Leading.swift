internal import MillraceCoordination
internal import MillraceModel
internal import MillraceStorage

/// How many partitions topics have, of those that are there.
struct PartitionCounts: Equatable {
    let topics: Set<String>
    private(set) var counts: [String: Int32] = [:]

    init(of topics: Set<String>, in storage: Storage) {
        self.topics = topics
        for topic in topics {
            guard let name = try? TopicName(topic), let found = storage.topic(name) else { continue }
            counts[topic] = Int32(clamping: found.partitions.count)
        }
    }

    /// As they were when these members were assigned what they have.
    init(of members: [GroupDescription.Member]) {
        topics = Set(members.flatMap { ConsumerSubscription($0.metadata)?.topics ?? [] })
        for share in members.flatMap({ ConsumerAssignment($0.assignment)?.topics ?? [] })
        where topics.contains(share.topic) && !share.partitions.isEmpty {
            counts[share.topic, default: 0] &+= Int32(clamping: share.partitions.count)
        }
    }
}

/// What a leader does for the group.
extension GroupMembership {
    /// Shares the partitions out as they are now.
    func assign(
        to joined: [JoinAnswer.Member], _ answer: JoinAnswer
    ) -> [SyncRequest.Assignment] {
        let members = joined.map { member in
            Assignor.Member(
                id: member.memberID, instanceID: member.instanceID,
                // Whoever wants nothing that can be read gets nothing.
                subscription: ConsumerSubscription(member.metadata)
                    ?? ConsumerSubscription(topics: []))
        }
        let partitions = PartitionCounts(
            of: Set(members.flatMap(\.subscription.topics)), in: engine.storage)
        assignedCounts = partitions
        // The group has chosen among what this member offered.
        let assignor = answer.protocolName.flatMap { Assignor(rawValue: $0) } ?? .range
        let assignments = assignor.assign(to: members, partitionCounts: partitions.counts)
        return joined.map { member in
            SyncRequest.Assignment(
                memberID: member.memberID,
                bytes: (assignments[member.memberID] ?? ConsumerAssignment()).encoded())
        }
    }

    /// What the member got. A leader that did not assign itself finds out what was assigned.
    func assignment(
        _ answer: SyncAnswer, isLeader: Bool
    ) async throws(CoordinationError) -> MemberAssignment {
        if isLeader, assignedCounts == nil {
            let group = request.group
            let description = try await engine.withGroups { (groups) async throws(CoordinationError) in
                try await groups.describe(group)
            }
            assignedCounts = PartitionCounts(of: description.members)
        }
        return MemberAssignment(
            memberID: memberID, generation: generation, assignor: answer.protocolName ?? "",
            partitions: (ConsumerAssignment(answer.assignment)?.topics ?? []).filter {
                !$0.partitions.isEmpty
            },
            isLeader: isLeader, sessionTimeout: sessionTimeout)
    }
}
