import Foundation

/// Words that say something is not done, and paths that exist on one machine only.
enum Unfinished {
    // Taken apart, or this file would be the first to be found.
    private static let words = ["TO" + "DO", "FIX" + "ME", "XX" + "X", "HA" + "CK", "for" + " now"]
    private static let homes = ["root", "home", "work", "Users", "mnt"].map { "/" + $0 + "/" }

    static func findings(in file: SourceFile) -> [Finding] {
        file.lines.enumerated().flatMap { index, line in
            (words.filter { has($0, in: line) }.map { "says \($0)" }
                + homes.filter { isMachinePath($0, in: line) }.map { "a path of one machine: \($0)" })
                .map { Finding(path: file.path, line: index + 1, message: $0) }
        }
    }

    /// As a word of its own: `maXXXimum` is none.
    private static func has(_ word: String, in line: Substring) -> Bool {
        line.ranges(of: word).contains { range in
            let before = line[..<range.lowerBound].last
            let after = line[range.upperBound...].first
            return before?.isLetter != true && after?.isLetter != true
        }
    }

    /// With a name before the slash it is a part of another path.
    private static func isMachinePath(_ path: String, in line: Substring) -> Bool {
        line.ranges(of: path).contains { range in
            let before = line[..<range.lowerBound].last
            guard let before else { return true }
            return !before.isLetter && !before.isNumber && !"._-/}".contains(before)
        }
    }
}
