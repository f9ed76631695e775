internal import MillraceCoordination
internal import MillraceModel
internal import MillraceRecords
package import MillraceStorage
internal import SystemPackage

/// What an engine refuses or cannot do. `description` is a sentence with the name, the value, the
/// limit and the way out; `kind` is for programs.
public struct EngineError: Error, Sendable, CustomStringConvertible {
    /// What a program may tell errors apart by.
    public enum Kind: Hashable, Sendable {
        /// There is no such topic, or it has no such partition.
        case unknownTopic
        /// A topic of that name is there already.
        case topicExists
        /// A name, a setting, a count or a batch that is not legal.
        case invalidArgument
        /// A batch over the topic's `max.message.bytes`.
        case recordTooLarge
        /// The offset is before the log's start or after its end.
        case offsetOutOfRange
        /// The partition takes no writes: the disk is full, or a write failed.
        case readOnly
        /// Stored bytes are not what was written.
        case dataLoss
        /// Another process has the data directory.
        case directoryInUse
        /// Members of the group are live, and only they commit for it.
        case groupInUse
        /// The group has gone on without this member, or is being rebalanced.
        case notMember
        /// A newer Millrace wrote the data directory.
        case newerFormat
        /// The kernel is too old for io_uring as it is used here, or refuses it.
        case ringRefused
        /// The engine is closed, or about to be.
        case closed
        /// A file could not be read or written.
        case io
    }

    /// What a program may tell it by.
    public let kind: Kind
    /// A sentence for people: the name, the value, the limit and the way out.
    public let description: String
    /// The values of the error, by what they are.
    package let details: [String: String]

    package init(_ kind: Kind, _ description: String, details: [String: String] = [:]) {
        self.kind = kind
        self.description = description
        self.details = details
    }

    package init(_ error: StorageError) {
        let kind: Kind =
            switch error {
            case .unknownTopic, .unknownPartition: .unknownTopic
            case .topicExists: .topicExists
            case .partitionsOnlyGrow, .invalidBatch, .outOfOrderSequence, .duplicateSequence,
                .invalidProducerEpoch, .openTransaction, .notInTransaction, .invalidConfig, .invalidTimestamp,
                .recordWithoutKey, .onlyCompacted:
                .invalidArgument
            case .batchTooLarge: .recordTooLarge
            case .offsetOutOfRange: .offsetOutOfRange
            case .readOnly: .readOnly
            case .damaged, .damagedFile: .dataLoss
            case .directoryInUse: .directoryInUse
            case .newerFormat: .newerFormat
            case .closed: .closed
            case .io: .io
            }
        self.init(kind, "\(error)", details: error.details)
    }

    init(_ error: CoordinationError) {
        switch error {
        case .log: self.init(.io, "\(error)")
        case .commitTooLarge, .recordsTooLarge: self.init(.recordTooLarge, "\(error)")
        case .unknownMemberID: self.init(.groupInUse, "\(error)")
        case .coordinatorNotAvailable: self.init(.closed, "\(error)")
        default: self.init(.invalidArgument, "\(error)")
        }
    }

    static let closed = EngineError(.closed, "the engine is closed")

    init(_ error: RecordsError) { self.init(.invalidArgument, "\(error)") }

    init(_ error: TopicNameError) { self.init(.invalidArgument, "\(error)") }

    init(_ error: TopicConfigError) { self.init(.invalidArgument, "\(error)") }

    /// Why a shard did not start.
    init(ring error: Errno) {
        switch error {
        case .notPermitted, .permissionDenied, .noFunction:
            self.init(
                .ringRefused,
                """
                the kernel refuses io_uring (\(error)): set kernel.io_uring_disabled=0 with sysctl, or \
                allow the io_uring system calls in the container's seccomp profile
                """)
        case .invalidArgument:
            self.init(
                .ringRefused,
                "this kernel's io_uring lacks what Millrace uses: Linux \(KernelVersion.lowest) or newer is needed")
        case .noMemory:
            self.init(
                .ringRefused,
                "the kernel has no memory for a ring: raise the memlock limit (ulimit -l) or start fewer shards")
        default:
            self.init(.ringRefused, "a ring could not be set up: \(error)")
        }
    }
}
