internal import MillraceModel

extension StorageError {
    /// The values of the error for programs, by what they are.
    package var details: [String: String] {
        switch self {
        case .unknownTopic(let topic), .topicExists(let topic): ["topic": topic.string]
        case .partitionsOnlyGrow(let topic, let from, _):
            ["topic": topic.string, "partitions": "\(from)"]
        case .unknownPartition(let partition): partition.details
        case .invalidBatch(let partition, let error): partition.details(["error": "\(error)"])
        case .recordWithoutKey(let partition, let index):
            partition.details(["reason": "record_without_key", "record": "\(index)"])
        case .batchTooLarge(let partition, let bytes, let limit):
            partition.details(["bytes": "\(bytes)", "limit": "\(limit)"])
        case .outOfOrderSequence(let partition, let producer, _, let found, let expected):
            partition.details([
                "reason": "out_of_order_sequence", "producer_id": "\(producer.value)",
                "sequence": "\(found)", "expected": "\(expected)",
            ])
        case .duplicateSequence(let partition, let producer, let first, _, let newest):
            partition.details([
                "reason": "duplicate_sequence", "producer_id": "\(producer.value)",
                "sequence": "\(first)", "newest": "\(newest)",
            ])
        case .invalidProducerEpoch(let partition, let producer, let found, let current):
            partition.details([
                "reason": "invalid_producer_epoch", "producer_id": "\(producer.value)",
                "producer_epoch": "\(found.value)", "current": "\(current.value)",
            ])
        case .openTransaction(let partition, let producer, let first):
            partition.details([
                "reason": "open_transaction", "producer_id": "\(producer.value)", "first_offset": "\(first.value)",
            ])
        case .notInTransaction(let partition, let producer):
            partition.details(["reason": "not_in_transaction", "producer_id": "\(producer.value)"])
        case .invalidTimestamp(let partition, let time, _, let limit):
            partition.details(["timestamp_ms": "\(time.milliseconds)", "limit": limit.rawValue])
        case .invalidConfig(let error): ["config": error.name, "value": error.value]
        case .offsetOutOfRange(let partition, let offset, let first, let next):
            partition.details([
                "offset": "\(offset.value)", "log_start_offset": "\(first.value)",
                "high_watermark": "\(next.value)",
            ])
        case .onlyCompacted(let partition): partition.details(["reason": "only_compacted"])
        case .readOnly(let partition, _): partition.details(["reason": "read_only"])
        case .damaged(let range):
            range.partition.details([
                "first_offset": "\(range.first.value)", "file": range.file.string,
            ]).merging(range.last.map { ["last_offset": "\($0.value)"] } ?? [:]) { $1 }
        case .io(let path, _, _), .damagedFile(let path, _), .directoryInUse(let path),
            .newerFormat(let path, _, _):
            ["path": path.string]
        case .closed: [:]
        }
    }
}

extension TopicPartition {
    fileprivate var details: [String: String] { details([:]) }

    fileprivate func details(_ others: [String: String]) -> [String: String] {
        others.merging(["topic": topic.string, "partition": "\(partition)"]) { $1 }
    }
}
