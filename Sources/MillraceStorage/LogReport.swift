package import MillraceModel
package import SystemPackage

/// Something in a data directory that is not as it was written.
package struct LogProblem: Hashable, Sendable, CustomStringConvertible {
    /// What is wrong, from the worst on.
    package enum Kind: String, Sendable, CaseIterable {
        /// Records that were acknowledged are lost or cannot be trusted.
        case records
        /// A file that recovery needs cannot be read: the directory may not open.
        case recovery
        /// A file that is made again from the log.
        case index
    }

    package let kind: Kind
    /// Nil for a file that belongs to no partition.
    package let partition: TopicPartition?
    package let first: Offset?
    package let last: Offset?
    package let file: FilePath
    /// Where in the file, if it is one place.
    package let position: UInt64?
    package let reason: String

    package var description: String {
        var text = "\(kind.rawValue): "
        if let partition { text += "\(partition)" }
        if let first {
            text += last.map { " offsets \(first) to \($0)" } ?? " offsets from \(first)"
        }
        if partition != nil { text += ": " }
        return text + reason + " (\(file)" + (position.map { " at byte \($0))" } ?? ")")
    }
}

/// What `LogVerifier` found: all of it, not the first only.
package struct LogReport: Sendable {
    package internal(set) var problems: [LogProblem] = []
    /// What looks odd and is as it should be: the tail of an unclean stop that was never
    /// acknowledged.
    package internal(set) var notes: [LogProblem] = []
    package internal(set) var topicCount = 0
    package internal(set) var partitionCount = 0
    package internal(set) var segmentCount = 0
    /// Batches, records and bytes that are whole.
    package internal(set) var batchCount = 0
    package internal(set) var recordCount = 0
    package internal(set) var sizeInBytes: UInt64 = 0

    package var isIntact: Bool { problems.isEmpty }
}
