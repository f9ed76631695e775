internal import Millrace
internal import MillraceCoordination
internal import MillraceModel
internal import MillraceNativeProtocol
internal import MillraceStorage

// What the engine says, in gRPC's numbers.

extension Status {
    init(_ error: any Error) {
        switch error {
        case let error as StatusError: self = error.status
        case let error as StorageError: self.init(error)
        case let error as CoordinationError: self.init(error)
        case let error as EngineError:
            self.init(Self.code(error.kind), error.description, details: error.details)
        case let error as TopicConfigError:
            self.init(
                .invalidArgument, "\(error)", details: ["config": error.name, "value": error.value])
        case is FrameError, is TopicNameError: self.init(.invalidArgument, "\(error)")
        default: self.init(.internal, "\(error)")
        }
        shorten()
    }

    init(_ error: StorageError) {
        let told = EngineError(error)
        let code: StatusCode =
            switch error {
            // The batch is right in itself: what its producer has written before does not go with it.
            case .outOfOrderSequence, .duplicateSequence, .invalidProducerEpoch, .openTransaction,
                .notInTransaction: .failedPrecondition
            default: Self.code(told.kind)
            }
        self.init(code, told.description, details: told.details)
        shorten()
    }

    /// What a client sent comes back to it in an error, but not megabytes of it.
    private mutating func shorten() {
        message = Self.beginning(message)
        details = details.mapValues(Self.beginning)
    }

    private static func beginning(_ text: String) -> String {
        // By scalars: one character may have any number of them.
        text.utf8.count <= 2000 ? text : String(text.unicodeScalars.prefix(490)) + "..."
    }

    private static func code(_ kind: EngineError.Kind) -> StatusCode {
        switch kind {
        case .unknownTopic: .notFound
        case .topicExists: .alreadyExists
        case .invalidArgument: .invalidArgument
        case .recordTooLarge: .resourceExhausted
        case .offsetOutOfRange: .outOfRange
        case .readOnly, .groupInUse: .failedPrecondition
        case .notMember: .aborted
        case .dataLoss: .dataLoss
        case .closed: .unavailable
        case .directoryInUse, .newerFormat, .ringRefused, .io: .internal
        }
    }
}
