internal import DequeModule
public import MillraceModel
package import MillraceNativeProtocol
internal import MillraceRecords

/// How a producer gathers records.
public struct ProducerOptions: Hashable, Sendable {
    /// How batches are compressed.
    public var compression: CompressionCodec
    /// A batch is sent before it would grow over this many bytes, uncompressed. A record that is
    /// larger makes a batch of its own.
    public var batchBytesMax: Int
    /// `send` waits while this many bytes of batches are sent and not acknowledged.
    public var inFlightBytesMax: Int

    public init(
        compression: CompressionCodec = .none, batchBytesMax: Int = 256 << 10,
        inFlightBytesMax: Int = 16 << 20
    ) {
        self.compression = compression
        self.batchBytesMax = batchBytesMax
        self.inFlightBytesMax = inFlightBytesMax
    }
}

/// A batch on its way.
package struct SealedBatch: Sendable {
    package let message: WireProduceBatch
    package let bytes: [UInt8]
}

/// What the broker wrote of one batch.
public struct ProduceAcknowledgement: Hashable, Sendable {
    public var partition: Int32
    public var baseOffset: Offset
    public var recordCount: Int32
    public var durability: Durability
}

/// What was acknowledged in one partition since the last flush.
public struct ProduceReceipt: Hashable, Sendable {
    public var partition: Int32
    /// The first and the last offset. Records of other producers may lie between them.
    public var firstOffset: Offset
    public var lastOffset: Offset
    public var recordCount: Int64
    /// The weakest of the batches'.
    public var durability: Durability

    public init(
        partition: Int32, firstOffset: Offset, lastOffset: Offset, recordCount: Int64,
        durability: Durability
    ) {
        self.partition = partition
        self.firstOffset = firstOffset
        self.lastOffset = lastOffset
        self.recordCount = recordCount
        self.durability = durability
    }
}

/// A produce call: gathers records into a batch for each partition and keeps account of the batches
/// that are not acknowledged.
///
/// A batch is sealed when it is full, when the caller flushes, and whenever nothing is on its way,
/// so that a lone record is not kept waiting and, under load, batches grow while others travel,
/// without a timer.
package struct ProduceStreamState: Sendable {
    package let topic: TopicName
    private let options: ProducerOptions
    private let messageBytesMax: Int
    private var partitioner: Partitioner
    private var builders: [RecordBatchBuilder]
    private var pendingBytes = 0
    private var sealed: [SealedBatch] = []
    private var nextTag: UInt64 = 0
    private var inFlight = Deque<InFlight>()
    private var receipts: [Int32: ProduceReceipt] = [:]
    package private(set) var inFlightBytes = 0
    /// The first refusal. Nothing is taken after it.
    package private(set) var failure: ClientError?
    /// Grows with every acknowledgement, so that a timer sees that the broker is alive.
    package private(set) var acknowledgedCount: UInt64 = 0

    private struct InFlight: Sendable {
        let tag: UInt64
        let partition: Int32
        let recordCount: Int32
        let bytes: Int
    }

    package init(
        topic: TopicName, partitionCount: Int32, messageBytesMax: Int, options: ProducerOptions
    ) {
        var options = options
        // A codec may make incompressible records a little larger: leave it room.
        options.batchBytesMax = max(
            1, min(options.batchBytesMax, messageBytesMax - messageBytesMax / 64 - 128))
        self.topic = topic
        self.options = options
        self.messageBytesMax = messageBytesMax
        partitioner = Partitioner(partitionCount: partitionCount)
        // With many partitions few batches get full: let those grow from little.
        let capacity = partitionCount <= 16 ? options.batchBytesMax : 4096
        builders = Array(
            repeating: RecordBatchBuilder(capacity: capacity), count: Int(partitionCount))
    }

    /// How many batches have been sealed so far, acknowledged or not.
    package var sealedCount: UInt64 { nextTag }

    /// Whether the caller may go on appending, or should wait for acknowledgements.
    package var hasRoom: Bool { inFlightBytes < options.inFlightBytesMax }

    /// Nothing is gathered, waiting to be sent or unacknowledged.
    package var isIdle: Bool { pendingBytes == 0 && sealed.isEmpty && inFlight.isEmpty }

    package var isWaitingForAcknowledgements: Bool { !inFlight.isEmpty }
}

// MARK: - Records in, batches out

extension ProduceStreamState {
    package mutating func append(
        key: UnsafeRawBufferPointer?, value: UnsafeRawBufferPointer?, headers: [RecordHeader] = [],
        timestamp: Timestamp, partition explicit: Int32? = nil
    ) throws(ClientError) {
        if let failure { throw failure }
        let partition = explicit ?? partitioner.partition(for: key)
        let index = Int(partition)
        guard index >= 0, index < builders.count else {
            throw .noSuchPartition(
                topic: topic, partition: partition, partitionCount: partitioner.partitionCount)
        }
        let sizeMax = builders[index].sizeInBytesMax(
            afterAppending: key, value, headers: headers)
        if sizeMax > options.batchBytesMax, !builders[index].isEmpty {
            try seal(index)
            // The sticky partition has moved on: this record may belong to the next.
            if explicit == nil, key == nil {
                return try append(key: key, value: value, headers: headers, timestamp: timestamp)
            }
        }
        let before = builders[index].isEmpty ? 0 : builders[index].sizeInBytes
        do throws(RecordsError) {
            try builders[index].append(
                key: key, value: value, headers: headers, timestamp: timestamp)
        } catch {
            throw .unwritableRecords(topic: topic, error)
        }
        let size = builders[index].sizeInBytes
        pendingBytes += size - before
        if size >= options.batchBytesMax {
            try seal(index)
        } else if pendingBytes >= options.inFlightBytesMax {
            try sealAll()
        }
    }

