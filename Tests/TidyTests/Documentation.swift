/// What users see has a comment that says what it is.
enum Documentation {
    /// What a protocol of the standard library says all there is to say of.
    private static let exempt = [
        "var description:", "func < ", "func == ", "func hash(into", "var unownedExecutor:",
        "var debugDescription:",
    ]

    /// The words that begin what a public protocol demands.
    private static let requirements = ["func ", "var ", "init(", "associatedtype ", "mutating "]

    static func findings(in file: SourceFile) -> [Finding] {
        guard file.isSwift, !file.isGenerated, file.sourcesTarget != nil else { return [] }
        var found: [Finding] = []
        // The public enum or protocol whose members are looked at: they have no word of their own.
        var type: (indent: Int, isEnum: Bool)?
        for (index, line) in file.codeLines.enumerated() {
            let indent = line.prefix { $0 == " " }.count
            let text = withoutAttributes(line.dropFirst(indent))
            if let open = type, indent == open.indent, text.hasPrefix("}") { type = nil }
            guard isPublic(text) || isMember(text, at: indent, of: type) else { continue }
            if !isDocumented(index, in: file), !exempt.contains(where: text.contains) {
                let words = text.prefix { $0 != "{" }
                found.append(
                    Finding(path: file.path, line: index + 1, message: "no comment: \(words)"))
            }
            let isEnum = text.contains("enum ")
            if isPublic(text), isEnum || text.contains("protocol "), !text.contains("}") {
                type = (indent, isEnum)
            }
        }
        return found
    }

    private static func isPublic(_ text: Substring) -> Bool {
        (text.hasPrefix("public ") || text.hasPrefix("open "))
            && !text.hasPrefix("public import ") && !text.hasPrefix("public extension ")
    }

    private static func isMember(
        _ text: Substring, at indent: Int, of type: (indent: Int, isEnum: Bool)?
    ) -> Bool {
        guard let type, indent == type.indent + 4 else { return false }
        return type.isEnum
            ? text.hasPrefix("case ") : requirements.contains { text.hasPrefix($0) }
    }

    private static func withoutAttributes(_ text: Substring) -> Substring {
        var text = text
        while text.hasPrefix("@"), let space = text.firstIndex(of: " ") {
            text = text[space...].drop { $0 == " " }
        }
        return text
    }

    /// Whether the lines above, past attributes, end with a comment of the kind that DocC reads.
    private static func isDocumented(_ index: Int, in file: SourceFile) -> Bool {
        for line in file.lines[..<index].reversed() {
            let text = line.drop { $0 == " " }
            if !text.hasPrefix("@") { return text.hasPrefix("///") }
        }
        return false
    }
}
