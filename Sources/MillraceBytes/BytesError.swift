/// Why bytes could not be read as what they should have been.
package enum BytesError: Error, Hashable, CustomStringConvertible {
    /// The bytes end before the value does.
    case truncated(needed: Int, remaining: Int, position: Int)
    /// A length or count says less than nothing.
    case negativeCount(Int, position: Int)
    /// A variable-length integer does not fit its type.
    case varintOverflow(bits: Int, position: Int)

    package var description: String {
        switch self {
        case .truncated(let needed, let remaining, let position):
            "at byte \(position), \(needed) bytes are needed and \(remaining) remain"
        case .negativeCount(let count, let position):
            "at byte \(position), the count \(count) is negative"
        case .varintOverflow(let bits, let position):
            "at byte \(position), a variable-length integer does not fit \(bits) bits"
        }
    }
}