    package mutating func append(
        _ record: Record, now: Timestamp, partition: Int32? = nil
    ) throws(ClientError) {
        let timestamp = record.timestamp ?? now
        let result = Self.withBytes(record.key) { key in
            Self.withBytes(record.value) { value in
                Result { () throws(ClientError) in
                    try append(
                        key: key, value: value, headers: record.headers, timestamp: timestamp,
                        partition: partition)
                }
            }
        }
        try result.get()
    }

    private static func withBytes<Result>(
        _ bytes: [UInt8]?, _ body: (UnsafeRawBufferPointer?) -> Result
    ) -> Result {
        guard let bytes else { return body(nil) }
        return bytes.withUnsafeBytes { body($0) }
    }

    /// Call it when no more records come at once: seals what has been gathered if nothing is on its
    /// way.
    package mutating func settle() throws(ClientError) {
        if inFlight.isEmpty, sealed.isEmpty { try sealAll() }
    }

    /// Seals every batch that has records.
    package mutating func sealAll() throws(ClientError) {
        guard pendingBytes > 0 else { return }
        for index in builders.indices where !builders[index].isEmpty { try seal(index) }
    }

    private mutating func seal(_ index: Int) throws(ClientError) {
        let recordCount = builders[index].recordCount
        let size = builders[index].sizeInBytes
        let bytes: [UInt8]
        do throws(RecordsError) {
            bytes = try builders[index].finish(codec: options.compression)
        } catch {
            throw fail(.unwritableRecords(topic: topic, error))
        }
        pendingBytes -= size
        guard bytes.count <= messageBytesMax else {
            let error = ClientError.recordTooLarge(
                topic: topic, bytes: bytes.count, limit: messageBytesMax)
            // A lone record of this size was appended just now: its appender knows that it is
            // refused.
            throw recordCount == 1 ? error : fail(error)
        }
        let partition = Int32(index)
        partitioner.batchSealed(partition)
        var message = WireProduceBatch()
        message.partition = partition
        message.sequenceTag = nextTag
        sealed.append(SealedBatch(message: message, bytes: bytes))
        inFlight.append(
            InFlight(
                tag: nextTag, partition: partition, recordCount: recordCount, bytes: bytes.count))
        inFlightBytes += bytes.count
        nextTag += 1
    }

    /// The batches to send, in this order.
    package mutating func takeSealed() -> [SealedBatch] {
        var taken: [SealedBatch] = []
        swap(&taken, &sealed)
        return taken
    }

    /// Records are lost with this: what follows would leave a gap, so nothing does.
    private mutating func fail(_ error: ClientError) -> ClientError {
        if failure == nil { failure = error }
        return error
    }
}

// MARK: - Acknowledgements

extension ProduceStreamState {
    /// Takes the acknowledgement of the oldest batch; nil when it was refused, which is then
    /// `failure`. Throws when it is one that cannot be.
    package mutating func acknowledged(
        _ ack: WireProduceAck
    ) throws(ClientError) -> ProduceAcknowledgement? {
        guard let batch = inFlight.first, batch.tag == ack.sequenceTag else {
            let expected = inFlight.first.map { String($0.tag) } ?? "none"
            throw .illegalAnswer(
                "batch \(ack.sequenceTag) was acknowledged when \(expected) was to be")
        }
        inFlight.removeFirst()
        inFlightBytes -= batch.bytes
        acknowledgedCount += 1
        if ack.hasError, let error = ClientError(Status(ack.error)) {
            _ = fail(error)
            return nil
        }
        guard ack.baseOffset >= 0, ack.baseOffset <= Int64.max - Int64(batch.recordCount) else {
            throw .illegalAnswer("a batch was acknowledged at offset \(ack.baseOffset)")
        }
        let acknowledgement = ProduceAcknowledgement(
            partition: batch.partition, baseOffset: Offset(ack.baseOffset),
            recordCount: batch.recordCount,
            durability: ack.durability == .durable ? .durable : .relaxed)
        note(acknowledgement)
        if failure == nil { try settle() }
        return acknowledgement
    }

    private mutating func note(_ ack: ProduceAcknowledgement) {
        let last = ack.baseOffset.advanced(by: Int64(ack.recordCount) - 1)
        guard var receipt = receipts[ack.partition] else {
            receipts[ack.partition] = ProduceReceipt(
                partition: ack.partition, firstOffset: ack.baseOffset, lastOffset: last,
                recordCount: Int64(ack.recordCount), durability: ack.durability)
            return
        }
        receipt.firstOffset = min(receipt.firstOffset, ack.baseOffset)
        receipt.lastOffset = max(receipt.lastOffset, last)
        receipt.recordCount += Int64(ack.recordCount)
        if ack.durability == .relaxed { receipt.durability = .relaxed }
        receipts[ack.partition] = receipt
    }

    /// What was acknowledged since the last time, by partition.
    package mutating func takeReceipts() -> [ProduceReceipt] {
        defer { receipts = [:] }
        return receipts.values.sorted { $0.partition < $1.partition }
    }

    /// The connection or the call has ended: nothing is taken any more.
    package mutating func ended(_ error: ClientError) {
        _ = fail(error)
        inFlight.removeAll()
        inFlightBytes = 0
        sealed.removeAll()
    }
}
