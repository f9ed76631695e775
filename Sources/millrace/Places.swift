internal import Foundation
internal import MillraceClient

// Places in a topic as a command line names them.

extension StartPosition {
    /// - Parameter option: what the text was given with, for the error.
    init(argument text: String, option: String) throws {
        if let position = Self.parse(text) {
            self = position
            return
        }
        throw CommandError(
            """
            \(option) \(text): use beginning, end, an offset, @MILLISECONDS or a time such as \
            @2026-01-31T12:00:00Z
            """)
    }

    private static func parse(_ text: String) -> StartPosition? {
        if text == "beginning" { return .beginning }
        if text == "end" { return .end }
        if let offset = Int64(text) { return offset < 0 ? nil : .offset(Offset(offset)) }
        guard text.hasPrefix("@") else { return nil }
        let time = String(text.dropFirst())
        if let milliseconds = Int64(time) {
            return .timestamp(Timestamp(milliseconds: milliseconds))
        }
        guard let date = try? Date(time, strategy: .iso8601),
            let milliseconds = Int64(exactly: (date.timeIntervalSince1970 * 1000).rounded(.down))
        else { return nil }
        return .timestamp(Timestamp(milliseconds: milliseconds))
    }
}

extension TopicDescription {
    /// The partition that was asked for, or all of them.
    func partitions(chosen: Int32?) throws -> [Int32] {
        let all = partitions.map(\.partition)
        guard let chosen else { return all }
        guard all.contains(chosen) else {
            throw CommandError(
                "--partition \(chosen): topic '\(name)' has partitions 0 to \(all.count - 1)")
        }
        return [chosen]
    }
}
