import MillraceShard
import MillraceSimulation
import SystemPackage

/// Collects what tasks of a simulation leave for the test to look at; all of it happens on one
/// thread.
final class Notes<Value>: @unchecked Sendable {
    var values: [Value] = []
}

extension SimulatedNode {
    /// Runs the body as a task of the node and everything else with it, until it ends.
    /// - Throws: what the body throws, and `ETIMEDOUT` where it never ends.
    func run<Result>(
        on index: Int = 0, _ body: @escaping @Sendable () async throws -> Result
    ) throws -> Result {
        let notes = Notes<Swift.Result<Result, any Error>>()
        spawn(on: index) {
            do {
                notes.values.append(.success(try await body()))
            } catch {
                notes.values.append(.failure(error))
            }
        }
        guard simulation.run(until: { !notes.values.isEmpty }) else { throw Errno.timedOut }
        return try notes.values[0].get()
    }
}

extension File {
    /// Writes text.
    func write(_ text: String, at offset: UInt64, durable: Bool = false) async throws {
        let memory = UnsafeMutableRawBufferPointer.allocate(
            byteCount: max(1, text.utf8.count), alignment: 8)
        defer { memory.deallocate() }
        memory.copyBytes(from: Array(text.utf8))
        let bytes = UnsafeRawBufferPointer(rebasing: memory[..<text.utf8.count])
        try await write(bytes, at: offset, durable: durable)
    }

    /// Everything in the file, as text.
    func text() async throws -> String {
        let count = Int(try size())
        let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: max(1, count), alignment: 8)
        defer { memory.deallocate() }
        let read = try await read(into: memory, at: 0)
        return String(decoding: memory[..<read], as: UTF8.self)
    }
}
