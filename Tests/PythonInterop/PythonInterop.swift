package import Foundation
package import MillraceModel

/// Runs the scripts of `Tests/Interop` in the Python environment that the set-up script makes at
/// `.build-python`.
package enum PythonInterop {
    package static let packageRoot = URL(filePath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

    package static let python = packageRoot.appending(path: ".build-python/bin/python")

    /// In continuous integration these tests must run: without the environment they fail there.
    package static let mustRun = ProcessInfo.processInfo.environment["CI"] != nil

    package static let isAvailable =
        mustRun || FileManager.default.isExecutableFile(atPath: python.path)

    package static let reason =
        "there is no .build-python: make it with python3 -m venv and Tests/Interop/requirements.txt"

    /// What the script printed. Fails the test when it did not end well.
    package static func run(_ script: String, _ arguments: [String]) throws -> Data {
        let process = Process()
        process.executableURL = python
        let path = packageRoot.appending(path: "Tests/Interop/\(script)").path
        process.arguments = [path] + arguments
        let output = Pipe()
        process.standardOutput = output
        try process.run()
        let data = output.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        guard process.terminationStatus == 0 else { throw Failure(script: script) }
        return data
    }

    package struct Failure: Error {
        package let script: String
    }

    package static func withTemporaryDirectory(_ body: (URL) throws -> Void) throws {
        let directory = FileManager.default.temporaryDirectory
            .appending(path: "millrace-interop-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: directory) }
        try body(directory)
    }
}

/// A record as the scripts read and write it.
package struct InteropRecord: Codable, Equatable {
    package var offset: Int64?
    package var timestamp: Int64
    package var key: String?
    package var value: String?
    package var headers: [[String?]]

    package init(_ record: Record, offset: Int64? = nil) {
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
    package func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(offset, forKey: .offset)
        try container.encode(timestamp, forKey: .timestamp)
        try container.encode(key, forKey: .key)
        try container.encode(value, forKey: .value)
        try container.encode(headers, forKey: .headers)
    }
}

/// A batch as `read_batches.py` prints it.
package struct InteropBatch: Decodable {
    package var baseOffset: Int64
    package var lastOffset: Int64
    package var leaderEpoch: Int32
    package var codec: String
    package var checksumIsValid: Bool
    package var isTransactional: Bool
    package var isControl: Bool
    package var producerID: Int64
    package var producerEpoch: Int16
    package var baseSequence: Int32
    package var maxTimestamp: Int64
    package var records: [InteropRecord]
}
