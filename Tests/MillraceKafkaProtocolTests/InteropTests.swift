import Foundation
import MillraceKafkaProtocol
import PythonInterop
import Testing

/// Our messages read by kio, and its messages read by us: it is generated from Kafka's schemas, in another language.
@Suite(.enabled(if: PythonInterop.isAvailable, Comment(rawValue: PythonInterop.reason)))
struct InteropTests {
    private static let script = "kafka_messages.py"

    /// A line as the script reads and prints it.
    private struct Line {
        let api: API
        let version: Int16
        let isRequest: Bool
        let bytes: [UInt8]

        init(api: API, version: Int16, isRequest: Bool, bytes: [UInt8]) {
            self.api = api
            self.version = version
            self.isRequest = isRequest
            self.bytes = bytes
        }

        /// nil where kio does not know the version, or we do not: it has the messages between brokers as well.
        init?(_ text: Substring) throws {
            let words = text.split(separator: " ", omittingEmptySubsequences: false)
            try #require(words.count == 4)
            let key = try #require(Int16(words[0]))
            version = try #require(Int16(words[1]))
            guard let api = API(rawValue: key), api.versions.contains(version), words[3] != "unknown"
            else { return nil }
            self.api = api
            isRequest = words[2] == "request"
            bytes = try Self.bytes(ofHex: words[3])
        }

        var text: String {
            let digits = Array("0123456789abcdef".utf8)
            let hex = bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }
            let kind = isRequest ? "request" : "response"
            return "\(api.rawValue) \(version) \(kind) \(String(decoding: hex, as: UTF8.self))"
        }

        var message: any Message.Type { api.messages[isRequest ? 0 : 1] }

        private static func bytes(ofHex text: Substring) throws -> [UInt8] {
            let zero = UInt8(ascii: "0"), ten = UInt8(ascii: "a")
            let nibbles = text.utf8.map { $0 < ten ? $0 &- zero : $0 &- ten &+ 10 }
            try #require(nibbles.count.isMultiple(of: 2))
            return stride(from: 0, to: nibbles.count, by: 2).map { nibbles[$0] << 4 | nibbles[$0 + 1] }
        }
    }

    private static func lines(of output: Data) throws -> [Line?] {
        let text = String(decoding: output, as: UTF8.self)
        return try text.split(separator: "\n").map { try Line($0) }
    }

    /// kio 0.6 knows more than these; less would be a test that compares nothing.
    private static let fewestVersions = 450

    @Test func weReadWhatKioWrites() throws {
        let count = Fuzzing.rounds
        let output = try PythonInterop.run(
            Self.script, ["write", "--seed", "\(Fuzzing.seed)", "--count", "\(count)"])
        let lines = try Self.lines(of: output).compactMap { $0 }
        #expect(lines.count >= Self.fewestVersions * count)
        for line in lines { try encodeAgain(line.message, line) }

        func encodeAgain<M: Message>(_ type: M.Type, _ line: Line) throws {
            do throws(WireError) {
                let message = try M.decode(line.bytes, version: line.version)
                // What kio puts where batches are is not ours to know; it is compared by its place and size.
                let again = message.wireBytes(version: line.version, records: line.bytes).bytes
                #expect(again == line.bytes, "\(type) version \(line.version): \(line.text)")
            } catch {
                Issue.record("\(type) version \(line.version), \(error): \(line.text)")
            }
        }
    }

    @Test func kioReadsWhatWeWrite() throws {
        var lines: [Line] = []
        for api in API.allCases {
            for version in api.versions {
                for seed in Fuzzing.seeds {
                    for (message, isRequest) in zip(api.messages, [true, false]) {
                        let bytes = filled(message, version, seed)
                        lines.append(
                            Line(api: api, version: version, isRequest: isRequest, bytes: bytes))
                    }
                }
            }
        }
        try PythonInterop.withTemporaryDirectory { directory in
            let file = directory.appending(path: "messages")
            try Data(lines.map(\.text).joined(separator: "\n").utf8).write(to: file)
            let echoes = try Self.lines(of: PythonInterop.run(Self.script, ["echo", file.path]))
            try #require(echoes.count == lines.count)
            var compared = 0
            for (line, echo) in zip(lines, echoes) {
                guard let echo else { continue }
                compared += 1
                #expect(echo.text == line.text, "\(line.message)")
            }
            #expect(compared >= Self.fewestVersions * Fuzzing.rounds)
        }

        func filled<M: Message>(_ type: M.Type, _ version: Int16, _ seed: UInt64) -> [UInt8] {
            Filler.fill(type, version: version, seed: seed, values: .plausible)
                .wireBytes(version: version).bytes
        }
    }
}
