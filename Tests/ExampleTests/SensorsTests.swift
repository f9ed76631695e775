import Foundation
import Testing

@Suite struct SensorsTests {
    @Test func everyReadingIsCounted() async throws {
        try await withDirectory { directory in
            // Twice, so that the second run finds what the first has left.
            for run in 1...2 {
                let program = try ExampleProgram("sensors", [directory.path, "50", "4"])
                let lines = try program.finish()
                try #require(lines.count == 5)
                #expect(lines[0].hasPrefix("200 readings in "))
                #expect(lines[1] == "device 0: \(4 * run) readings, 20.0 to 20.03, mean 20.02")
                #expect(lines[4] == "50 devices, \(200 * run) readings")
            }
        }
    }
}
