internal import Millrace
internal import MillraceCoordination
internal import MillraceKafkaProtocol
internal import MillraceModel
internal import MillraceRecords
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
            case .invalidBatch(_, let error): ErrorCode(error)
            case .recordWithoutKey: .invalidRecord
            case .outOfOrderSequence: .outOfOrderSequenceNumber
            case .duplicateSequence: .duplicateSequenceNumber
            case .invalidProducerEpoch: .invalidProducerEpoch
            case .openTransaction, .notInTransaction: .invalidTxnState
            case .invalidTimestamp: .invalidTimestamp
            case .invalidConfig: .invalidConfig
            case .offsetOutOfRange: .offsetOutOfRange
            case .onlyCompacted: .policyViolation
            case .readOnly, .damaged, .io, .damagedFile: .kafkaStorageError
            case .directoryInUse, .newerFormat: .unknownServerError
            case .closed: .notLeaderOrFollower
            }
    }

    /// Why a produced batch is none. CORRUPT_MESSAGE has clients send it again, so it stands for what the way may
    /// have done.
    init(_ error: RecordsError) {
        self =
            switch error {
            case .checksumMismatch, .truncated, .illegalBatchLength: .corruptMessage
            case .batchTooLarge, .recordTooLarge, .decompressedTooLarge: .messageTooLarge
            case .unsupportedMagic: .unsupportedForMessageFormat
            case .unknownCodec: .unsupportedCompressionType
            default: .invalidRecord
            }
    }

    init(_ error: CoordinationError) {
        self =
            switch error {
            case .invalidGroupID: .invalidGroupID
            case .groupIDNotFound: .groupIDNotFound
            case .nonEmptyGroup: .nonEmptyGroup
            case .groupMaxSizeReached: .groupMaxSizeReached
            case .unknownMemberID, .supersededMember: .unknownMemberID
            case .memberIDRequired: .memberIDRequired
            case .fencedInstanceID: .fencedInstanceID
            case .illegalGeneration: .illegalGeneration
            case .rebalanceInProgress: .rebalanceInProgress
            case .inconsistentGroupProtocol: .inconsistentGroupProtocol
            case .invalidSessionTimeout: .invalidSessionTimeout
            case .groupSubscribedToTopic: .groupSubscribedToTopic
            case .offsetMetadataTooLarge: .offsetMetadataTooLarge
            case .invalidOffset: .invalidRequest
            case .commitTooLarge: .invalidCommitOffsetSize
            case .recordsTooLarge: .unknownServerError
            case .producerFenced: .invalidProducerEpoch
            case .transactionEnded, .coordinatorNotAvailable, .log: .coordinatorNotAvailable
            }
    }

    init(_ error: EngineError) {
        self =
            switch error.kind {
            case .unknownTopic: .unknownTopicOrPartition
            case .topicExists: .topicAlreadyExists
            case .invalidArgument: .invalidRequest
            case .recordTooLarge: .messageTooLarge
            case .offsetOutOfRange: .offsetOutOfRange
            case .readOnly, .dataLoss, .io: .kafkaStorageError
            case .groupInUse: .nonEmptyGroup
            case .notMember: .unknownMemberID
            case .closed: .notLeaderOrFollower
            case .directoryInUse, .newerFormat, .ringRefused: .unknownServerError
            }
    }
}
