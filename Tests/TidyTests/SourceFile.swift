import Foundation

/// One file of the repository, as text and, for Swift and C, with everything blanked that is not
/// code.
struct SourceFile {
    /// From the root of the repository, with `/` between its parts.
    let path: String
    let lines: [Substring]

    /// The lines of the same numbers in which comments and the insides of strings are spaces.
    let codeLines: [Substring]

    init(path: String, text: String) {
        self.path = path
        lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        codeLines = CodeScanner.code(of: text)
            .split(separator: "\n", omittingEmptySubsequences: false)
    }

    var isSwift: Bool { path.hasSuffix(".swift") }
    var isC: Bool { path.hasSuffix(".c") || path.hasSuffix(".h") }

    /// Written by protoc: nobody reads it, and its form is not ours.
    var isGenerated: Bool { path.hasSuffix(".pb.swift") }

    /// `Sources/X/...` belongs to the target X.
    var sourcesTarget: String? {
        let parts = path.split(separator: "/")
        return parts.count > 2 && parts[0] == "Sources" ? String(parts[1]) : nil
    }
}

/// What a check has against a line.
struct Finding: CustomStringConvertible, Equatable {
    let path: String
    let line: Int
    let message: String

    var description: String { "\(path):\(line): \(message)" }
}

extension [Finding] {
    /// All of them under one another, so that one failure names all there is to mend.
    var listing: String { map { "\n  \($0)" }.joined() }
}
