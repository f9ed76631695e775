package import MillraceModel
internal import MillraceShard
package import SystemPackage

/// The data directory as DescribeLogDirs shows it.
package struct LogDirectory: Sendable {
    package struct Partition: Hashable, Sendable {
        package let partition: TopicPartition
        /// Bytes of its segments.
        package let sizeInBytes: UInt64
    }

    package let path: FilePath
    /// Of the file system that it lies on.
    package let totalBytes: UInt64
    package let usableBytes: UInt64
    /// In order.
    package let partitions: [Partition]
}

extension Storage {
    package func logDirectory() async throws(StorageError) -> LogDirectory {
        let volume = try await io("measuring", options.directory) { () throws(Errno) in
            try shards[0].shard.device.volume(of: options.directory)
        }
        var partitions: [LogDirectory.Partition] = []
        for storage in shards { partitions += await storage.sizes }
        return LogDirectory(
            path: options.directory, totalBytes: volume.totalBytes,
            usableBytes: volume.usableBytes,
            partitions: partitions.sorted { $0.partition < $1.partition })
    }
}

extension StorageShard {
    fileprivate var sizes: [LogDirectory.Partition] {
        logs.values.map {
            LogDirectory.Partition(partition: $0.partition, sizeInBytes: $0.sizeInBytes)
        }
    }
}
