import Foundation
import MillraceModel
import MillraceStorage
import Testing

/// A storage that is gone holds no file open, and says nothing more of its partitions.
@Suite struct FilesCloseTests {
    @Test(arguments: [false, true])
    func nothingStaysOpen(crash: Bool) async throws {
        let harness = try StorageHarness(shardCount: 2)
        try await harness.run(crash: crash) { storage in
            _ = try await storage.create(
                try TopicName("t"), partitionCount: 2, config: TopicConfig())
            try await storage.append(["x"], to: "t", 1)
            _ = try await storage.read("t", 1)
        }
        let descriptors = try FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd")
        let open = descriptors.compactMap {
            try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/fd/\($0)")
        }
        #expect(open.filter { $0.hasPrefix(harness.directory.string) } == [])
    }

    /// A trim that comes after the close, or was under way in it, has no partitions to speak of. Its
    /// checkpoint would name none, and the next start would take the log for one that nobody knows.
    @Test func noCheckpointIsWrittenAfterTheLast() async throws {
        let harness = try StorageHarness()
        try await harness.run { storage in
            _ = try await storage.create(
                try TopicName("t"), partitionCount: 1, config: TopicConfig())
            try await storage.append(["a", "b", "c"], to: "t")
            let log = try storage.partition(
                TopicPartition(topic: try TopicName("t"), partition: 0))
            try await log.storage.trim(log, to: Offset(1))
            await storage.close()
            await #expect(throws: StorageError.self) {
                try await log.storage.trim(log, to: Offset(2))
            }
        }
        let lines = try await harness.dump("journal/shard-0.checkpoint")
        #expect(lines.filter { $0.hasPrefix("partition ") }.count == 1, "\(lines)")
        let found = try await harness.run { try await $0.read("t") }
        #expect(found.map(\.1) == ["b", "c"])
    }
}
