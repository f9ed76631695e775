internal import MillraceBytes
internal import MillraceCoordination
internal import MillraceModel
internal import MillraceRecords
internal import MillraceStorage

/// A coordinator's log: a topic of the broker's own, made when it is first needed.
struct CoordinatorTopic: CoordinatorLog {
    let storage: Storage
    let name: TopicName
    let partitionCount: Int32

    /// What one commit, one generation or one transaction may take: thousands of partitions with metadata, or of
    /// members.
    static let batchBytesMax = 16 << 20

    func partitionCount() async throws(CoordinationError) -> Int32 {
        try await topic().entry.partitionCount
    }

    /// What must not follow the broker's defaults: the last record of each key counts and is never
    /// dropped for its age or its size, and a record may be as large as thousands of members
    /// make it. Segments are of Kafka's size for this topic: the one that is written to is not
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
        if let topic = storage.topic(name) { return topic }
        var config = TopicConfig()
        // What a coordinator has answered to outlives a power cut, whatever holds for other topics.
        config.set(Durability.durable)
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

    private func log(_ partition: Int32) async throws(CoordinationError) -> PartitionLog {
        let topic = try await topic()
        // Its state may come from a broker that had other partitions.
        guard topic.partitions.indices.contains(Int(partition)) else {
            throw .log("there is no partition \(name)-\(partition)")
        }
        return topic.partitions[Int(partition)]
    }

    func append(
        _ records: [Record], in transaction: TransactionOwner?, to partition: Int32
    ) async throws(CoordinationError) {
        let log = try await log(partition)
        let now = log.storage.shard.wallClock
        let bytes: [UInt8]
        do throws(RecordsError) {
            if let transaction {
                bytes = try RecordBatchBuilder.build(records, now: now, in: transaction)
            } else {
                bytes = try RecordBatchBuilder.build(records, now: now)
            }
        } catch {
            throw Self.refusal(error)
        }
        try await written { () throws(StorageError) in
            guard transaction == nil else { return try await log.storage.appendOwn(bytes, to: log) }
            return try await log.storage.append(bytes.withUnsafeBytes { ByteSlice(copying: $0) }, to: log)
        }
    }

    func end(
        _ transaction: TransactionOwner, isCommit: Bool, in partition: Int32
    ) async throws(CoordinationError) {
        let log = try await log(partition)
        let marker = TransactionMarker(
            producerID: transaction.producerID, producerEpoch: transaction.producerEpoch, isCommit: isCommit)
        try await written { () throws(StorageError) in try await log.storage.end(marker, in: log) }
    }

    private func written(
        _ append: () async throws(StorageError) -> AppendTicket
    ) async throws(CoordinationError) {
        do throws(StorageError) {
            _ = try await append().result()
        } catch .batchTooLarge(_, let bytes, let limit) {
            throw .recordsTooLarge(bytes: bytes, limit: limit)
        } catch .invalidProducerEpoch(_, let producer, let found, let current) {
            throw .producerFenced(producer, given: found, current: current)
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

    func load(_ body: (Int32, CoordinatorLogEntry) -> Void) async throws(CoordinationError) {
        guard let topic = storage.topic(name) else { return }
        try await completeConfig(of: topic)
        for log in topic.partitions {
            do {
                let start = await log.storage.state(of: log).logStartOffset
                var cursor = try await log.storage.cursor(at: start, of: log)
                while let (bytes, next) = try await log.storage.read(
                    from: cursor, of: log, bytesMax: 1 << 20)
                {
                    try replay(bytes) { body(log.partition.partition, $0) }
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

    private func replay(_ bytes: ByteSlice, _ body: (CoordinatorLogEntry) -> Void) throws {
        try bytes.withBytes { bytes in
            var batches = BatchSequence(bytes, limit: bytes.count, verifiesChecksums: true)
            while let batch = try batches.next() {
                let view = try RecordBatchView(borrowing: batch.bytes)
                guard !batch.header.isControl else {
                    if let marker = try TransactionMarker(view) {
                        body(.end(marker.producerID, isCommit: marker.isCommit))
                    }
                    continue
                }
                let owner = batch.header.isTransactional ? batch.header.producerID : nil
                try view.forEachRecord { record in
                    guard let key = record.keyBytes else { return }
                    body(.record(key: key, value: record.valueBytes, transactionOf: owner))
                }
            }
        }
    }
}

extension RecordBatchBuilder {
    /// Records of the broker's own within a transaction: they have no sequence.
    fileprivate static func build(
        _ records: [Record], now: Timestamp, in transaction: TransactionOwner
    ) throws(RecordsError) -> [UInt8] {
        var builder = RecordBatchBuilder()
        for record in records { try builder.append(record, now: now) }
        let producer = ProducerState(
            id: transaction.producerID, epoch: transaction.producerEpoch, baseSequence: -1)
        return try builder.finish(producer: producer, isTransactional: true)
    }
}
