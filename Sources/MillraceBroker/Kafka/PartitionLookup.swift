internal import Millrace
internal import MillraceKafkaProtocol
internal import MillraceModel
internal import MillraceStorage

extension Storage {
    /// The topic that a request names: by its name, or from the versions on that have them, by its id.
    nonisolated func find(name: String, id: TopicID) -> Result<Topic, ErrorCode> {
        if name.isEmpty, id != .zero {
            return topic(id).map { .success($0) } ?? .failure(.unknownTopicID)
        }
        guard let name = try? TopicName(name) else { return .failure(.invalidTopic) }
        return topic(name).map { .success($0) } ?? .failure(.unknownTopicOrPartition)
    }
}

extension Topic {
    func partition(_ index: Int32) -> Result<PartitionLog, ErrorCode> {
        guard index >= 0, Int(index) < partitions.count else {
            return .failure(.unknownTopicOrPartition)
        }
        return .success(partitions[Int(index)])
    }
}

/// There is one leadership here, that of this broker.
func checkEpoch(_ claimed: Int32) -> ErrorCode {
    claimed > LeaderEpoch.zero.value ? .unknownLeaderEpoch : .none
}

extension Array where Element: Hashable {
    /// Without what has come before: a request must not get the same large answer a thousand times.
    var unique: [Element] {
        var seen: Set<Element> = []
        return filter { seen.insert($0).inserted }
    }
}
