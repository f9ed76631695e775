import MillraceBytes
import MillraceClientCore
import MillraceModel
import MillraceNativeProtocol
import MillraceRecords
import Testing

@Suite struct ProduceStreamStateTests {
    private let now = Timestamp(milliseconds: 1_700_000_000_000)

    private func state(
        partitions: Int32 = 1, messageBytesMax: Int = 1_048_588,
        options: ProducerOptions = ProducerOptions()
    ) -> ProduceStreamState {
        ProduceStreamState(
            topic: topic, partitionCount: partitions, messageBytesMax: messageBytesMax,
            options: options)
    }

    private func ack(_ tag: UInt64, at offset: Int64) -> WireProduceAck {
        var ack = WireProduceAck()
        ack.sequenceTag = tag
        ack.baseOffset = offset
        ack.durability = .durable
        return ack
    }

    private func values(_ batch: SealedBatch) throws -> [String] {
        try batch.bytes.withUnsafeBytes { bytes in
            _ = try RecordBatch.validateProduced(bytes, limit: bytes.count)
            return try RecordBatchView(borrowing: bytes).copyRecords().map {
                String(decoding: $0.value ?? [], as: UTF8.self)
            }
        }
    }

    @Test func aLoneRecordIsSentAtOnceAndTheNextOnesGather() throws {
        var state = state()
        try state.append(Record(value: Array("a".utf8)), now: now)
        try state.settle()
        let first = state.takeSealed()
        #expect(try first.map(values) == [["a"]])
        for value in ["b", "c"] {
            try state.append(Record(value: Array(value.utf8)), now: now)
            try state.settle()
        }
        #expect(state.takeSealed().isEmpty)
        let acknowledgement = try state.acknowledged(ack(0, at: 10))
        #expect(acknowledgement?.baseOffset == Offset(10))
        let second = state.takeSealed()
        #expect(try second.map(values) == [["b", "c"]])
        #expect(second.map(\.message.sequenceTag) == [1])
        _ = try state.acknowledged(ack(1, at: 11))
        #expect(state.isIdle)
        #expect(
            state.takeReceipts() == [
                ProduceReceipt(
                    partition: 0, firstOffset: Offset(10), lastOffset: Offset(12), recordCount: 3,
                    durability: .durable)
            ])
        #expect(state.takeReceipts().isEmpty)
    }

    @Test(arguments: [CompressionCodec.none, .lz4])
    func batchesAreFullAndInOrder(codec: CompressionCodec) throws {
        var state = state(
            options: ProducerOptions(
                compression: codec, batchBytesMax: 1000, inFlightBytesMax: 1 << 20))
        var sent: [String] = []
        for number in 0..<500 {
            sent.append("value \(number)")
            try state.append(Record(value: Array(sent[number].utf8)), now: now)
        }
        try state.sealAll()
        let batches = state.takeSealed()
        #expect(batches.count > 5)
        #expect(batches.allSatisfy { $0.bytes.count <= 1000 })
        #expect(try batches.flatMap(values) == sent)
        #expect(batches.map(\.message.sequenceTag) == Array(0..<UInt64(batches.count)))
    }

    @Test func keylessRecordsGoRoundBatchByBatch() throws {
        var state = state(partitions: 3, options: ProducerOptions(batchBytesMax: 200))
        for _ in 0..<60 {
            try state.append(Record(value: [UInt8](repeating: 1, count: 50)), now: now)
        }
        let partitions = state.takeSealed().map(\.message.partition)
        #expect(partitions.count > 6)
        #expect(partitions == (0..<partitions.count).map { Int32($0 % 3) })
    }

    @Test func theWindowFillsAndEmpties() throws {
        var state = state(
            options: ProducerOptions(batchBytesMax: 100, inFlightBytesMax: 400))
        for _ in 0..<4 {
            try state.append(Record(value: [UInt8](repeating: 1, count: 90)), now: now)
        }
        #expect(state.inFlightBytes > 400)
        #expect(!state.hasRoom)
        _ = state.takeSealed()
        _ = try state.acknowledged(ack(0, at: 0))
        _ = try state.acknowledged(ack(1, at: 1))
        #expect(state.hasRoom)
    }

    @Test func aRecordOverTheTopicsLimitIsRefusedByName() throws {
        var state = state(messageBytesMax: 1000)
        let error = ClientError.recordTooLarge(topic: topic, bytes: 2070, limit: 1000)
        #expect(throws: error) {
            try state.append(Record(value: [UInt8](repeating: 1, count: 2000)), now: now)
        }
        #expect(error.description.contains("max.message.bytes"))
        // The others go on.
        try state.append(Record(value: [1]), now: now)
        try state.sealAll()
        #expect(state.takeSealed().map(\.message.sequenceTag) == [0])
    }

    @Test func aPartitionThatIsNotThereIsRefusedAndTheOthersGoOn() throws {
        var state = state(partitions: 2)
        for partition in [-1, 2, .max] as [Int32] {
            #expect(
                throws: ClientError.noSuchPartition(
                    topic: topic, partition: partition, partitionCount: 2)
            ) { try state.append(Record(value: []), now: now, partition: partition) }
        }
        try state.append(Record(value: []), now: now, partition: 1)
        try state.sealAll()
        #expect(state.takeSealed().map(\.message.partition) == [1])
    }

    @Test func aRefusedBatchStopsTheProducer() throws {
        var state = state()
        try state.append(Record(value: [1]), now: now)
        try state.settle()
        _ = state.takeSealed()
        var refusal = ack(0, at: 0)
        refusal.error = Status(.failedPrecondition, "the disk is full").wire
        #expect(try state.acknowledged(refusal) == nil)
        let error = ClientError.refused(
            code: .failedPrecondition, message: "the disk is full", details: [:])
        #expect(state.failure == error)
        #expect(throws: error) { try state.append(Record(value: [1]), now: now) }
    }

    @Test func acknowledgementsThatMakeNoSenseAreRefused() throws {
        var state = state()
        #expect(throws: ClientError.self) { try state.acknowledged(ack(0, at: 0)) }
        try state.append(Record(value: [1]), now: now)
        try state.sealAll()
        _ = state.takeSealed()
        #expect(throws: ClientError.self) { try state.acknowledged(ack(1, at: 0)) }
        #expect(throws: ClientError.self) { try state.acknowledged(ack(0, at: -1)) }
        try state.append(Record(value: [1]), now: now)
        try state.sealAll()
        _ = state.takeSealed()
        #expect(throws: ClientError.self) { try state.acknowledged(ack(1, at: .max)) }
    }
}
