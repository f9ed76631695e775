import Foundation
import MillraceBytes
import MillraceModel
import MillraceRecords
import MillraceStorage

/// An idempotent producer as the log sees one: batches with sequences.
struct TestProducer: Sendable {
    var id: Int64 = 7
    var epoch: Int16 = 0
    var sequence: Int32 = 0

    /// Sends a batch with the next sequences.
    mutating func send(
        _ values: [String], to storage: Storage, _ topic: String = "t", _ partition: Int32 = 0
    ) async throws -> AppendResult {
        let result = try await send(values, at: sequence, to: storage, topic, partition).result()
        sequence = (sequence &+ Int32(values.count)) & .max
        return result
    }

    /// Sends a batch with the given sequence.
    func send(
        _ values: [String], at sequence: Int32, to storage: Storage, _ topic: String = "t",
        _ partition: Int32 = 0
    ) async throws -> AppendTicket {
        let batch = try batch(values, at: sequence)
        let log = try storage.log(topic, partition)
        return try await log.storage.append(batch, to: log)
    }

    func batch(_ values: [String], at sequence: Int32) throws -> ByteSlice {
        let now = Timestamp(milliseconds: Int64(Date().timeIntervalSince1970 * 1000))
        let bytes = try RecordBatchBuilder.build(
            values.map { Record(value: Array($0.utf8)) }, now: now,
            producer: ProducerState(
                id: ProducerID(id), epoch: ProducerEpoch(epoch), baseSequence: sequence))
        return bytes.withUnsafeBytes { ByteSlice(copying: $0) }
    }
}

extension Storage {
    nonisolated func log(_ topic: String = "t", _ partition: Int32 = 0) throws -> PartitionLog {
        try self.partition(TopicPartition(topic: try TopicName(topic), partition: partition))
    }

    func make(_ topic: String = "t", _ settings: [String: String] = [:]) async throws {
        _ = try await create(
            try TopicName(topic), partitionCount: 1, config: try config(settings))
    }

    /// The producers of a partition.
    func producers(_ topic: String = "t") async throws -> [ActiveProducer] {
        let log = try log(topic)
        return await log.storage.producers(of: log)
    }
}

/// What the body throws, if that is the storage's.
func storageError(_ body: () async throws -> Void) async -> StorageError? {
    do {
        try await body()
        return nil
    } catch {
        return error as? StorageError
    }
}
