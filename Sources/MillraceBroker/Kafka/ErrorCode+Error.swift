internal import Millrace
internal import MillraceKafkaProtocol
internal import MillraceModel
internal import MillraceStorage

// What the engine says, in Kafka's numbers.

extension ErrorCode {
    init(_ error: StorageError) {
        self =
            switch error {
            case .unknownTopic, .unknownPartition: .unknownTopicOrPartition
            case .topicExists: .topicAlreadyExists
            case .partitionsOnlyGrow: .invalidPartitions
            case .batchTooLarge: .messageTooLarge
            case .invalidBatch: .corruptMessage
            case .offsetOutOfRange: .offsetOutOfRange
            case .readOnly, .damaged, .io, .damagedFile: .kafkaStorageError
            case .directoryInUse, .newerFormat: .unknownServerError
            case .closed: .notLeaderOrFollower
            }
    }
}
