public import MillraceModel
package import MillraceNativeProtocol

/// A batch on its way.
package struct SealedBatch: Sendable {
    package let message: WireProduceBatch
    package let bytes: [UInt8]
    package let recordCount: Int32
    /// By the owner's monotonic clock.
    let sealedAt: Duration

    var tag: UInt64 { message.sequenceTag }
}

/// Who an idempotent producer is.
package struct ProducerIdentity: Hashable, Sendable {
    package var id: ProducerID
    package var epoch: ProducerEpoch

    package init(id: ProducerID, epoch: ProducerEpoch) {
        self.id = id
        self.epoch = epoch
    }

    /// Of an answer to *init producer*.
    package init(_ wire: WireInitProducerResponse) throws(ClientError) {
        guard wire.producerID >= 0, let epoch = Int16(exactly: wire.producerEpoch), epoch >= 0 else {
            throw .illegalAnswer(
                "a producer was given id \(wire.producerID) and epoch \(wire.producerEpoch)")
        }
        self.init(id: ProducerID(wire.producerID), epoch: ProducerEpoch(epoch))
    }
}

/// What the broker wrote of one batch.
public struct ProduceAcknowledgement: Hashable, Sendable {
    /// Its number in the topic.
    public var partition: Int32
    /// -1 where the broker said no more than that it has the batch.
    public var baseOffset: Offset
    /// How many records the batch had.
    public var recordCount: Int32
    /// What the records survive.
    public var durability: Durability
    /// Of the batch as it was sent.
    public var sizeInBytes: Int
}

/// What was acknowledged in one partition since the last flush.
public struct ProduceReceipt: Hashable, Sendable {
    /// Its number in the topic.
    public var partition: Int32
    /// The first and the last offset. Records of other producers may lie between them. Both are -1 where the broker
    /// told none: with `ProducerOptions.Acknowledgements.refusals`, or for a repeat so old that it only knew that it
    /// had written it.
    public var firstOffset: Offset
    /// Of the last record.
    public var lastOffset: Offset
    /// How many records were acknowledged.
    public var recordCount: Int64
    /// The weakest of the batches'.
    public var durability: Durability

    /// All of it, as a test may want it.
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

    init(_ ack: ProduceAcknowledgement) {
        self.init(
            partition: ack.partition, firstOffset: ack.baseOffset, lastOffset: ack.lastOffset,
            recordCount: Int64(ack.recordCount), durability: ack.durability)
    }

    mutating func add(_ ack: ProduceAcknowledgement) {
        if firstOffset.value < 0 {
            firstOffset = ack.baseOffset
            lastOffset = ack.lastOffset
        } else if ack.baseOffset.value >= 0 {
            firstOffset = min(firstOffset, ack.baseOffset)
            lastOffset = max(lastOffset, ack.lastOffset)
        }
        recordCount += Int64(ack.recordCount)
        if ack.durability == .relaxed { durability = .relaxed }
    }
}

extension ProduceAcknowledgement {
    fileprivate var lastOffset: Offset {
        baseOffset.value < 0 ? baseOffset : baseOffset.advanced(by: Int64(recordCount) - 1)
    }
}
