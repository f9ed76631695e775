internal import MillraceClient

/// How a record is printed: text with kcat's fields.
///
///     %s value   %k key   %o offset   %p partition   %t topic   %T timestamp (ms)   %h headers
///     %S, %K     the value's or the key's bytes, -1 for none      %% a percent sign      \n \t \\
struct RecordFormat {
    private enum Part: Equatable {
        case text([UInt8])
        case field(Character)
    }

    private let parts: [Part]

    static let fields = "skoptThSK"

    init(_ text: String) throws {
        var parts: [Part] = []
        var literal: [UInt8] = []
        var characters = text.makeIterator()
        while let character = characters.next() {
            guard character == "%" || character == "\\" else {
                literal += Array(String(character).utf8)
                continue
            }
            guard let next = characters.next() else {
                throw CommandError("--format \(text): it ends with '\(character)'")
            }
            switch (character, next) {
            case ("\\", "n"): literal.append(10)
            case ("\\", "t"): literal.append(9)
            case ("\\", "\\"), ("%", "%"): literal += Array(String(next).utf8)
            case ("%", _) where Self.fields.contains(next):
                if !literal.isEmpty { parts.append(.text(literal)) }
                literal = []
                parts.append(.field(next))
            default:
                throw CommandError(
                    "--format \(text): there is no \(character)\(next); fields are %s %k %o %p %t %T %h %S %K")
            }
        }
        if !literal.isEmpty { parts.append(.text(literal)) }
        self.parts = parts
    }

    func write(
        _ record: RecordView, topic: String, partition: Int32, to output: inout Output
    ) throws {
        for part in parts {
            switch part {
            case .text(let bytes): try output.append(bytes)
            case .field("s"): if let value = record.valueBytes { try output.append(value) }
            case .field("k"): if let key = record.keyBytes { try output.append(key) }
            case .field("o"): try output.append("\(record.offset)")
            case .field("p"): try output.append("\(partition)")
            case .field("t"): try output.append(topic)
            case .field("T"): try output.append("\(record.timestamp)")
            case .field("S"): try output.append("\(record.valueBytes?.count ?? -1)")
            case .field("K"): try output.append("\(record.keyBytes?.count ?? -1)")
            case .field:
                let headers = try record.headers().map {
                    "\($0.key)=\(String(decoding: $0.value ?? [], as: UTF8.self))"
                }
                try output.append(headers.joined(separator: ","))
            }
        }
    }
}
