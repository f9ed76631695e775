/// What happens to a customer; the record's key is the customer's id.
///
/// A value is a word and the name after it. Whatever is no event at all is nil: records outlive the
/// programs that wrote them, and one that cannot be read must not stop the rest.
enum CustomerEvent: Equatable {
    case inserted(name: String)
    case renamed(name: String)
    /// The record has no value: a tombstone.
    case removed

    init?(_ value: UnsafeRawBufferPointer?) {
        guard let value else {
            self = .removed
            return
        }
        guard let text = String(validating: value, as: UTF8.self) else { return nil }
        let parts = text.split(separator: " ", maxSplits: 1).map(String.init)
        switch (parts.first, parts.count) {
        case ("inserted", 2): self = .inserted(name: parts[1])
        case ("renamed", 2): self = .renamed(name: parts[1])
        default: return nil
        }
    }

    var value: [UInt8]? {
        switch self {
        case .inserted(let name): Array("inserted \(name)".utf8)
        case .renamed(let name): Array("renamed \(name)".utf8)
        case .removed: nil
        }
    }
}
