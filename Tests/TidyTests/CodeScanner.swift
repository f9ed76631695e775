/// Blanks what is not code: comments and the insides of string literals become spaces, and every
/// line keeps its number and length, so that a check neither trips over prose nor misses code next
/// to it.
///
/// What is interpolated into a string is blanked with it.
struct CodeScanner {
    private let bytes: [UInt8]
    private var output: [UInt8]
    private var place = 0

    static func code(of text: String) -> String {
        var scanner = CodeScanner(text)
        scanner.scan()
        return String(decoding: scanner.output, as: UTF8.self)
    }

    private init(_ text: String) {
        bytes = Array(text.utf8)
        output = bytes
    }

    private func starts(with text: StaticString, at place: Int) -> Bool {
        guard place + text.utf8CodeUnitCount <= bytes.count else { return false }
        return (0..<text.utf8CodeUnitCount).allSatisfy { bytes[place + $0] == text.utf8Start[$0] }
    }

    private mutating func blank(_ count: Int) {
        for _ in 0..<count where place < bytes.count {
            if bytes[place] != UInt8(ascii: "\n") { output[place] = UInt8(ascii: " ") }
            place += 1
        }
    }

    private mutating func scan() {
        while place < bytes.count {
            if starts(with: "//", at: place) {
                blankLineComment()
            } else if starts(with: "/*", at: place) {
                blankBlockComment()
            } else if let hashes = hashesOfLiteral() {
                blankLiteral(hashes: hashes)
            } else if starts(with: "'", at: place) {
                skipCharacterLiteral()
            } else {
                place += 1
            }
        }
    }

    private mutating func blankLineComment() {
        while place < bytes.count, bytes[place] != UInt8(ascii: "\n") { blank(1) }
    }

    private mutating func blankBlockComment() {
        var depth = 0
        repeat {
            if starts(with: "/*", at: place) {
                depth += 1
                blank(2)
            } else if starts(with: "*/", at: place) {
                depth -= 1
                blank(2)
            } else {
                blank(1)
            }
        } while depth > 0 && place < bytes.count
    }

    /// C's `'"'` and `'{'`; Swift has no such literals.
    private mutating func skipCharacterLiteral() {
        let length = starts(with: "'\\", at: place) ? 4 : 3
        if place + length <= bytes.count, bytes[place + length - 1] == UInt8(ascii: "'") {
            blank(length)
        } else {
            place += 1
        }
    }

    /// How many `#` stand before the string literal that begins here; nil where none begins.
    private func hashesOfLiteral() -> Int? {
        var end = place
        while end < bytes.count, bytes[end] == UInt8(ascii: "#") { end += 1 }
        return starts(with: "\"", at: end) ? end - place : nil
    }

    private mutating func blankLiteral(hashes: Int) {
        place += hashes
        let isMultiline = starts(with: "\"\"\"", at: place)
        let quotes = isMultiline ? 3 : 1
        place += quotes
        while place < bytes.count {
            if closes(quotes: quotes, hashes: hashes) {
                place += quotes + hashes
                return
            }
            if bytes[place] == UInt8(ascii: "\n"), !isMultiline { return }
            guard escapes(hashes: hashes) else {
                blank(1)
                continue
            }
            blank(1 + hashes)
            if starts(with: "(", at: place) { blankInterpolation() } else { blank(1) }
        }
    }

    private func closes(quotes: Int, hashes: Int) -> Bool {
        guard place + quotes + hashes <= bytes.count else { return false }
        return (0..<quotes).allSatisfy { bytes[place + $0] == UInt8(ascii: "\"") }
            && (0..<hashes).allSatisfy { bytes[place + quotes + $0] == UInt8(ascii: "#") }
    }

    private func escapes(hashes: Int) -> Bool {
        guard bytes[place] == UInt8(ascii: "\\"), place + hashes < bytes.count else { return false }
        return (0..<hashes).allSatisfy { bytes[place + 1 + $0] == UInt8(ascii: "#") }
    }

    private mutating func blankInterpolation() {
        var depth = 0
        repeat {
            if let hashes = hashesOfLiteral() {
                let begin = place
                blankLiteral(hashes: hashes)
                for index in begin..<place where bytes[index] != UInt8(ascii: "\n") {
                    output[index] = UInt8(ascii: " ")
                }
                continue
            }
            if starts(with: "(", at: place) { depth += 1 }
            if starts(with: ")", at: place) { depth -= 1 }
            blank(1)
        } while depth > 0 && place < bytes.count
    }
}
