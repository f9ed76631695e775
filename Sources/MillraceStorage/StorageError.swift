package import MillraceModel
package import MillraceRecords
package import SystemPackage

/// What can go wrong in the log. Each says what it is about, the value, the limit and the way out.
package enum StorageError: Error, Sendable {
    case unknownTopic(TopicName)
    case topicExists(TopicName)
    case partitionsOnlyGrow(TopicName, from: Int32, to: Int32)
    case unknownPartition(TopicPartition)
    case batchTooLarge(TopicPartition, bytes: Int, limit: Int)
    case invalidBatch(TopicPartition, RecordsError)
    /// A record of a compacted topic has no key; by its place in its batch.
    case recordWithoutKey(TopicPartition, index: Int)
    /// A producer's batch does not follow its last one.
    case outOfOrderSequence(
        TopicPartition, ProducerID, ProducerEpoch, found: Int32, expected: Int32)
    /// A producer's batch was stored, so long ago that its offset is not known any more.
    case duplicateSequence(TopicPartition, ProducerID, first: Int32, last: Int32, newest: Int32)
    /// A younger incarnation of the producer has written.
    case invalidProducerEpoch(
        TopicPartition, ProducerID, found: ProducerEpoch, current: ProducerEpoch)
    /// A producer's batch is of no transaction while one of its is under way.
    case openTransaction(TopicPartition, ProducerID, since: Offset)
    /// A transactional batch belongs to no transaction that the coordinator knows.
    case notInTransaction(TopicPartition, ProducerID)
    /// A record's time is too far from the log's clock.
    case invalidTimestamp(TopicPartition, Timestamp, now: Timestamp, limit: TopicConfig.Key)
    case invalidConfig(TopicConfigError)
    case offsetOutOfRange(TopicPartition, Offset, first: Offset, next: Offset)
    /// The topic is compacted and nothing else: its records are not deleted by their offsets.
    case onlyCompacted(TopicPartition)
    /// The partition takes no writes: for want of space until there is some, after a failed write
    /// until a restart.
    case readOnly(TopicPartition, reason: String)
    case damaged(DamagedRange)
    case io(FilePath, Errno, doing: String)
    case directoryInUse(FilePath)
    case newerFormat(FilePath, found: Int, known: Int)
    case damagedFile(FilePath, reason: String)
    case closed
}

/// Records that the log once had and cannot give back. They are refused by name, never passed over.
package struct DamagedRange: Hashable, Sendable, CustomStringConvertible {
    package let partition: TopicPartition
    /// The first and the last offset; the last may be unknown where the file tells no more.
    package let first: Offset
    package let last: Offset?
    package let file: FilePath
    package let position: UInt64
    package let reason: String

    package var description: String {
        let range = last.map { "offsets \(first) to \($0)" } ?? "offsets from \(first)"
        return "\(partition), \(range): \(reason) (\(file) at byte \(position))"
    }
}

extension StorageError {
    var isFullDisk: Bool {
        if case .io(_, .noSpace, _) = self { return true }
        return false
    }
}

extension StorageError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .unknownTopic(let topic):
            "there is no topic '\(topic)'"
        case .topicExists(let topic):
            "there is a topic '\(topic)' already"
        case .partitionsOnlyGrow(let topic, let from, let to):
            "topic '\(topic)' has \(from) partitions and cannot be given \(to): they only grow"
        case .unknownPartition(let partition):
            "there is no partition \(partition)"
        case .batchTooLarge(let partition, let bytes, let limit):
            """
            a record batch of \(bytes) bytes for \(partition) is over max.message.bytes=\(limit); \
            send smaller batches or raise the topic's limit
            """
        case .invalidBatch(let partition, let error):
            "a record batch for \(partition) was refused: \(error)"
        case .recordWithoutKey(let partition, let index):
            """
            record \(index) of a batch for \(partition) has no key, and the topic is compacted by keys; give \
            it one, or set the topic's cleanup.policy to delete
            """
        case .outOfOrderSequence(let partition, let producer, let epoch, let found, let expected):
            """
            sequence \(found) of producer \(producer.value), epoch \(epoch.value), does not follow \
            in \(partition): \(expected) comes next; send the missing batches first or take a new \
            producer id
            """
        case .duplicateSequence(let partition, let producer, let first, let last, let newest):
            """
            the records of producer \(producer.value) with sequences \(first) to \(last) are in \
            \(partition) already, which has come to sequence \(newest)
            """
        case .invalidProducerEpoch(let partition, let producer, let found, let current):
            """
            epoch \(found.value) of producer \(producer.value) is over in \(partition): epoch \
            \(current.value) has written; another instance has taken its place
            """
        case .openTransaction(let partition, let producer, let first):
            """
            producer \(producer.value) has a transaction under way in \(partition), since offset \(first), and sends \
            records that are not in it; end the transaction first
            """
        case .notInTransaction(let partition, let producer):
            """
            producer \(producer.value) sends a transactional batch to \(partition), which is in no transaction of its \
            that is under way; add the partition to the transaction first
            """
        case .invalidTimestamp(let partition, let time, let now, let limit):
            """
            a record for \(partition) has the time \(time), and the broker's clock says \(now): that \
            is farther than \(limit.rawValue) allows; set the producer's clock, or the topic's limit
            """
        case .invalidConfig(let error):
            "\(error)"
        case .offsetOutOfRange(let partition, let offset, let first, let next):
            """
            offset \(offset) of \(partition) is out of range: the log starts at \(first) and its \
            next offset is \(next)
            """
        case .onlyCompacted(let partition):
            """
            records of \(partition) are not deleted by offset: its cleanup.policy is compact; write tombstones, or \
            set it to compact,delete
            """
        case .readOnly(let partition, let reason):
            "\(partition) takes no writes: \(reason)"
        case .damaged(let range):
            "damaged data in \(range); `millrace log verify` names all that is damaged"
        case .io(let path, let errno, let doing):
            "\(doing) \(path): \(errno)"
        case .directoryInUse(let path):
            """
            the data directory \(path) is open in another process; stop that one or choose another \
            directory
            """
        case .newerFormat(let path, let found, let known):
            """
            the data directory \(path) has format version \(found) and this Millrace knows versions \
            up to \(known); open it with a newer Millrace
            """
        case .damagedFile(let path, let reason):
            """
            \(path) is damaged: \(reason); put it back from a copy. The records are in the .log files, \
            which `millrace log verify` and `millrace log dump` read without it
            """
        case .closed:
            "the engine is closed"
        }
    }
}

/// Runs a call of the device and says in its error what was being done to which path.
func io<Result>(
    _ doing: String, _ path: FilePath, _ body: () async throws(Errno) -> Result
) async throws(StorageError) -> Result {
    do throws(Errno) {
        return try await body()
    } catch {
        throw .io(path, error, doing: doing)
    }
}
