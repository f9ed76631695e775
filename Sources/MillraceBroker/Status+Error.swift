internal import Millrace
internal import MillraceModel
internal import MillraceNativeProtocol
internal import MillraceStorage

// What the engine says, in gRPC's numbers.

extension Status {
    init(_ error: any Error) {
        switch error {
        case let error as EngineError: self.init(Self.code(error.kind), error.description)
        case let error as StorageError: self.init(EngineError(error))
        case let error as FrameError: self.init(.invalidArgument, "\(error)")
        case let error as TopicNameError: self.init(.invalidArgument, "\(error)")
        default: self.init(.internal, "\(error)")
        }
    }

    private static func code(_ kind: EngineError.Kind) -> StatusCode {
        switch kind {
        case .unknownTopic: .notFound
        case .topicExists: .alreadyExists
        case .invalidArgument, .recordTooLarge: .invalidArgument
        case .offsetOutOfRange: .outOfRange
        case .readOnly, .groupInUse: .failedPrecondition
        case .dataLoss: .dataLoss
        case .closed: .unavailable
        case .directoryInUse, .newerFormat, .ringRefused, .io: .internal
        }
    }
}
