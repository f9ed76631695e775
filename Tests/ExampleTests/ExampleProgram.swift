import Foundation
import Millrace
import Testing

/// An example, run as a person would.
final class ExampleProgram {
    private let process = Process()
    private let input = Pipe()
    private let output = Pipe()
    private var unread: [UInt8] = []

    /// - Parameter name: of a program that was built beside the tests.
    convenience init(_ name: String, _ arguments: [String], in directory: URL? = nil) throws {
        try self.init(
            try #require(Self.executable(name), "\(name) is not built"), arguments, in: directory)
    }

    init(_ executable: URL, _ arguments: [String], in directory: URL? = nil) throws {
        process.executableURL = executable
        process.arguments = arguments
        process.currentDirectoryURL = directory
        process.standardInput = input
        process.standardOutput = output
        try process.run()
    }

    deinit { if process.isRunning { process.terminate() } }

    private static func executable(_ name: String) -> URL? {
        let bundle = Bundle.allBundles.map(\.bundleURL).first { $0.pathExtension == "xctest" }
        let beside = (bundle ?? URL(fileURLWithPath: CommandLine.arguments[0]))
            .deletingLastPathComponent().appendingPathComponent(name)
        return FileManager.default.isExecutableFile(atPath: beside.path) ? beside : nil
    }

    /// The next line that it prints; fails where it prints no more.
    func line() throws -> String {
        while true {
            if let end = unread.firstIndex(of: UInt8(ascii: "\n")) {
                defer { unread.removeSubrange(...end) }
                return String(decoding: unread[..<end], as: UTF8.self)
            }
            let more = output.fileHandleForReading.availableData
            try #require(!more.isEmpty, "the program has ended")
            unread += more
        }
    }

    /// The port at the end of the line in which a server says that it listens.
    func port() throws -> Int {
        let line = try line()
        return try #require(line.split(separator: " ").last.flatMap { Int($0) }, "\(line)")
    }

    func write(_ text: String) {
        input.fileHandleForWriting.write(Data(text.utf8))
    }

    /// Ends its input, waits for its end, and returns the lines that are left.
    @discardableResult
    func finish() throws -> [String] {
        try input.fileHandleForWriting.close()
        return try ended()
    }

    /// Tells it to end, and waits for that.
    func terminate() throws {
        process.terminate()
        process.waitUntilExit()
    }

    private func ended() throws -> [String] {
        unread += output.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        #expect(process.terminationStatus == 0)
        return String(decoding: unread, as: UTF8.self)
            .split(separator: "\n").map(String.init)
    }
}

/// Calls the body with a directory that is gone afterwards.
func withDirectory(_ body: (URL) async throws -> Void) async throws {
    let directory = FileManager.default.temporaryDirectory
        .appendingPathComponent("millrace-example-\(UUID())")
    try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: directory) }
    try await body(directory)
}

/// A connection to a server on this machine.
final class Connection {
    private let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)

    init(port: Int) throws {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = UInt16(port).bigEndian
        address.sin_addr.s_addr = inet_addr("127.0.0.1")
        let connected = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        try #require(connected == 0)
    }

    deinit { close(descriptor) }

    func send(_ text: String) { send(bytes: Array(text.utf8)) }

    func send(bytes: [UInt8]) {
        _ = bytes.withUnsafeBytes { Glibc.send(descriptor, $0.baseAddress, $0.count, 0) }
    }

    /// The text that comes until there is enough, or the other end closes.
    func receive(until isEnough: (String) -> Bool) -> String {
        String(decoding: receive { isEnough(String(decoding: $0, as: UTF8.self)) }, as: UTF8.self)
    }

    /// So many bytes or a few more; fewer where the other end closes.
    func receive(count: Int) -> [UInt8] { receive { $0.count >= count } }

    private func receive(until isEnough: ([UInt8]) -> Bool) -> [UInt8] {
        var received: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 4096)
        while !isEnough(received) {
            let count = recv(descriptor, &buffer, buffer.count, 0)
            guard count > 0 else { break }
            received += buffer[..<count]
        }
        return received
    }
}
