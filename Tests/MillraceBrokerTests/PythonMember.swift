import Foundation
import PythonInterop
import Synchronization

/// A member of a group by librdkafka, in a process of its own.
final class PythonMember: Sendable {
    private struct State {
        var partitions: Set<String>?
        var rest = Data()
    }

    private let state = Mutex(State())
    private let input = Pipe()
    private let process = Process()

    init(port: UInt16, assignor: String) throws {
        let output = Pipe()
        process.executableURL = PythonInterop.python
        let script = PythonInterop.packageRoot.appending(path: "Tests/Interop/group_member.py").path
        process.arguments = [script, "\(port)", "g", "t", assignor]
        process.standardInput = input
        process.standardOutput = output
        output.fileHandleForReading.readabilityHandler = { [self] in receive($0.availableData) }
        try process.run()
    }

    private func receive(_ data: Data) {
        state.withLock { state in
            state.rest += data
            while let end = state.rest.firstIndex(of: UInt8(ascii: "\n")) {
                let line = state.rest[..<end]
                state.rest = Data(state.rest[(end + 1)...])
                state.partitions = (try? JSONDecoder().decode([String].self, from: line)).map { Set($0) }
            }
        }
    }

    var partitions: Set<String>? { state.withLock { $0.partitions } }

    func leave() { try? input.fileHandleForWriting.close() }

    var hasEnded: Bool { !process.isRunning }

    var endedWell: Bool { process.terminationStatus == 0 }
}
