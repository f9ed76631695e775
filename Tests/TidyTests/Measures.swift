/// How large a thing may be.
enum Measures {
    static let fileLinesMax = 700
    static let fileLinesAimedAt = 300
    static let functionLinesMax = 70
    static let columnsMax = 120

    static func longFile(_ file: SourceFile) -> [Finding] {
        let count = file.lines.count
        guard count > fileLinesMax else { return [] }
        return [Finding(path: file.path, line: count, message: "\(count) lines; split it")]
    }

    static func longLines(_ file: SourceFile) -> [Finding] {
        file.lines.enumerated().compactMap { index, line in
            guard line.utf8.count > columnsMax, line.count > columnsMax else { return nil }
            return Finding(path: file.path, line: index + 1, message: "\(line.count) columns")
        }
    }

    static func longFunctions(_ file: SourceFile) -> [Finding] {
        let functions = file.isC ? Functions.inC(file) : Functions.inSwift(file)
        return functions.filter { $0.count > functionLinesMax }.map {
            Finding(
                path: file.path, line: $0.lowerBound + 1, message: "a function of \($0.count) lines")
        }
    }
}

/// Where functions lie, by their braces: a range of line indexes from declaration to closing brace.
enum Functions {
    /// C of this repository begins a function at the margin and ends it with a brace there.
    static func inC(_ file: SourceFile) -> [Range<Int>] {
        var found: [Range<Int>] = []
        var begin: Int?
        for (index, line) in file.codeLines.enumerated() {
            if line.hasPrefix("}"), let first = begin {
                found.append(first..<index + 1)
                begin = nil
            } else if begin == nil, line.contains("("), let first = line.first,
                first.isLetter || first == "_", !line.contains(";")
            {
                begin = index
            }
        }
        return found
    }

    static func inSwift(_ file: SourceFile) -> [Range<Int>] {
        file.codeLines.indices.compactMap { index in
            guard let column = declaration(in: file.codeLines[index]),
                let end = end(of: file.codeLines, from: index, column: column)
            else { return nil }
            return index..<end + 1
        }
    }

    /// Where `func`, `init` or `deinit` declares something: a call has a dot before it.
    private static func declaration(in line: Substring) -> Substring.Index? {
        for word in ["func ", "init(", "init?(", "init<", "deinit "] {
            for range in line.ranges(of: word) {
                let before = line[..<range.lowerBound].last
                if before == nil || before == " " || before == "\t" { return range.upperBound }
            }
        }
        return nil
    }

    /// The line of the brace that closes the body; nil for a requirement, which has none.
    private static func end(
        of lines: [Substring], from first: Int, column: Substring.Index
    ) -> Int? {
        var parentheses = lines[first][..<column].last == "(" ? 1 : 0
        var braces = 0
        for index in first..<lines.count {
            let text = index == first ? lines[first][column...] : lines[index]
            if index > first, braces == 0, parentheses == 0, beginsAnotherDeclaration(text) {
                return nil
            }
            for byte in text.utf8 {
                switch byte {
                case UInt8(ascii: "("): parentheses += 1
                case UInt8(ascii: ")"): parentheses -= 1
                case UInt8(ascii: "{") where parentheses == 0 || braces > 0: braces += 1
                case UInt8(ascii: "}") where braces > 0:
                    braces -= 1
                    if braces == 0 { return index }
                case UInt8(ascii: "}") where parentheses == 0: return nil
                default: break
                }
            }
        }
        return nil
    }

    private static func beginsAnotherDeclaration(_ line: Substring) -> Bool {
        let words = ["func", "init", "var", "let", "case", "static", "mutating", "associatedtype"]
        let word = line.drop { $0 == " " }.prefix { $0.isLetter }
        return words.contains(String(word))
    }
}
