package import MillraceBytes

/// Why bytes are not the message they should be. Positions count from the beginning of the frame.
package enum WireError: Error, Hashable, CustomStringConvertible {
    /// The bytes end early, or a length in them is no length.
    case bytes(BytesError)
    /// Null where the version of the message allows none.
    case unexpectedNull(position: Int)
    /// A length or count that is more than the bytes that follow.
    case lengthTooLarge(Int, remaining: Int, position: Int)
    case invalidUTF8(position: Int)
    /// Tagged fields out of order, or one that does not fill its size.
    case malformedTag(UInt32, position: Int)
    /// Bytes after the last field.
    case trailingBytes(Int)
    /// A request that says it has fewer bytes than any, or more than are taken.
    case frameSize(Int, limit: Int)
    case unknownKey(Int16)
    case unsupportedVersion(Int16, API)

    package var description: String {
        switch self {
        case .bytes(let error): "\(error)"
        case .unexpectedNull(let position): "at byte \(position), null where a value is demanded"
        case .lengthTooLarge(let length, let remaining, let position):
            "at byte \(position), the length \(length) and \(remaining) bytes remain"
        case .invalidUTF8(let position): "at byte \(position), a string that is no UTF-8"
        case .malformedTag(let number, let position):
            "at byte \(position), the tagged field \(number) is out of order or does not fill its size"
        case .trailingBytes(let count): "\(count) bytes follow the last field"
        case .frameSize(let size, let limit):
            "a request of \(size) bytes: it must have 10 to \(limit) (socket.request.max.bytes; less without records)"
        case .unknownKey(let key): "there is no API key \(key)"
        case .unsupportedVersion(let version, let api):
            "\(api) (key \(api.rawValue)) version \(version) is not known; the versions are \(api.versions)"
        }
    }
}
