import Foundation
import MillraceKafkaProtocol
import MillraceShard
import Testing

@testable import MillraceBroker

/// What the Kafka listener serves, and what is said of it.
struct KafkaSurfaceTests {
    private static let sources = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        .appendingPathComponent("Sources/MillraceBroker")

    /// The table of `KafkaProtocol.md` is written by this test where MILLRACE_WRITE_TABLES is set, and else compared.
    @Test func theTableOfTheDocumentationIsWhatIsServed() throws {
        let page = Self.sources.appendingPathComponent("MillraceBroker.docc/KafkaProtocol.md")
        let text = try String(contentsOf: page, encoding: .utf8)
        let begin = try #require(text.range(of: "| key | API |"), "the page has no table")
        let end = text.range(of: "\n\n", range: begin.lowerBound..<text.endIndex)?.lowerBound ?? text.endIndex
        let table = Self.table
        if ProcessInfo.processInfo.environment["MILLRACE_WRITE_TABLES"] != nil {
            try text.replacingCharacters(in: begin.lowerBound..<end, with: table)
                .write(to: page, atomically: true, encoding: .utf8)
        } else {
            #expect(
                text[begin.lowerBound..<end] == table,
                "the table is out of date: run this test with MILLRACE_WRITE_TABLES=1 and commit the page")
        }
    }

    private static var served: [(api: API, versions: ClosedRange<Int16>)] {
        KafkaSurface.versions.sorted { $0.key.rawValue < $1.key.rawValue }.map { ($0.key, $0.value) }
    }

    private static var table: String {
        (["| key | API | versions |", "|---|---|---|"]
            + served.map { api, versions in
                let range =
                    versions.count == 1 ? "\(versions.lowerBound)" : "\(versions.lowerBound)-\(versions.upperBound)"
                return "| \(api.rawValue) | \(name(api)) | \(range) |"
            }).joined(separator: "\n")
    }

    /// As Kafka writes it.
    private static func name(_ api: API) -> String {
        let name = "\(api)".replacingOccurrences(of: "ID", with: "Id")
        return name.prefix(1).uppercased() + name.dropFirst()
    }

    @Test func everyServedKeyHasAFileOfItsOwnThatTellsItsVersions() throws {
        let files = try FileManager.default.contentsOfDirectory(
            at: Self.sources.appendingPathComponent("Kafka"), includingPropertiesForKeys: nil)
        for (api, _) in Self.served {
            let number = api.rawValue < 10 ? "0\(api.rawValue)" : "\(api.rawValue)"
            let file = try #require(
                files.first { $0.lastPathComponent.hasPrefix(number) && !$0.lastPathComponent.hasPrefix("\(number)0") },
                "no file \(number)\(Self.name(api)).swift")
            let text = try String(contentsOf: file, encoding: .utf8)
            #expect(
                text.contains("// Key \(api.rawValue), "),
                "\(file.lastPathComponent) does not begin with its key and what it does")
        }
        let numbered = files.filter { $0.lastPathComponent.first?.isNumber ?? false }
        #expect(numbered.count == Self.served.count, "a file is there for a key that is not served")
    }

    @Test func nobodyIsToldToConnectToAllAddresses() {
        var options = BrokerOptions()
        options.hostName = "here.example"
        let local = SocketAddress(host: "127.0.0.1", port: 9)
        #expect(options.advertised(for: local) == local)
        for host in ["0.0.0.0", "::"] {
            let told = options.advertised(for: SocketAddress(host: host, port: 9))
            #expect(told == SocketAddress(host: "here.example", port: 9))
        }
        options.advertised = SocketAddress(host: "there.example", port: 10)
        #expect(options.advertised(for: local) == options.advertised)
    }

    @Test func everyServedVersionHasALayout() {
        for (api, versions) in Self.served {
            #expect(
                api.versions.contains(versions.lowerBound) && api.versions.contains(versions.upperBound),
                "\(api): \(versions) of \(api.versions)")
        }
    }
}
