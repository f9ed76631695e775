import Foundation
import MillraceClient
import Synchronization

/// The broker under test, always at the same port.
final class Broker: Sendable {
    private struct State {
        var process = Process()
        var port = 0
    }

    private let program: String
    private let arguments: [String]
    private let directory = FileManager.default.temporaryDirectory.appendingPathComponent("millrace-soak-\(UUID())")
    private let state = Mutex(State())

    /// Starts it on a free port.
    init(program: String, arguments: [String] = []) throws {
        self.program = program
        self.arguments = arguments
        try start()
    }

    /// Starts it and waits for its ready line.
    func start() throws {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: program)
        let port = state.withLock { $0.port }
        process.arguments = [
            "serve", "--data-dir", directory.path, "--listen", "127.0.0.1:\(port)", "--kafka", "127.0.0.1:0",
            "--log-level", "error",
        ] + arguments
        let output = Pipe()
        process.standardOutput = output
        try process.run()
        var line = ""
        while !line.hasSuffix("\n") {
            let data = output.fileHandleForReading.availableData
            guard !data.isEmpty else { throw Failure("the broker ended before it was ready") }
            line += String(decoding: data, as: UTF8.self)
        }
        guard let match = line.firstMatch(of: /native=127\.0\.0\.1:(\d+)/), let served = Int(match.1) else {
            throw Failure("the broker's ready line is '\(line)'")
        }
        state.withLock { state in
            state.process = process
            state.port = served
        }
    }

    func kill() {
        state.withLock { state in
            Foundation.kill(state.process.processIdentifier, SIGKILL)
            state.process.waitUntilExit()
        }
    }

    func stop() throws {
        let status = state.withLock { state in
            state.process.terminate()
            state.process.waitUntilExit()
            return state.process.terminationStatus
        }
        guard status == 0 else { throw Failure("the broker stopped with status \(status)") }
    }

    func remove() {
        if state.withLock({ $0.process.isRunning }) { kill() }
        try? FileManager.default.removeItem(at: directory)
    }

    func connect(
        reconnect: ReconnectPolicy = ReconnectPolicy()
    ) async throws(ClientError) -> MillraceClient {
        try await MillraceClient.connect(port: state.withLock { $0.port }, reconnect: reconnect)
    }
}

/// Set until it is cleared.
final class Flag: Sendable {
    private let state = Mutex(true)

    var isSet: Bool { state.withLock { $0 } }

    func clear() { state.withLock { $0 = false } }
}
