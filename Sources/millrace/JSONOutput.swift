internal import ArgumentParser
internal import Foundation

/// What a command lists, for people or for programs.
struct ListingOptions: ParsableArguments {
    @Flag(help: "Print one JSON document, with the same names and values.")
    var json = false

    /// - Parameter text: the lines for people.
    func print(_ document: some Encodable, text: () -> String) throws {
        guard json else {
            let lines = text()
            if !lines.isEmpty { Swift.print(lines) }
            return
        }
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        Swift.print(String(decoding: try encoder.encode(document), as: UTF8.self))
    }
}
