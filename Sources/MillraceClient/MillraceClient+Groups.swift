public import MillraceClientCore
public import MillraceModel
internal import MillraceNativeProtocol

// Groups, from the outside: what they have committed, and who is in them. Members commit through `GroupConsumer`.

extension MillraceClient {
    /// Commits where a group without members goes on; all or none.
    /// - Throws: `refused` with `failedPrecondition` while the group has members, who alone commit then.
    public func commit(
        _ offsets: [CommittedOffset], for group: String
    ) async throws(ClientError) {
        var request = WireCommitOffsetsRequest()
        request.group = group
        request.offsets = offsets.map(\.wire)
        _ = try await ask(.commitOffsets, request, WireCommitOffsetsResponse.self)
    }

    /// What a group has committed, for one topic or for all; empty for a group that nobody has heard of.
    public func committedOffsets(
        of group: String, topic: String? = nil
    ) async throws(ClientError) -> [CommittedOffset] {
        var request = WireFetchOffsetsRequest()
        request.group = group
        if let topic {
            var wanted = WireTopicPartitions()
            wanted.topic = try TopicName(given: topic).string
            request.topics = [wanted]
        }
        var offsets: [CommittedOffset] = []
        for offset in try await ask(.fetchOffsets, request, WireFetchOffsetsResponse.self).offsets {
            offsets.append(try CommittedOffset(offset))
        }
        return offsets
    }

    /// Makes a group forget where it goes on in partitions.
    /// - Throws: `refused` with `failedPrecondition` where a member of the group reads the topic.
    public func deleteOffsets(
        of group: String, _ partitions: [TopicPartition]
    ) async throws(ClientError) {
        var request = WireDeleteOffsetsRequest()
        request.group = group
        request.topics = WireTopicPartitions.grouped(partitions)
        _ = try await ask(.deleteOffsets, request, WireDeleteOffsetsResponse.self)
    }

    /// The groups, by name.
    /// - Parameter states: only those in one of these, such as `Stable`; all where empty.
    public func listGroups(states: [String] = []) async throws(ClientError) -> [GroupListing] {
        var request = WireListGroupsRequest()
        request.states = states
        return try await ask(.listGroups, request, WireListGroupsResponse.self).groups.map(GroupListing.init)
    }

    /// A group's members, their partitions, and how far it has come.
    /// - Throws: `refused` with `notFound`.
    public func describeGroup(_ group: String) async throws(ClientError) -> GroupDescription {
        var request = WireDescribeGroupRequest()
        request.group = group
        return try GroupDescription(
            try await ask(.describeGroup, request, WireGroupDescription.self))
    }

    /// Forgets a group and its offsets.
    /// - Throws: `refused` with `notFound`, or with `failedPrecondition` while it has members.
    public func deleteGroup(_ group: String) async throws(ClientError) {
        var request = WireDeleteGroupRequest()
        request.group = group
        _ = try await ask(.deleteGroup, request, WireDeleteGroupResponse.self)
    }
}
