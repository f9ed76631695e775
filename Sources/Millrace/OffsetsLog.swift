internal import MillraceBytes
internal import MillraceCoordination
internal import MillraceModel
internal import MillraceRecords
internal import MillraceStorage

/// The coordinator's log: the topic `__consumer_offsets`, made when the first group needs it.
struct OffsetsLog: CoordinatorLog {
    let storage: Storage
    let partitionCount: Int32

    private static let name = "__consumer_offsets"
    /// What one commit or one generation may take: thousands of partitions with metadata, or of
    /// members.
    static let batchBytesMax = 16 << 20

    private func topicName() throws(CoordinationError) -> TopicName {
        do throws(TopicNameError) {
            return try TopicName(Self.name)
        } catch {
            throw .log("\(error)")
        }
    }

    func partitionCount() async throws(CoordinationError) -> Int32 {
        try await topic().entry.partitionCount
    }

    /// What must not follow the broker's defaults: the last record of each key counts and is never
    /// dropped for its age or its size, and the record of a group may be as large as thousands of
    /// members make it. Segments are of Kafka's size for this topic: the one that is written to is not
    /// compacted, and a start reads it all.
    private static let settings: [(key: TopicConfig.Key, text: String)] = [
        (.cleanupPolicy, "compact"), (.compressionType, "producer"),
        (.messageBytesMax, "\(batchBytesMax)"), (.retentionBytes, "-1"),
        (.retentionMilliseconds, "-1"), (.segmentBytes, "\(100 << 20)"),
    ]

    /// Those of the settings that the topic lacks, or has too small.
    private static func missing(in config: TopicConfig) -> [(key: TopicConfig.Key, text: String)] {
        settings.filter { key, _ in
            guard let text = config.entries[key] else { return true }
            return key == .messageBytesMax && (Int(text) ?? 0) < batchBytesMax
        }
    }

    private static func complete(_ config: inout TopicConfig) throws(TopicConfigError) {
        for (key, text) in missing(in: config) { try config.set(key.rawValue, to: text) }
    }

    private func topic() async throws(CoordinationError) -> Topic {
        let name = try topicName()
        if let topic = storage.topic(name) { return topic }
        var config = TopicConfig()
        do throws(TopicConfigError) {
            try Self.complete(&config)
        } catch {
            throw .log("\(error)")
        }
        do throws(StorageError) {
            return try await storage.create(
                name, partitionCount: partitionCount, config: config)
        } catch .topicExists {
            // Another commit made it first.
            guard let topic = storage.topic(name) else { throw .log("it was deleted") }
            return topic
        } catch {
            throw .log("\(error)")
        }
    }

    func append(_ records: [Record], to partition: Int32) async throws(CoordinationError) {
        let topic = try await topic()
        let log = topic.partitions[Int(partition)]
        let bytes: [UInt8]
        do throws(RecordsError) {
            bytes = try RecordBatchBuilder.build(records, now: log.storage.shard.wallClock)
        } catch {
            throw Self.refusal(error)
        }
        let slice = bytes.withUnsafeBytes { ByteSlice(copying: $0) }
        do throws(StorageError) {
            _ = try await log.storage.append(slice, to: log).result()
        } catch .batchTooLarge(_, let bytes, let limit) {
            throw .recordsTooLarge(bytes: bytes, limit: limit)
        } catch {
            throw .log("\(error)")
        }
    }

    private static func refusal(_ error: RecordsError) -> CoordinationError {
        if case .recordTooLarge(let bytes, let limit) = error {
            .recordsTooLarge(bytes: bytes, limit: limit)
        } else {
            .log("\(error)")
        }
    }

    func load(
        _ body: (UnsafeRawBufferPointer, UnsafeRawBufferPointer?) -> Void
    ) async throws(CoordinationError) {
        guard let topic = storage.topic(try topicName()) else { return }
        try await completeConfig(of: topic)
        for log in topic.partitions {
            do {
                let start = await log.storage.state(of: log).logStartOffset
                var cursor = try await log.storage.cursor(at: start, of: log)
                while let (bytes, next) = try await log.storage.read(
                    from: cursor, of: log, bytesMax: 1 << 20)
                {
                    try replay(bytes, body)
                    cursor = next
                }
            } catch {
                throw .log("\(log.partition): \(error)")
            }
        }
    }

    /// A topic that was made before a setting was needed gets it.
    private func completeConfig(of topic: Topic) async throws(CoordinationError) {
        guard !Self.missing(in: topic.entry.config).isEmpty else { return }
        do throws(StorageError) {
            _ = try await storage.alterConfig(topic.entry.name) {
                (config) throws(TopicConfigError) in try Self.complete(&config)
            }
        } catch {
            throw .log("\(error)")
        }
    }

    private func replay(
        _ bytes: ByteSlice, _ body: (UnsafeRawBufferPointer, UnsafeRawBufferPointer?) -> Void
    ) throws {
        try bytes.withBytes { bytes in
            var batches = BatchSequence(bytes, limit: bytes.count, verifiesChecksums: true)
            while let batch = try batches.next() {
                try RecordBatchView(borrowing: batch.bytes).forEachRecord { record in
                    if let key = record.keyBytes { body(key, record.valueBytes) }
                }
            }
        }
    }
}
