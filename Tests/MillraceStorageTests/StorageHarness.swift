import Glibc
import Logging
import MillraceBytes
import MillraceModel
import MillraceRecords
import MillraceShard
import MillraceStorage
import SystemPackage
import Testing

/// A data directory of its own on real shards, opened and closed as often as a test wants.
struct StorageHarness: Sendable {
    let directory: FilePath
    var shardCount = 1
    var configure: @Sendable (inout StorageOptions) -> Void = { _ in }

    init(shardCount: Int = 1, configure: @escaping @Sendable (inout StorageOptions) -> Void = { _ in }) throws {
        var template = Array("/tmp/millrace-test-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { throw Errno(rawValue: errno) }
        directory = FilePath(String(decoding: template.dropLast().map { UInt8($0) }, as: UTF8.self))
        self.shardCount = shardCount
        self.configure = configure
    }

    /// Opens the storage, runs the body on its first shard, and stops: cleanly, or as a crash of the process would,
    /// with nothing written that was not.
    func run<Result: Sendable>(
        crash: Bool = false, _ body: @escaping @Sendable (Storage) async throws -> Result
    ) async throws -> Result {
        let threads = try (0..<shardCount).map { try ShardThread.start(index: $0, processor: nil) }
        var options = StorageOptions(directory: directory)
        options.journalFileBytes = 4 << 20
        configure(&options)
        let shards = threads.map(\.shard)
        let result: Swift.Result<Result, any Error> = await withCheckedContinuation {
            continuation in
            shards[0].spawn { [options] in
                do {
                    let storage = try await Storage.open(
                        options, on: shards, logger: Logger(label: "test"))
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
        let records = values.map { Record(value: Array($0.utf8)) }
        let bytes = try RecordBatchBuilder.build(
            records, now: Timestamp(milliseconds: time), codec: codec)
        let slice = bytes.withUnsafeBytes { ByteSlice(copying: $0) }
        let log = try self.partition(
            TopicPartition(topic: try TopicName(topic), partition: partition))
        return try await log.storage.append(slice, to: log)
    }

    /// All values from the offset to the high watermark, with their offsets.
    func read(_ topic: String, _ partition: Int32 = 0, from offset: Int64? = nil) async throws -> [(Int64, String)] {
        let log = try self.partition(
            TopicPartition(topic: try TopicName(topic), partition: partition))
        let state = await log.storage.state(of: log)
        let first = offset.map { Offset($0) } ?? state.logStartOffset
        var cursor = try await log.storage.cursor(at: first, of: log)
        var found: [(Int64, String)] = []
        while let (bytes, next) = try await log.storage.read(from: cursor, of: log, bytesMax: 64 << 10) {
            var batches = BatchSequence(bytes.bytes, limit: bytes.count, verifiesChecksums: true)
            while let batch = try batches.next() {
                try RecordBatchView(borrowing: batch.bytes).forEachRecord { record in
                    guard record.offset >= first else { return }
                    found.append(
                        (record.offset.value, String(decoding: record.value ?? [], as: UTF8.self)))
                }
            }
            #expect(batches.remaining == 0)
            withExtendedLifetime(bytes) {}
            cursor = next
        }
        return found
    }
}

func config(_ entries: [String: String]) throws -> TopicConfig {
    var config = TopicConfig()
    for (key, value) in entries { try config.set(key, to: value) }
    return config
}
