import Foundation
import Testing

/// The built command line, run as a person runs it: the broker in one process, clients in others.
enum Commands {
    struct Outcome {
        let status: Int32
        let output: Data
        let errors: String

        var text: String { String(decoding: output, as: UTF8.self) }
    }

    /// What was built beside the tests.
    static func executable(_ name: String = "millrace") throws -> URL {
        let bundle = Bundle.allBundles.map(\.bundleURL).first { $0.pathExtension == "xctest" }
        let url = (bundle ?? URL(fileURLWithPath: CommandLine.arguments[0]))
            .deletingLastPathComponent().appendingPathComponent(name)
        try #require(FileManager.default.isExecutableFile(atPath: url.path), "\(url.path) is not built")
        return url
    }

    /// Runs `millrace`, or another program that was built, to its end.
    static func run(
        _ arguments: [String], program: String = "millrace", input: Data? = nil, through wrapper: [String] = []
    ) throws -> Outcome {
        let process = Process()
        let command = wrapper + [try executable(program).path] + arguments
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = command
        let files = try Files()
        defer { files.remove() }
        process.standardOutput = try files.writing("out")
        process.standardError = try files.writing("err")
        if let input {
            try input.write(to: files.url("in"))
            process.standardInput = try FileHandle(forReadingFrom: files.url("in"))
        } else {
            process.standardInput = FileHandle.nullDevice
        }
        try process.run()
        process.waitUntilExit()
        return Outcome(
            status: process.terminationStatus, output: try Data(contentsOf: files.url("out")),
            errors: String(decoding: try Data(contentsOf: files.url("err")), as: UTF8.self))
    }

    /// Output goes to files: a pipe that nobody drains would block the program.
    private struct Files {
        let directory = FileManager.default.temporaryDirectory
            .appendingPathComponent("millrace-command-\(UUID())")

        init() throws {
            try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        }

        func url(_ name: String) -> URL { directory.appendingPathComponent(name) }

        func writing(_ name: String) throws -> FileHandle {
            _ = FileManager.default.createFile(atPath: url(name).path, contents: nil)
            return try FileHandle(forWritingTo: url(name))
        }

        func remove() { try? FileManager.default.removeItem(at: directory) }
    }
}

/// A broker in a process of its own.
final class BrokerProcess {
    let directory: URL
    private(set) var port = 0
    private(set) var kafkaPort = 0
    private var process = Process()
    private let extra: [String]
    private let wrapper: [String]
    private let executable: String
    private var errors = Pipe()

    /// - Parameter wrapper: a command that runs it, such as `setpriv ...`.
    init(
        in directory: URL? = nil, _ extra: [String] = [], through wrapper: [String] = [],
        executable: String? = nil
    ) throws {
        self.directory =
            directory
            ?? FileManager.default.temporaryDirectory.appendingPathComponent(
                "millrace-broker-\(UUID())")
        self.extra = extra
        self.wrapper = wrapper
        self.executable = try executable ?? Commands.executable().path
        try start()
    }

    /// Starts it, on a new port, and waits for its ready line.
    func start() throws {
        process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments =
            wrapper + [
                executable, "serve", "--data-dir", directory.path, "--listen", "127.0.0.1:0",
                "--kafka", "127.0.0.1:0", "--log-level", "error",
            ] + extra
        let output = Pipe()
        process.standardOutput = output
        process.standardError = FileHandle.standardError
        try process.run()
        var line = ""
        while !line.hasSuffix("\n") {
            let data = output.fileHandleForReading.availableData
            try #require(!data.isEmpty, "the broker ended before it was ready")
            line += String(decoding: data, as: UTF8.self)
        }
        let ready = try #require(
            line.wholeMatch(
                of: /millrace ready native=(?:127\.0\.0\.1:(\d+)|unix:\S+) kafka=127\.0\.0\.1:(\d+)\n/),
            "\(line)")
        // Behind a file there is no port.
        port = ready.1.flatMap { Int($0) } ?? 0
        kafkaPort = try #require(Int(ready.2))
    }

    var kafkaBootstrap: String { "127.0.0.1:\(kafkaPort)" }
    var bootstrap: [String] { ["--bootstrap", "127.0.0.1:\(port)"] }

    func kill() {
        Foundation.kill(process.processIdentifier, SIGKILL)
        process.waitUntilExit()
    }

    /// - Returns: its status.
    @discardableResult
    func stop() -> Int32 {
        process.terminate()
        process.waitUntilExit()
        return process.terminationStatus
    }

    /// Kills it if it still runs, as it does where its test has failed: it would keep the test's output open, and
    /// whoever reads that would wait for its end.
    func remove() {
        if process.isRunning { kill() }
        try? FileManager.default.removeItem(at: directory)
    }

    deinit { if process.isRunning { kill() } }
}
