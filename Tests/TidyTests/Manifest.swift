/// What Package.swift and README say of the targets.
enum Manifest {
    /// The names in `.target(name: "A"`, whatever lies between; tests are apart.
    static func targets(in package: String) -> (tests: Set<String>, others: Set<String>) {
        var tests: Set<String> = []
        var others: Set<String> = []
        let kinds = [".target(", ".executableTarget(", ".systemLibrary(", ".testTarget("]
        for kind in kinds {
            for range in package.ranges(of: kind) {
                let rest = package[range.upperBound...].drop { $0.isWhitespace }
                guard rest.hasPrefix("name:"), let name = firstQuoted(in: rest) else { continue }
                if kind == ".testTarget(" { tests.insert(name) } else { others.insert(name) }
            }
        }
        return (tests, others)
    }

    /// The names in backticks in the first column of the table under `## Targets`.
    static func table(in readme: String) -> Set<String> {
        guard let heading = readme.range(of: "\n## Targets\n") else { return [] }
        let section = readme[heading.upperBound...]
        let end = section.range(of: "\n## ")?.lowerBound ?? section.endIndex
        return section[..<end].split(separator: "\n").reduce(into: []) { names, line in
            guard line.hasPrefix("|"), let cell = line.split(separator: "|").first else { return }
            let parts = cell.split(separator: "`", omittingEmptySubsequences: false)
            for index in parts.indices where index % 2 == 1 { names.insert(String(parts[index])) }
        }
    }

    private static func firstQuoted(in text: Substring) -> String? {
        let parts = text.prefix(200).split(
            separator: "\"", maxSplits: 2, omittingEmptySubsequences: false)
        return parts.count > 2 ? String(parts[1]) : nil
    }
}
