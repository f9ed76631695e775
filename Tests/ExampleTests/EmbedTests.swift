import Foundation
import Testing

/// The program that README shows; TidyTests compare the two.
@Suite struct EmbedTests {
    @Test func itPrintsWhatItHasAppended() async throws {
        try await withDirectory { directory in
            let first = try ExampleProgram("embed", [], in: directory).finish()
            let place = try #require(first.first)
            #expect(place.hasSuffix(", offset 0"))
            #expect(first.dropFirst() == ["0: 3 apples"])
            let second = try ExampleProgram("embed", [], in: directory).finish()
            #expect(second.dropFirst() == ["0: 3 apples", "1: 3 apples"])
        }
    }
}
