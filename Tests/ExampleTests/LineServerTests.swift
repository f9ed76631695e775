import Foundation
import Millrace
import Testing

/// Runs the example as a person would: starts it, sends lines, reads the offsets, ends it, and
/// finds the lines in its log.
@Suite struct LineServerTests {
    @Test func linesBecomeRecords() async throws {
        let directory = FileManager.default.temporaryDirectory
            .appendingPathComponent("millrace-example-\(UUID())")
        defer { try? FileManager.default.removeItem(at: directory) }
        let server = Process()
        let executable: URL = try #require(Self.executable)
        server.executableURL = executable
        server.arguments = [directory.path]
        let output = Pipe()
        server.standardOutput = output
        try server.run()
        let ready = String(decoding: output.fileHandleForReading.availableData, as: UTF8.self)
        let port = try #require(ready.split(separator: " ").last.flatMap { Int($0.dropLast()) })
        #expect(try Self.ask(port, "first\n\nthird\n", lines: 3) == ["0", "1", "2"])
        server.terminate()
        server.waitUntilExit()

        let engine = try await Engine.open(directory.path, options: EngineOptions(shardCount: 1))
        var found: [String] = []
        for try await batch in engine.batches(of: "lines", partition: 0) {
            try batch.forEachRecord { found.append(String(decoding: $0.value ?? [], as: UTF8.self)) }
        }
        #expect(found == ["first", "", "third"])
        await engine.close()
    }

    /// The program that was built beside the tests.
    private static var executable: URL? {
        let bundle = Bundle.allBundles.map(\.bundleURL).first { $0.pathExtension == "xctest" }
        let beside = (bundle ?? URL(fileURLWithPath: CommandLine.arguments[0]))
            .deletingLastPathComponent().appendingPathComponent("line-server")
        return FileManager.default.isExecutableFile(atPath: beside.path) ? beside : nil
    }

    private static func ask(_ port: Int, _ text: String, lines: Int) throws -> [String] {
        let client = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(client) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = UInt16(port).bigEndian
        address.sin_addr.s_addr = inet_addr("127.0.0.1")
        let connected = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(client, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        try #require(connected == 0)
        _ = text.withCString { send(client, $0, strlen($0), 0) }
        var answer = ""
        var buffer = [UInt8](repeating: 0, count: 4096)
        while answer.split(separator: "\n").count < lines {
            let count = recv(client, &buffer, buffer.count, 0)
            try #require(count > 0)
            answer += String(decoding: buffer[..<count], as: UTF8.self)
        }
        return answer.split(separator: "\n").map(String.init)
    }
}
