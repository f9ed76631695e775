internal import MillraceModel
internal import SystemPackage

/// The names of a partition's files, which are Kafka's: the base offset in 20 digits and a suffix.
enum LogFiles {
    static let log = ".log"
    static let offsetIndex = ".index"
    static let timeIndex = ".timeindex"
    static let transactionIndex = ".txnindex"
    static let producerSnapshot = ".snapshot"
    static let partitionMetadata = "partition.metadata"
    static let cleanerCheckpoint = "cleaner-offset-checkpoint"
    /// Behind the suffix of a log that compaction writes, and that is about to take its place.
    static let cleaned = ".cleaned"
    static let swap = ".swap"

    /// The files that every segment may have.
    static let ofSegments = [log, offsetIndex, timeIndex, transactionIndex]

    static func name(_ baseOffset: Offset, _ suffix: String) -> String {
        let digits = String(baseOffset.value)
        return String(repeating: "0", count: max(0, 20 - digits.count)) + digits + suffix
    }

    /// The base offset in the name of a file with the suffix; nil for any other name.
    static func baseOffset(_ name: String, _ suffix: String) -> Offset? {
        guard name.hasSuffix(suffix), name.utf8.count == 20 + suffix.utf8.count,
            let value = Int64(name.dropLast(suffix.utf8.count)), value >= 0
        else { return nil }
        return Offset(value)
    }

    /// The directory of a partition in the data directory.
    static func directory(_ partition: TopicPartition, in data: FilePath) -> FilePath {
        data.appending("\(partition)")
    }

    /// The partition that a directory's name speaks of; nil for any other name.
    static func partition(directory name: String) -> TopicPartition? {
        guard let dash = name.lastIndex(of: "-"),
            let partition = Int32(name[name.index(after: dash)...]), partition >= 0,
            let topic = try? TopicName(String(name[..<dash])),
            "\(topic)-\(partition)" == name
        else { return nil }
        return TopicPartition(topic: topic, partition: partition)
    }
}
