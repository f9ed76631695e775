internal import DequeModule
package import MillraceModel
package import MillraceNativeProtocol
internal import MillraceRecords

/// A producer without its connections: gathers records into a batch for each partition and keeps account of the
/// batches that are not acknowledged, over one produce call after another.
///
/// A batch is sealed when it is full, when the caller flushes, and, unless it lingers, whenever nothing is on its way,
/// so that a lone record is not kept waiting and, under load, batches grow while others travel, without a timer.
///
/// With an identity the producer is idempotent: a sealed batch has its sequence number, at most five of a partition
/// are under way, as many as the broker knows, and `callLost` puts those that are not acknowledged back in front, as
/// they were and in their order. The broker writes each once.
package struct ProduceStreamState: Sendable {
    package let topic: TopicName
    private let options: ProducerOptions
    private let messageBytesMax: Int
    private let identity: ProducerIdentity?
    private var partitioner: Partitioner
    private var lanes: [Lane]
    /// Lanes with something to send, one entry a batch.
    private var ready = Deque<Int>()
    /// What the present call has to acknowledge, in its order.
    private var sent = Deque<SealedBatch>()
    private var pendingBytes = 0
    private var nextTag: UInt64 = 0
    private var receipts: [Int32: ProduceReceipt] = [:]
    /// Credit granted beyond the batches that it has acknowledged.
    private var grantedBytes = 0
    /// Of sealed batches that are not acknowledged.
    package private(set) var inFlightBytes = 0
    /// The first refusal. Nothing is taken after it.
    package private(set) var failure: ClientError?
    /// Grows with every acknowledgement, so that a timer sees that the broker is alive.
    package private(set) var acknowledgedCount: UInt64 = 0
    /// A refusal that another call may not meet: this one is to be left.
    package private(set) var interruption: ClientError?
    /// The owner's monotonic clock, which it sets now and then: batches are as old as it says.
    package var time = Duration.zero

    /// The batches of one partition.
    private struct Lane: Sendable {
        var builder: RecordBatchBuilder
        var waiting = Deque<SealedBatch>()
        var sentCount = 0
        /// Entries of `ready` that were taken while the lane was full.
        var blockedCount = 0
        var nextSequence: Int32 = 0
    }

    /// As many batches of a producer as the broker knows in each partition.
    package static let batchesPerPartitionMax = 5

    package init(
        topic: TopicName, partitionCount: Int32, messageBytesMax: Int, options: ProducerOptions,
        identity: ProducerIdentity? = nil
    ) {
        var options = options
        // A codec may make incompressible records a little larger: leave it room.
        options.batchBytesMax = max(
            1, min(options.batchBytesMax, messageBytesMax - messageBytesMax / 64 - 128))
        self.topic = topic
        self.options = options
        self.messageBytesMax = messageBytesMax
        self.identity = identity
        partitioner = Partitioner(partitionCount: partitionCount)
        // With many partitions few batches get full: let those grow from little.
        let capacity = partitionCount <= 16 ? options.batchBytesMax : 4096
        lanes = Array(
            repeating: Lane(builder: RecordBatchBuilder(capacity: capacity)),
            count: Int(partitionCount))
    }

    /// How many batches have been sealed so far, acknowledged or not.
    package var sealedCount: UInt64 { nextTag }

    /// Whether the caller may go on appending, or should wait for acknowledgements.
    package var hasRoom: Bool { inFlightBytes < options.roomBytes }

    /// Nothing is gathered, waiting to be sent or unacknowledged.
    package var isIdle: Bool { pendingBytes == 0 && !isWaitingForAcknowledgements }

    package var isWaitingForAcknowledgements: Bool { acknowledgedCount < nextTag }

    /// Whether the owner's timer should seal what has been gathered.
    package var isLingering: Bool { options.linger > .zero && pendingBytes > 0 }
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
        guard index >= 0, index < lanes.count else {
            throw .noSuchPartition(
                topic: topic, partition: partition, partitionCount: partitioner.partitionCount)
        }
        let sizeMax = lanes[index].builder.sizeInBytesMax(
            afterAppending: key, value, headers: headers)
        if sizeMax > options.batchBytesMax, !lanes[index].builder.isEmpty {
            try seal(index)
            // The sticky partition has moved on: this record may belong to the next.
            if explicit == nil, key == nil {
                return try append(key: key, value: value, headers: headers, timestamp: timestamp)
            }
        }
        let before = lanes[index].builder.isEmpty ? 0 : lanes[index].builder.sizeInBytes
        do throws(RecordsError) {
            try lanes[index].builder.append(
                key: key, value: value, headers: headers, timestamp: timestamp)
        } catch {
            throw .unwritableRecords(topic: topic, error)
        }
        let size = lanes[index].builder.sizeInBytes
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
    /// way and it does not linger.
    package mutating func settle() throws(ClientError) {
        if options.linger == .zero, !isWaitingForAcknowledgements { try sealAll() }
    }

    /// Seals every batch that has records.
    package mutating func sealAll() throws(ClientError) {
        guard pendingBytes > 0 else { return }
        for index in lanes.indices where !lanes[index].builder.isEmpty { try seal(index) }
    }

    private mutating func seal(_ index: Int) throws(ClientError) {
        let recordCount = lanes[index].builder.recordCount
        let size = lanes[index].builder.sizeInBytes
        let sequence = lanes[index].nextSequence
        let producer = identity.map { ProducerState(id: $0.id, epoch: $0.epoch, baseSequence: sequence) }
        let bytes: [UInt8]
        do throws(RecordsError) {
            bytes = try lanes[index].builder.finish(
                codec: options.compression, producer: producer ?? .none)
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
        // It goes round after the largest number, as Kafka's does.
        lanes[index].nextSequence = (sequence &+ recordCount) & Int32.max
        let partition = Int32(index)
        partitioner.batchSealed(partition)
        var message = WireProduceBatch()
        message.partition = partition
        message.sequenceTag = nextTag
        nextTag += 1
        inFlightBytes += bytes.count
        lanes[index].waiting.append(
            SealedBatch(message: message, bytes: bytes, recordCount: recordCount, sealedAt: time))
        ready.append(index)
    }

    /// The batches to send now over the present call, in this order.
    package mutating func takeSealed() -> [SealedBatch] {
        var taken: [SealedBatch] = []
        while let index = ready.popFirst() {
            guard identity == nil || lanes[index].sentCount < Self.batchesPerPartitionMax else {
                lanes[index].blockedCount += 1
                continue
            }
            guard let batch = lanes[index].waiting.popFirst() else { continue }
            lanes[index].sentCount += 1
            sent.append(batch)
            taken.append(batch)
        }
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
    /// `failure`, or `interruption` where another call may succeed. Throws when it is one that cannot be.
    package mutating func acknowledged(
        _ ack: WireProduceAck
    ) throws(ClientError) -> ProduceAcknowledgement? {
        guard options.acknowledgements == .all else {
            guard let error = ClientError(Status(ack.error)) else {
                throw .illegalAnswer("a batch was acknowledged that was not to be")
            }
            _ = fail(error)
            return nil
        }
        guard let batch = sent.first, batch.tag == ack.sequenceTag else {
            let expected = sent.first.map { String($0.tag) } ?? "none"
            throw .illegalAnswer(
                "batch \(ack.sequenceTag) was acknowledged when \(expected) was to be")
        }
        var baseOffset = Offset(ack.baseOffset)
        if ack.hasError, let error = ClientError(Status(ack.error)) {
            guard identity != nil else { return refused(error) }
            if case .refused(.unavailable, _, _) = error {
                interruption = error
                return nil
            }
            guard case .refused(_, _, let details) = error,
                details["reason"] == "duplicate_sequence"
            else { return refused(error) }
            baseOffset = Offset(-1)
        } else {
            guard ack.baseOffset >= 0, ack.baseOffset <= Int64.max - Int64(batch.recordCount) else {
                throw .illegalAnswer("a batch was acknowledged at offset \(ack.baseOffset)")
            }
        }
        let acknowledgement = removeFirstSent(
            at: baseOffset, ack.durability == .durable ? .durable : .relaxed)
        if failure == nil { try settle() }
        return acknowledgement
    }

    private mutating func refused(_ error: ClientError) -> ProduceAcknowledgement? {
        if let batch = sent.popFirst() { inFlightBytes -= batch.bytes.count }
        acknowledgedCount += 1
        _ = fail(error)
        return nil
    }

    /// The oldest batch of the call has been written. Called while there is one.
    private mutating func removeFirstSent(
        at baseOffset: Offset, _ durability: Durability
    ) -> ProduceAcknowledgement {
        let batch = sent.removeFirst()
        let index = Int(batch.message.partition)
        inFlightBytes -= batch.bytes.count
        acknowledgedCount += 1
        lanes[index].sentCount -= 1
        if lanes[index].blockedCount > 0 {
            lanes[index].blockedCount -= 1
            ready.append(index)
        }
        let acknowledgement = ProduceAcknowledgement(
            partition: batch.message.partition, baseOffset: baseOffset,
            recordCount: batch.recordCount, durability: durability, sizeInBytes: batch.bytes.count)
        if receipts[acknowledgement.partition]?.add(acknowledgement) == nil {
            receipts[acknowledgement.partition] = ProduceReceipt(acknowledgement)
        }
        return acknowledgement
    }

    /// What was acknowledged since the last time, by partition.
    package mutating func takeReceipts() -> [ProduceReceipt] {
        defer { receipts = [:] }
        return receipts.values.sorted { $0.partition < $1.partition }
    }
}

// MARK: - Calls that end

extension ProduceStreamState {
    /// Credit came: where only refusals are answered it says how far the broker is, since it grants as it acknowledges.
    package mutating func granted(_ bytes: Int) throws(ClientError) {
        guard options.acknowledgements == .refusals else { return }
        grantedBytes += bytes
        while let batch = sent.first, batch.bytes.count <= grantedBytes {
            grantedBytes -= batch.bytes.count
            _ = removeFirstSent(at: Offset(-1), .relaxed)
        }
        if failure == nil { try settle() }
    }

    /// The call has ended well after our END: all that was sent over it and not refused is written.
    package mutating func callCompleted() throws(ClientError) {
        guard options.acknowledgements == .refusals || sent.isEmpty else {
            let error = ClientError.illegalAnswer("a produce call ended before its last batch")
            ended(error)
            throw error
        }
        while !sent.isEmpty { _ = removeFirstSent(at: Offset(-1), .relaxed) }
        grantedBytes = 0
    }

    /// The call, or its connection, has been lost: with an identity what it has not acknowledged is sent again over
    /// the next one; without, whether it was written will never be known, and the producer fails.
    /// - Returns: how many batches are sent again.
    package mutating func callLost(_ error: ClientError) -> Int {
        interruption = nil
        grantedBytes = 0
        guard failure == nil else { return 0 }
        guard identity != nil || sent.isEmpty else {
            ended(error)
            return 0
        }
        let repeatedCount = sent.count
        while let batch = sent.popLast() {
            lanes[Int(batch.message.partition)].waiting.prepend(batch)
        }
        var waiting: [(tag: UInt64, index: Int)] = []
        for index in lanes.indices {
            lanes[index].sentCount = 0
            lanes[index].blockedCount = 0
            for batch in lanes[index].waiting { waiting.append((batch.tag, index)) }
        }
        ready = Deque(waiting.sorted { $0.tag < $1.tag }.map(\.index))
        return repeatedCount
    }

    /// Fails the producer where a batch has been tried for longer than the delivery timeout.
    package mutating func expire() {
        guard isWaitingForAcknowledgements, failure == nil else { return }
        var oldest = sent.map(\.sealedAt).min() ?? time
        for lane in lanes { oldest = min(oldest, lane.waiting.first?.sealedAt ?? oldest) }
        guard time - oldest >= options.deliveryTimeout else { return }
        ended(.deliveryTimedOut(topic: topic, timeout: options.deliveryTimeout))
    }

    /// The producer has ended: nothing is taken any more.
    package mutating func ended(_ error: ClientError) {
        _ = fail(error)
        sent.removeAll()
        ready.removeAll()
        inFlightBytes = 0
        for index in lanes.indices { lanes[index].waiting.removeAll() }
    }
}
