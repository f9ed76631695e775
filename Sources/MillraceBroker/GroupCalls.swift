internal import Millrace
internal import MillraceCoordination
internal import MillraceModel
internal import MillraceNativeProtocol
internal import MillraceStorage

// Methods 0x0404 to 0x0407: looking at groups, and forgetting them.

extension NativeConnection {
    private func withGroups<Result: Sendable>(
        _ body: (GroupCoordinator) async throws(CoordinationError) -> Result
    ) async throws(CoordinationError) -> Result {
        try await engine.withGroups(body)
    }

    func listGroups(_ request: WireListGroupsRequest) async throws -> WireListGroupsResponse {
        for state in request.states
        where !GroupState.allCases.contains(where: { $0.rawValue.lowercased() == state.lowercased() }) {
            let known = GroupState.allCases.filter { $0 != .dead }.map(\.rawValue)
            throw StatusError(
                Status(
                    .invalidArgument,
                    "groups have no state '\(state.prefix(100))': use \(known.joined(separator: ", "))",
                    details: ["state": String(state.prefix(100))]))
        }
        let listings = try await withGroups { (groups) async throws(CoordinationError) in
            try await groups.list(states: request.states)
        }
        var response = WireListGroupsResponse()
        response.groups = listings.map { listing in
            var wire = WireGroupListing()
            wire.group = listing.id
            wire.state = listing.state.rawValue
            wire.protocolType = listing.protocolType
            return wire
        }
        return response
    }

    func describeGroup(_ request: WireDescribeGroupRequest) async throws -> WireGroupDescription {
        let (found, committed) = try await withGroups { (groups) async throws(CoordinationError) in
            let found = try await groups.describe(request.group)
            return (found, try await groups.fetchOffsets(of: request.group))
        }
        var wire = WireGroupDescription()
        wire.group = found.id
        wire.state = found.state.rawValue
        wire.protocolType = found.protocolType
        wire.assignor = found.protocolName
        let areConsumers = found.protocolType == ConsumerSubscription.protocolType
        wire.members = found.members.map { member in
            var wire = WireGroupMember()
            wire.memberID = member.id
            wire.instanceID = member.instanceID ?? ""
            wire.clientID = member.clientID
            wire.clientHost = member.clientHost
            if areConsumers, let assignment = ConsumerAssignment(member.assignment) {
                wire.partitions = assignment.topics.filter { !$0.partitions.isEmpty }
                    .map(WireTopicPartitions.init)
            }
            return wire
        }
        for (partition, position) in committed.sorted(by: { $0.key < $1.key }) {
            var offset = WireGroupOffset()
            offset.committed.topic = partition.topic.string
            offset.committed.partition = partition.partition
            offset.committed.offset = position.offset.value
            offset.committed.metadata = position.metadata
            offset.lag = await lag(of: partition, behind: position.offset)
            wire.offsets.append(offset)
        }
        return wire
    }

    /// An offset beyond the end, which a topic that was made anew may leave, has nothing to catch up with.
    private func lag(of partition: TopicPartition, behind offset: Offset) async -> Int64 {
        guard let log = try? engine.storage.partition(partition) else { return -1 }
        let end = await log.storage.bounds(of: log).highWatermark
        return max(0, end.value &- offset.value)
    }

    func deleteGroup(_ request: WireDeleteGroupRequest) async throws -> WireDeleteGroupResponse {
        try await withGroups { (groups) async throws(CoordinationError) in
            try await groups.delete(request.group)
        }
        return WireDeleteGroupResponse()
    }

    func deleteOffsets(_ request: WireDeleteOffsetsRequest) async throws -> WireDeleteOffsetsResponse {
        var wanted: [TopicName: Set<Int32>?] = [:]
        for topic in request.topics {
            let name = try TopicName(topic.topic)
            // None means all.
            if topic.partitions.isEmpty {
                wanted[name] = .some(nil)
            } else if let set = wanted[name, default: []] {
                wanted[name] = set.union(topic.partitions)
            }
        }
        let decided = wanted
        let refusals = try await withGroups { (groups) async throws(CoordinationError) in
            let committed = try await groups.fetchOffsets(of: request.group)
            let deleted = committed.keys.sorted().filter { partition in
                guard let numbers = decided[partition.topic] else { return false }
                return numbers?.contains(partition.partition) ?? true
            }
            return try await groups.deleteOffsets(of: request.group, deleted)
        }
        if let refusal = refusals.compactMap({ $0 }).first { throw refusal }
        return WireDeleteOffsetsResponse()
    }
}
