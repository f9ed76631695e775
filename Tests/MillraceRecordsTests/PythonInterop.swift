import Foundation
import MillraceModel
import Testing

/// Runs the scripts of `Tests/Interop` in the Python environment that the set-up script makes at
/// `.build-python`.
enum PythonInterop {
    static let packageRoot = URL(filePath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

    static let python = packageRoot.appending(path: ".build-python/bin/python")

    /// In continuous integration these tests must run: without the environment they fail there.
    static let mustRun = ProcessInfo.processInfo.environment["CI"] != nil

    static let isAvailable =
        mustRun || FileManager.default.isExecutableFile(atPath: python.path)

    static let reason: Comment =
        "there is no .build-python: make it with python3 -m venv and Tests/Interop/requirements.txt"

    /// What the script printed. Fails the test when it did not end well.
    static func run(_ script: String, _ arguments: [String]) throws -> Data {
        let process = Process()
        process.executableURL = python
        let path = packageRoot.appending(path: "Tests/Interop/\(script)").path
        process.arguments = [path] + arguments
        let output = Pipe()
        process.standardOutput = output
        try process.run()
        let data = output.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        try #require(process.terminationStatus == 0, "\(script) ended with an error")
        return data
    }

    static func withTemporaryDirectory(_ body: (URL) throws -> Void) throws {
        let directory = FileManager.default.temporaryDirectory
            .appending(path: "millrace-interop-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: directory) }
        try body(directory)
    }
}

/// A record as the scripts read and write it.
struct InteropRecord: Codable, Equatable {
    var offset: Int64?
    var timestamp: Int64
    var key: String?
    var value: String?
    var headers: [[String?]]

    init(_ record: Record, offset: Int64? = nil) {
        self.offset = offset
        timestamp = record.timestamp?.milliseconds ?? -1
        key = record.key.map(Self.hex)
        value = record.value.map(Self.hex)
        headers = record.headers.map { [$0.key, $0.value.map(Self.hex)] }
    }

    private static func hex(_ bytes: [UInt8]) -> String {
        let digits = Array("0123456789abcdef".utf8)
        return String(
            decoding: bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] },
            as: UTF8.self)
    }

    /// Absent values must be written as null: the scripts look for every name.
    func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(offset, forKey: .offset)
        try container.encode(timestamp, forKey: .timestamp)
        try container.encode(key, forKey: .key)
        try container.encode(value, forKey: .value)
        try container.encode(headers, forKey: .headers)
    }
}

/// A batch as `read_batches.py` prints it.
struct InteropBatch: Decodable {
    var baseOffset: Int64
    var lastOffset: Int64
    var leaderEpoch: Int32
    var codec: String
    var checksumIsValid: Bool
    var isTransactional: Bool
    var isControl: Bool
    var producerID: Int64
    var producerEpoch: Int16
    var baseSequence: Int32
    var maxTimestamp: Int64
    var records: [InteropRecord]
}
