internal import NIOCore
internal import NIOPosix
internal import SystemPackage

/// What the system or SwiftNIO says of a connection, in a few words.
enum SystemReason {
    static func text(_ error: any Error) -> String {
        switch error {
        case let error as IOError:
            return Errno(rawValue: error.errnoCode).description.lowercased()
        case let error as NIOConnectionError:
            if let single = error.connectionErrors.first { return text(single.error) }
            return "the host \(error.host) is not known"
        default:
            return String(describing: error)
        }
    }

    /// Whether the connection was not refused, but not answered either.
    static func isTimeout(_ error: any Error) -> Bool {
        switch error {
        case ChannelError.connectTimeout:
            return true
        case let error as IOError:
            return Errno(rawValue: error.errnoCode) == .timedOut
        case let error as NIOConnectionError:
            return !error.connectionErrors.isEmpty
                && error.connectionErrors.allSatisfy { isTimeout($0.error) }
        default:
            return false
        }
    }
}
