import Foundation
import Logging
import MillraceModel
import MillraceShard
import MillraceStorage
import SystemPackage
import Testing

/// Storage on file systems that refuse something: one that is full, one that knows neither O_DIRECT
/// nor fallocate. They are mounted for the test, which takes root; where that is not allowed the
/// tests say so and are skipped, except in CI.
@Suite(.serialized) struct FileSystemTests {
    private static let canMount: Bool = {
        guard getuid() == 0 else { return false }
        guard let mount = try? Mount(["-t", "ramfs", "ramfs"]) else { return false }
        mount.unmount()
        return true
    }()

    private static var isRequired: Bool {
        ProcessInfo.processInfo.environment["CI"] != nil && getuid() == 0
    }

    @Test(.enabled(if: canMount || isRequired, "mounting a file system takes root"))
    func aFullDiskRefusesAndRecovers() async throws {
        let image = FileManager.default.temporaryDirectory
            .appendingPathComponent("millrace-image-\(UUID())")
        defer { try? FileManager.default.removeItem(at: image) }
        try shell("truncate -s 64M \(image.path) && mkfs.ext4 -q -m 0 \(image.path)")
        let mount = try Mount(["-o", "loop", image.path])
        defer { mount.unmount() }
        let filler = mount.path.appending("filler").string
        try shell("fallocate -l 24M \(filler)")

        let harness = try StorageHarness(in: mount.path.appending("data")) {
            $0.journalFileBytes = 4 << 20
            $0.journalFileCountMax = 2
        }
        let value = String(repeating: "v", count: 50_000)
        let acknowledged = try await harness.run(crash: true) { storage in
            _ = try await storage.create(
                try TopicName("t"), partitionCount: 1, config: try config(["segment.bytes": "4194304"]))
            // Its sequences show that a refused batch leaves no trace in what is known of it.
            var producer = TestProducer()
            var acknowledged: Int64 = 0
            var refusal: StorageError?
            while refusal == nil, acknowledged < 10_000 {
                do {
                    let result = try await producer.send(["\(acknowledged) \(value)"], to: storage)
                    #expect(result.baseOffset == Offset(acknowledged))
                    acknowledged += 1
                } catch let error as StorageError {
                    refusal = error
                }
            }
            let text = "\(String(describing: refusal))"
            #expect(text.contains("t-0") && text.contains("No space left on device"), "\(text)")
            // What was acknowledged is readable, and nothing else is there.
            let found = try await storage.read("t")
            #expect(found.count == Int(acknowledged))
            let log = try storage.partition(TopicPartition(topic: try TopicName("t"), partition: 0))
            #expect(await log.storage.state(of: log).refusal?.contains("takes writes again") == true)
            // Room comes, and after a moment the partition takes writes again.
            try FileManager.default.removeItem(atPath: filler)
            try await log.storage.shard.sleep(for: .milliseconds(1100))
            for _ in 0..<20 {
                let result = try await producer.send(["\(acknowledged) \(value)"], to: storage)
                #expect(result.baseOffset == Offset(acknowledged))
                acknowledged += 1
            }
            #expect(await log.storage.state(of: log).refusal == nil)
            return acknowledged
        }
        try await harness.run { storage in
            let found = try await storage.read("t")
            #expect(found.map(\.0) == (0..<acknowledged).map { $0 })
            #expect(found.allSatisfy { $0.1.hasPrefix("\($0.0) ") })
        }
    }

    @Test(.enabled(if: canMount || isRequired, "mounting a file system takes root"))
    func withoutDirectWritesItIsSaidOnceAndAllIsDurable() async throws {
        let mount = try Mount(["-t", "ramfs", "ramfs"])
        defer { mount.unmount() }
        let messages = Messages()
        let harness = try StorageHarness(in: mount.path.appending("data"), shardCount: 2, messages: messages) {
            $0.journalFileBytes = 4 << 20
        }
        let large = String(repeating: "x", count: 200_000)
        try await harness.run(crash: true) { storage in
            _ = try await storage.create(try TopicName("t"), partitionCount: 2, config: TopicConfig())
            for number in 0..<60 {
                let value = number % 10 == 0 ? "\(number) \(large)" : "\(number)"
                let result = try await storage.append([value], to: "t", Int32(number % 2))
                #expect(result.durability == .durable)
            }
        }
        let said = messages.all.filter { $0.contains("O_DIRECT") }
        #expect(said.count == 1, "\(said)")
        try await harness.run { storage in
            for partition in Int32(0)..<2 {
                let found = try await storage.read("t", partition)
                #expect(found.count == 30)
            }
        }
    }
}

/// A file system that is mounted while the test runs.
private struct Mount {
    let path: FilePath

    init(_ arguments: [String]) throws {
        let directory = FileManager.default.temporaryDirectory
            .appendingPathComponent("millrace-mount-\(UUID())").path
        try FileManager.default.createDirectory(
            atPath: directory, withIntermediateDirectories: true)
        path = FilePath(directory)
        try shell("mount \(arguments.joined(separator: " ")) \(directory)")
    }

    func unmount() {
        // A file that is still open keeps it busy, and a storage that is gone has none.
        #expect(throws: Never.self) { try shell("umount \(path)") }
        try? shell("umount -q -l \(path)")
        try? FileManager.default.removeItem(atPath: path.string)
    }
}

private struct ShellError: Error { let command: String }

private func shell(_ command: String) throws {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/bin/sh")
    process.arguments = ["-c", command]
    process.standardError = FileHandle.nullDevice
    try process.run()
    process.waitUntilExit()
    guard process.terminationStatus == 0 else { throw ShellError(command: command) }
}
