import Foundation
import Testing

/// The example that is a package of its own: Scripts/test builds it.
@Suite struct HTTPIngestTests {
    private static let executable = URL(filePath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        .appending(path: "Examples/HTTPIngest/.build/debug/http-ingest")

    private static let mayRun =
        FileManager.default.isExecutableFile(atPath: executable.path)
        || ProcessInfo.processInfo.environment["CI"] == "true"

    /// The status and the lines of the body; headers and the sizes of chunks are left out.
    private func ask(
        _ port: Int, _ method: String, _ path: String, _ body: String = ""
    ) throws -> (status: String, lines: [String]) {
        let connection = try Connection(port: port)
        connection.send(
            "\(method) \(path) HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
                + "Content-Length: \(body.utf8.count)\r\n\r\n\(body)")
        // What HTTP itself writes ends with a carriage return, and what the example writes does not.
        let lines = connection.receive { _ in false }.unicodeScalars.split(separator: "\n").map {
            String($0)
        }
        let status = try #require(lines.first?.split(separator: " ").dropFirst().first)
        return (String(status), lines.filter { $0.unicodeScalars.last != "\r" })
    }

    @Test(.enabled(if: mayRun, "swift build --package-path Examples/HTTPIngest has not been run"))
    func whatIsPostedIsRead() async throws {
        try await withDirectory { directory in
            let server = try ExampleProgram(Self.executable, [directory.path])
            let port = try server.port()
            #expect(try ask(port, "PUT", "/topics/clicks?partitions=1").status == "201")
            #expect(try ask(port, "PUT", "/topics/clicks").status == "409")
            let posted = try ask(port, "POST", "/topics/clicks?key=user", "one\ntwo\n")
            #expect(posted.status == "200")
            #expect(posted.lines == ["0 0", "0 1"])
            #expect(try ask(port, "POST", "/topics/clicks", "three\n").lines == ["0 2"])
            #expect(try ask(port, "POST", "/topics/clicks", "").status == "400")
            #expect(try ask(port, "POST", "/topics/nothing", "one\n").status == "404")
            #expect(try ask(port, "GET", "/topics/clicks/7").status == "404")
            #expect(try ask(port, "GET", "/topics/clicks/0?offset=9").status == "416")
            try server.terminate()

            // What was answered is there after a stop.
            let second = try ExampleProgram(Self.executable, [directory.path])
            let read = try ask(try second.port(), "GET", "/topics/clicks/0?offset=1")
            #expect(read.status == "200")
            #expect(read.lines == ["two", "three"])
            try second.terminate()
        }
    }
}
