internal import Millrace
internal import MillraceCoordination
internal import MillraceKafkaProtocol
internal import MillraceModel
internal import MillraceStorage

// Key 9, OffsetFetch: where groups go on; -1 where nothing was committed.
//
// v2 may ask for all partitions with null, v5 has leader epochs, v7 may ask for stable offsets (KIP-447), and is
// refused those that a transaction may yet change; v8 asks for many groups at once (KIP-709), v9 says which member
// asks, v10 has topic ids.

extension KafkaConnection {
    func offsetFetch(_ request: OffsetFetchRequest, _ call: KafkaCall) async -> OffsetFetchResponse {
        var response = OffsetFetchResponse()
        guard call.version < 8 else {
            for group in request.groups.unique {
                response.groups.append(await offsets(of: group, request.requireStable, call))
            }
            return response
        }
        // One group, in the older form.
        var one = OffsetFetchRequest.OffsetFetchRequestGroup()
        one.groupID = request.groupID
        one.topics = request.topics?.map {
            var topic = OffsetFetchRequest.OffsetFetchRequestTopics()
            topic.name = $0.name
            topic.partitionIndexes = $0.partitionIndexes
            return topic
        }
        let found = await offsets(of: one, request.requireStable, call)
        response.errorCode = found.errorCode
        response.topics = found.topics.map {
            var topic = OffsetFetchResponse.OffsetFetchResponseTopic()
            topic.name = $0.name
            topic.partitions = $0.partitions.map {
                var partition = OffsetFetchResponse.OffsetFetchResponsePartition()
                partition.partitionIndex = $0.partitionIndex
                partition.committedOffset = $0.committedOffset
                partition.committedLeaderEpoch = $0.committedLeaderEpoch
                partition.metadata = $0.metadata
                partition.errorCode = $0.errorCode
                return partition
            }
            return topic
        }
        return response
    }

    private typealias TopicOffsets = OffsetFetchResponse.OffsetFetchResponseTopics
    private typealias PartitionOffset = OffsetFetchResponse.OffsetFetchResponsePartitions

    private func offsets(
        of asked: OffsetFetchRequest.OffsetFetchRequestGroup, _ requiresStable: Bool, _ call: KafkaCall
    ) async -> OffsetFetchResponse.OffsetFetchResponseGroup {
        var group = OffsetFetchResponse.OffsetFetchResponseGroup()
        group.groupID = asked.groupID
        let committed: [TopicPartition: CommittedOffset]
        var unstable: Set<TopicPartition> = []
        var refusal = ErrorCode.none
        do throws(CoordinationError) {
            if requiresStable {
                unstable = try await withGroups { await $0.unstableOffsets(of: asked.groupID) }
            }
            committed = try await withGroups { (groups) async throws(CoordinationError) in
                try await groups.fetchOffsets(of: asked.groupID)
            }
        } catch {
            committed = [:]
            refusal = ErrorCode(error)
        }
        // Before v2 there is no error but those of partitions.
        if call.version >= 2, refusal != .none {
            group.errorCode = refusal
            return group
        }
        if let topics = asked.topics {
            group.topics = topics.map { offsets(of: $0, committed, refusal) }
        } else {
            group.topics = all(committed, call)
        }
        if !unstable.isEmpty { refuse(unstable, in: &group) }
        return group
    }

    private func refuse(
        _ unstable: Set<TopicPartition>, in group: inout OffsetFetchResponse.OffsetFetchResponseGroup
    ) {
        for topic in group.topics.indices {
            let (text, id) = (group.topics[topic].name, group.topics[topic].topicID)
            guard let name = (try? TopicName(text)) ?? services.storage.topic(id)?.entry.name else { continue }
            for place in group.topics[topic].partitions.indices {
                let number = group.topics[topic].partitions[place].partitionIndex
                guard unstable.contains(TopicPartition(topic: name, partition: number)) else { continue }
                group.topics[topic].partitions[place].errorCode = .unstableOffsetCommit
                group.topics[topic].partitions[place].committedOffset = -1
            }
        }
    }

    private func offsets(
        of asked: OffsetFetchRequest.OffsetFetchRequestTopics,
        _ committed: [TopicPartition: CommittedOffset], _ refusal: ErrorCode
    ) -> TopicOffsets {
        var topic = TopicOffsets()
        topic.name = asked.name
        topic.topicID = asked.topicID
        let isByID = asked.name.isEmpty && asked.topicID != .zero
        let name = isByID ? services.storage.topic(asked.topicID)?.entry.name : try? TopicName(asked.name)
        topic.partitions = asked.partitionIndexes.map { index in
            let found = name.flatMap { committed[TopicPartition(topic: $0, partition: index)] }
            var partition = Self.partition(index, found)
            partition.errorCode = isByID && name == nil ? .unknownTopicID : refusal
            return partition
        }
        return topic
    }

    private func all(
        _ committed: [TopicPartition: CommittedOffset], _ call: KafkaCall
    ) -> [TopicOffsets] {
        var topics: [TopicOffsets] = []
        var last: TopicName?
        for (partition, offset) in committed.sorted(by: { $0.key < $1.key }) {
            if partition.topic != last {
                var topic = TopicOffsets()
                topic.name = partition.topic.string
                if call.version >= 10 {
                    // A topic that is gone has no id to answer with.
                    guard let found = services.storage.topic(partition.topic) else { continue }
                    topic.topicID = found.entry.id
                }
                topics.append(topic)
                last = partition.topic
            }
            topics[topics.count - 1].partitions.append(Self.partition(partition.partition, offset))
        }
        return topics
    }

    private static func partition(_ index: Int32, _ committed: CommittedOffset?) -> PartitionOffset {
        var partition = PartitionOffset()
        partition.partitionIndex = index
        partition.committedOffset = committed?.offset.value ?? -1
        partition.committedLeaderEpoch = committed?.leaderEpoch?.value ?? -1
        partition.metadata = committed?.metadata ?? ""
        return partition
    }
}
