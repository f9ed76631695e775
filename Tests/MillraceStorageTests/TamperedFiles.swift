import Foundation
import SystemPackage

/// What tests do to files behind the storage's back.
extension StorageHarness {
    func path(_ name: String) -> String { directory.appending(name).string }

    func bytes(_ name: String) throws -> [UInt8] {
        [UInt8](try Data(contentsOf: URL(fileURLWithPath: path(name))))
    }

    func replace(_ name: String, with bytes: [UInt8]) throws {
        try Data(bytes).write(to: URL(fileURLWithPath: path(name)))
    }

    func flip(_ name: String, at position: Int) throws {
        var bytes = try bytes(name)
        bytes[position] ^= 0x10
        try replace(name, with: bytes)
    }

    func cut(_ name: String, to count: Int) throws {
        try replace(name, with: Array(try bytes(name).prefix(count)))
    }

    func remove(_ name: String) throws {
        try FileManager.default.removeItem(atPath: path(name))
    }

    func names(_ directory: String) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: path(directory)).sorted()
    }

    /// The segments of a partition with the base offset that each is named after, in order.
    func segments(_ partition: String) throws -> [(base: Int64, name: String)] {
        try FileManager.default.contentsOfDirectory(atPath: path(partition)).sorted()
            .filter { $0.hasSuffix(".log") }
            .map { (Int64($0.prefix(20)) ?? -1, "\(partition)/\($0)") }
    }

    func journals() throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: path("journal")).sorted()
            .filter { $0.hasSuffix(".journal") }.map { "journal/\($0)" }
    }
}

/// The number behind a name in a line of a dump.
func number(_ name: String, in line: String) -> Int? {
    guard let range = line.range(of: " \(name): ") else { return nil }
    return Int(line[range.upperBound...].prefix { $0.isNumber || $0 == "-" })
}
