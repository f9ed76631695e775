/// How a call ended, by gRPC's numbers and with their meaning.
public enum StatusCode: UInt32, Hashable, Sendable, CaseIterable, CustomStringConvertible {
    case ok = 0
    case cancelled = 1
    /// Also what a number that we do not know is taken for.
    case unknown = 2
    case invalidArgument = 3
    case deadlineExceeded = 4
    case notFound = 5
    case alreadyExists = 6
    case permissionDenied = 7
    case resourceExhausted = 8
    case failedPrecondition = 9
    case aborted = 10
    case outOfRange = 11
    case unimplemented = 12
    case `internal` = 13
    /// Not now: the same call may succeed later.
    case unavailable = 14
    /// Stored bytes are damaged.
    case dataLoss = 15
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
