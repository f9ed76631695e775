import Foundation
import Logging
import MillraceBytes
import MillraceModel
import MillraceRecords
import MillraceShard
import MillraceStorage
import Synchronization
import SystemPackage
import Testing

/// A data directory of its own on real shards, opened and closed as often as a test wants. It is
/// removed with the harness.
final class StorageHarness: Sendable {
    let directory: FilePath
    private let shardCount: Int
    private let messages: Messages
    private let configure: @Sendable (inout StorageOptions) -> Void

    init(
        in directory: FilePath? = nil, shardCount: Int = 1, messages: Messages = Messages(),
        configure: @escaping @Sendable (inout StorageOptions) -> Void = { _ in }
    ) throws {
        if let directory {
            self.directory = directory
        } else {
            var template = Array("/tmp/millrace-test-XXXXXX".utf8CString)
            guard mkdtemp(&template) != nil else { throw Errno(rawValue: errno) }
            self.directory = FilePath(
                String(decoding: template.dropLast().map { UInt8($0) }, as: UTF8.self))
        }
        self.shardCount = shardCount
        self.messages = messages
        self.configure = configure
    }

    deinit { try? FileManager.default.removeItem(atPath: directory.string) }

    /// Runs the body on a shard of its own, with no storage open.
    func onShard<Result: Sendable>(
        _ body: @escaping @Sendable (Shard) async throws -> Result
    ) async throws -> Result {
        let thread = try ShardThread.start(index: 0, processor: nil)
        let result: Swift.Result<Result, any Error> = await withCheckedContinuation {
            continuation in
            thread.shard.spawn { [shard = thread.shard] in
                do {
                    continuation.resume(returning: .success(try await body(shard)))
                } catch {
                    continuation.resume(returning: .failure(error))
                }
            }
        }
        thread.stopAndJoin()
        return try result.get()
    }

    func verify(evenIfInUse: Bool = false) async throws -> LogReport {
        try await onShard { [directory] in
            try await LogVerifier.verify(directory, evenIfInUse: evenIfInUse, on: $0)
        }
    }

    /// The lines of a dump of a file in the data directory.
    func dump(_ name: String, records: Bool = false, payloads: Bool = false) async throws -> [String] {
        try await onShard { [directory] shard in
            var lines: [String] = []
            try await LogDump(
                showsRecords: records, showsPayloads: payloads, on: shard,
                print: { lines.append($0) }
            ).dump(directory.appending(name))
            return lines
        }
    }

    /// Opens the storage, runs the body on its first shard, and stops: cleanly, or as a crash of
    /// the process would, with nothing written that was not.
    func run<Result: Sendable>(
        crash: Bool = false, shardCount: Int? = nil, _ body: @escaping @Sendable (Storage) async throws -> Result
    ) async throws -> Result {
        let threads = try (0..<(shardCount ?? self.shardCount)).map { try ShardThread.start(index: $0, processor: nil) }
        var options = StorageOptions(directory: directory)
        options.journalFileBytes = 4 << 20
        // The records of these tests are years old: where a test is slow they must not be deleted meanwhile.
        options.retentionInterval = .seconds(86_400)
        configure(&options)
        let shards = threads.map(\.shard)
        let result: Swift.Result<Result, any Error> = await withCheckedContinuation {
            continuation in
            shards[0].spawn { [options, messages] in
                do {
                    let storage = try await Storage.open(
                        options, on: shards, logger: messages.logger)
                    let result = try await body(storage)
                    if !crash { await storage.close() }
                    continuation.resume(returning: .success(result))
                } catch {
                    continuation.resume(returning: .failure(error))
                }
            }
        }
        for thread in threads { thread.stopAndJoin() }
        return try result.get()
    }
}

extension Storage {
    /// Appends one batch of the values and waits for its acknowledgement.
    @discardableResult
    func append(
        _ values: [String], to topic: String, _ partition: Int32 = 0,
        at time: Int64 = 1_700_000_000_000, codec: CompressionCodec = .none
    ) async throws -> AppendResult {
        try await begin(values, to: topic, partition, at: time, codec: codec).result()
    }

    func begin(
        _ values: [String], to topic: String, _ partition: Int32 = 0,
        at time: Int64 = 1_700_000_000_000, codec: CompressionCodec = .none
    ) async throws -> AppendTicket {
        let records = values.map {
            Record(value: Array($0.utf8), timestamp: Timestamp(milliseconds: time))
        }
        return try await begin(records: records, to: topic, partition, codec: codec)
    }

    @discardableResult
    func append(
        records: [Record], to topic: String, _ partition: Int32 = 0, codec: CompressionCodec = .none
    ) async throws -> AppendResult {
        try await begin(records: records, to: topic, partition, codec: codec).result()
    }

    private func begin(
        records: [Record], to topic: String, _ partition: Int32, codec: CompressionCodec
    ) async throws -> AppendTicket {
        let bytes = try RecordBatchBuilder.build(
            records, now: Timestamp(milliseconds: 0), codec: codec)
        let slice = bytes.withUnsafeBytes { ByteSlice(copying: $0) }
        let log = try self.partition(
            TopicPartition(topic: try TopicName(topic), partition: partition))
        return try await log.storage.append(slice, to: log)
    }

    /// All values from the offset to the high watermark, with their offsets.
    func read(
        _ topic: String, _ partition: Int32 = 0, from offset: Int64? = nil
    ) async throws -> [(Int64, String)] {
        var found: [(Int64, String)] = []
        try await forEachRecord(topic, partition, from: offset) {
            found.append(($0.offset.value, String(decoding: $0.value ?? [], as: UTF8.self)))
        }
        return found
    }

    func records(_ topic: String, _ partition: Int32 = 0) async throws -> [Record] {
        var found: [Record] = []
        try await forEachRecord(topic, partition, from: nil) { found.append(try $0.record()) }
        return found
    }

    func forEachRecord(
        _ topic: String, _ partition: Int32, from offset: Int64?, _ body: (RecordView) throws -> Void
    ) async throws {
        let log = try self.partition(
            TopicPartition(topic: try TopicName(topic), partition: partition))
        let state = await log.storage.state(of: log)
        let first = offset.map { Offset($0) } ?? state.logStartOffset
        var cursor = try await log.storage.cursor(at: first, of: log)
        while let (bytes, next) = try await log.storage.read(from: cursor, of: log, bytesMax: 64 << 10) {
            var batches = BatchSequence(bytes.bytes, limit: bytes.count, verifiesChecksums: true)
            while let batch = try batches.next() {
                try RecordBatchView(borrowing: batch.bytes).forEachRecord { record in
                    if record.offset >= first { try body(record) }
                }
            }
            #expect(batches.remaining == 0)
            withExtendedLifetime(bytes) {}
            cursor = next
        }
    }
}

func config(_ entries: [String: String]) throws -> TopicConfig {
    var config = TopicConfig()
    for (key, value) in entries { try config.set(key, to: value) }
    return config
}

/// What the storage logged.
final class Messages: Sendable {
    private let messages = Mutex<[String]>([])

    var all: [String] { messages.withLock { $0 } }

    var logger: Logger { Logger(label: "test") { _ in Handler(messages: self) } }

    private struct Handler: LogHandler {
        let messages: Messages
        var metadata: Logger.Metadata = [:]
        var logLevel = Logger.Level.info

        subscript(metadataKey key: String) -> Logger.Metadata.Value? {
            get { metadata[key] }
            set { metadata[key] = newValue }
        }

        func log(event: LogEvent) {
            messages.messages.withLock {
                $0.append("\(event.message) \(event.metadata ?? [:])")
            }
        }
    }
}
