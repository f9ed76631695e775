import Foundation
import Millrace
import Testing

/// Starts the example, sends lines, reads the offsets, ends it, and finds the lines in its log.
@Suite struct LineServerTests {
    @Test func linesBecomeRecords() async throws {
        try await withDirectory { directory in
            let server = try ExampleProgram("line-server", [directory.path])
            let client = try Connection(port: try server.port())
            client.send("first\n\nthird\n")
            let answer = client.receive { $0.split(separator: "\n").count == 3 }
            #expect(answer == "0\n1\n2\n")
            try server.terminate()

            let engine = try await Engine.open(
                directory.path, options: EngineOptions(shardCount: 1))
            var found: [String] = []
            for try await batch in engine.batches(of: "lines", partition: 0) {
                try batch.forEachRecord {
                    found.append(String(decoding: $0.value ?? [], as: UTF8.self))
                }
            }
            #expect(found == ["first", "", "third"])
            await engine.close()
        }
    }
}
