/// How a call ended, by gRPC's numbers and with their meaning.
public enum StatusCode: UInt32, Hashable, Sendable, CaseIterable, CustomStringConvertible {
    /// The call went well.
    case ok = 0
    /// The client cancelled the call.
    case cancelled = 1
    /// Also what a number that we do not know is taken for.
    case unknown = 2
    /// What was asked for cannot be, whatever the state of the broker.
    case invalidArgument = 3
    /// The time that the client gave the call is over.
    case deadlineExceeded = 4
    /// There is no such topic, partition or group.
    case notFound = 5
    /// There is one already.
    case alreadyExists = 6
    /// The topic is the broker's own.
    case permissionDenied = 7
    /// Over a limit, which the message names.
    case resourceExhausted = 8
    /// Not in this state: of a partition that takes no writes, or a group with members.
    case failedPrecondition = 9
    /// The group does not know the member any more: join again.
    case aborted = 10
    /// The log does not have the offset.
    case outOfRange = 11
    /// The broker does not know the method.
    case unimplemented = 12
    /// A fault of the broker.
    case `internal` = 13
    /// Not now: the same call may succeed later.
    case unavailable = 14
    /// Stored bytes are damaged.
    case dataLoss = 15
    /// Kept for brokers that ask who a client is.
    case unauthenticated = 16

    /// The name as gRPC prints it.
    public var description: String {
        switch self {
        case .ok: "OK"
        case .cancelled: "CANCELLED"
        case .unknown: "UNKNOWN"
        case .invalidArgument: "INVALID_ARGUMENT"
        case .deadlineExceeded: "DEADLINE_EXCEEDED"
        case .notFound: "NOT_FOUND"
        case .alreadyExists: "ALREADY_EXISTS"
        case .permissionDenied: "PERMISSION_DENIED"
        case .resourceExhausted: "RESOURCE_EXHAUSTED"
        case .failedPrecondition: "FAILED_PRECONDITION"
        case .aborted: "ABORTED"
        case .outOfRange: "OUT_OF_RANGE"
        case .unimplemented: "UNIMPLEMENTED"
        case .internal: "INTERNAL"
        case .unavailable: "UNAVAILABLE"
        case .dataLoss: "DATA_LOSS"
        case .unauthenticated: "UNAUTHENTICATED"
        }
    }
}

/// The code, a text for people that names the way out, and named values for programs.
package struct Status: Hashable, Sendable {
    package var code: StatusCode
    package var message: String
    package var details: [String: String]

    package init(_ code: StatusCode, _ message: String = "", details: [String: String] = [:]) {
        self.code = code
        self.message = message
        self.details = details
    }

    package static let ok = Status(.ok)

    package var isOK: Bool { code == .ok }

    package init(_ wire: WireStatus) {
        self.init(StatusCode(rawValue: wire.code) ?? .unknown, wire.message, details: wire.details)
    }

    package var wire: WireStatus {
        var wire = WireStatus()
        wire.code = code.rawValue
        wire.message = message
        wire.details = details
        return wire
    }
}
