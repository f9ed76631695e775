import Foundation
import Testing

/// README's code is code that is built and run.
@Suite struct ReadmeTests {
    /// The blocks of Swift under a heading, in order.
    private func blocks(under heading: String) throws -> [String] {
        let lines = try #require(Repository.file("README.md")).lines
        let begin = try #require(lines.firstIndex(of: Substring(heading)))
        let section = lines[(begin + 1)...].prefix { !$0.hasPrefix("## ") }
        var blocks: [String] = []
        var block: [Substring]?
        for line in section {
            if line == "```swift" {
                block = []
            } else if line == "```", let finished = block {
                blocks.append(finished.map { "\($0)\n" }.joined())
                block = nil
            } else {
                block?.append(line)
            }
        }
        return blocks
    }

    /// ExampleTests run the program.
    @Test func theProgramIsTheExample() throws {
        let blocks = try blocks(under: "## Embed it")
        try #require(blocks.count == 2)
        let example = try #require(Repository.file("Examples/Embed/main.swift"))
        #expect(blocks[1] == example.lines.joined(separator: "\n"))
    }

    @Test func theManifestIsOne() throws {
        let manifest = try #require(try blocks(under: "## Embed it").first)
        let folder = FileManager.default.temporaryDirectory.appending(path: "millrace-\(UUID())")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        try manifest.write(
            to: folder.appending(path: "Package.swift"), atomically: true, encoding: .utf8)
        #expect(try PackageGraph.of(folder).closure(of: ["shop"]).products == ["Millrace"])
    }

    @Test func everyExampleIsListed() throws {
        let readme = try #require(Repository.file("README.md")).lines.joined(separator: "\n")
        let examples = Repository.folders(in: "Examples")
        #expect(!examples.isEmpty)
        for example in examples {
            #expect(readme.contains("](Examples/\(example)/"), "\(example) is not in README's table")
        }
    }
}
