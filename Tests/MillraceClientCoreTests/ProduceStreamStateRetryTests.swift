import MillraceClientCore
import MillraceModel
import MillraceNativeProtocol
import MillraceRecords
import Testing

/// An idempotent producer over one call after another.
@Suite struct ProduceStreamStateRetryTests {
    private let now = Timestamp(milliseconds: 1_700_000_000_000)
    private let lost = ClientError.connectionLost(address: "a", reason: "b")

    private func state(
        partitions: Int32 = 1, isIdempotent: Bool = true, options: ProducerOptions = ProducerOptions()
    ) -> ProduceStreamState {
        ProduceStreamState(
            topic: topic, partitionCount: partitions, messageBytesMax: 1_048_588, options: options,
            identity: isIdempotent
                ? ProducerIdentity(id: ProducerID(7), epoch: ProducerEpoch(1)) : nil)
    }

    private func ack(_ tag: UInt64, at offset: Int64 = 0, _ error: Status? = nil) -> WireProduceAck {
        var ack = WireProduceAck()
        ack.sequenceTag = tag
        ack.baseOffset = offset
        ack.durability = .durable
        if let error { ack.error = error.wire }
        return ack
    }

    private func seal(_ state: inout ProduceStreamState, records: Int = 1, partition: Int32 = 0) throws {
        for _ in 0..<records { try state.append(Record(value: [1]), now: now, partition: partition) }
        try state.sealAll()
    }

    private func header(_ batch: SealedBatch) throws -> RecordBatchHeader {
        try batch.bytes.withUnsafeBytes { bytes in
            try RecordBatch.validateProduced(bytes, limit: bytes.count)
        }
    }

    @Test func batchesAreNumberedInEachPartition() throws {
        var state = state(partitions: 2)
        try seal(&state, records: 3)
        try seal(&state, records: 2, partition: 1)
        try seal(&state)
        let headers = try state.takeSealed().map(header)
        #expect(headers.map(\.baseSequence) == [0, 0, 3])
        #expect(headers.allSatisfy { $0.producerID == ProducerID(7) })
        #expect(headers.allSatisfy { $0.producerEpoch == ProducerEpoch(1) })
    }

    @Test func withoutAnIdentityBatchesHaveNoNumbers() throws {
        var state = state(isIdempotent: false)
        try seal(&state)
        #expect(try state.takeSealed().map(header).map(\.producerID) == [.none])
    }

    @Test func fiveBatchesOfAPartitionAreUnderWay() throws {
        var state = state(partitions: 2)
        for _ in 0..<7 { try seal(&state) }
        try seal(&state, partition: 1)
        #expect(state.takeSealed().map(\.message.sequenceTag) == [0, 1, 2, 3, 4, 7])
        #expect(state.takeSealed().isEmpty)
        _ = try state.acknowledged(ack(0))
        #expect(state.takeSealed().map(\.message.sequenceTag) == [5])
        for tag in 1...4 { _ = try state.acknowledged(ack(UInt64(tag))) }
        #expect(state.takeSealed().map(\.message.sequenceTag) == [6])
    }

    @Test func whatIsNotAcknowledgedIsSentAgainAsItWas() throws {
        var state = state(partitions: 2)
        for number in 0..<12 { try seal(&state, partition: Int32(number % 2)) }
        let first = state.takeSealed()
        #expect(first.map(\.message.sequenceTag) == Array(0..<10))
        for tag in 0..<3 { _ = try state.acknowledged(ack(UInt64(tag))) }
        // 10 is of partition 0, of which two are acknowledged, and sent; 11 of partition 1 also.
        #expect(state.takeSealed().map(\.message.sequenceTag) == [10, 11])
        let inFlightBytes = state.inFlightBytes
        #expect(state.callLost(lost) == 9)
        #expect(state.failure == nil)
        #expect(state.inFlightBytes == inFlightBytes)
        let again = state.takeSealed()
        #expect(again.map(\.message.sequenceTag) == Array(3..<12))
        #expect(again.prefix(7).map(\.bytes) == first.suffix(7).map(\.bytes))
        for tag in 3..<12 { _ = try state.acknowledged(ack(UInt64(tag), at: 1)) }
        #expect(state.isIdle)
    }

    @Test func aLossWhileSomeWaitKeepsTheOrderOfEachPartition() throws {
        var state = state()
        for _ in 0..<9 { try seal(&state) }
        #expect(state.takeSealed().count == 5)
        for _ in 0..<3 {
            #expect(state.callLost(lost) == 5)
            #expect(state.takeSealed().map(\.message.sequenceTag) == [0, 1, 2, 3, 4])
        }
        for tag in 0..<9 {
            _ = try state.acknowledged(ack(UInt64(tag)))
            _ = state.takeSealed()
        }
        #expect(state.isIdle)
    }

    @Test func withoutAnIdentityALossFailsWhatIsUnderWay() throws {
        var state = state(isIdempotent: false)
        #expect(state.callLost(lost) == 0)
        #expect(state.failure == nil)
        try seal(&state)
        _ = state.takeSealed()
        #expect(state.callLost(lost) == 0)
        #expect(state.failure == lost)
    }

    @Test func aRepeatThatTheBrokerHasCountsWithoutItsOffset() throws {
        var state = state()
        try seal(&state, records: 2)
        _ = state.takeSealed()
        let duplicate = Status(
            .failedPrecondition, "again", details: ["reason": "duplicate_sequence"])
        let acknowledgement = try state.acknowledged(ack(0, duplicate))
        #expect(acknowledgement?.baseOffset == Offset(-1))
        #expect(state.failure == nil)
        try seal(&state)
        _ = state.takeSealed()
        _ = try state.acknowledged(ack(1, at: 5))
        let receipts = state.takeReceipts()
        #expect(receipts.map(\.recordCount) == [3])
        #expect(receipts.map(\.firstOffset) == [Offset(5)])
    }

    @Test func aGapFailsTheProducer() throws {
        var state = state()
        try seal(&state)
        _ = state.takeSealed()
        let gap = Status(.failedPrecondition, "gap", details: ["reason": "out_of_order_sequence"])
        #expect(try state.acknowledged(ack(0, gap)) == nil)
        #expect(state.failure == ClientError(gap))
    }

    @Test func aBrokerThatStopsInterruptsTheCall() throws {
        var state = state()
        for _ in 0..<2 { try seal(&state) }
        _ = state.takeSealed()
        let stopping = Status(.unavailable, "stopping")
        #expect(try state.acknowledged(ack(0, stopping)) == nil)
        #expect(state.failure == nil)
        let interruption = try #require(state.interruption)
        #expect(state.callLost(interruption) == 2)
        #expect(state.interruption == nil)
        #expect(state.takeSealed().map(\.message.sequenceTag) == [0, 1])
    }

    @Test func aBatchIsTriedForTheDeliveryTimeout() throws {
        var state = state(options: ProducerOptions(deliveryTimeout: .seconds(10)))
        state.time = .seconds(1)
        try seal(&state)
        _ = state.takeSealed()
        state.time = .seconds(10)
        state.expire()
        #expect(state.failure == nil)
        _ = state.callLost(lost)
        state.time = .seconds(11)
        state.expire()
        #expect(state.failure == .deliveryTimedOut(topic: topic, timeout: .seconds(10)))
        #expect(state.takeSealed().isEmpty)
    }

    @Test func recordsLingerUntilTheBatchIsFullOrFlushed() throws {
        var state = state(options: ProducerOptions(batchBytesMax: 200, linger: .seconds(1)))
        try state.append(Record(value: [1]), now: now)
        try state.settle()
        #expect(state.isLingering)
        #expect(state.takeSealed().isEmpty)
        while state.sealedCount == 0 { try state.append(Record(value: [1, 2, 3, 4]), now: now) }
        #expect(state.takeSealed().count == 1)
        #expect(state.isLingering)
        try state.sealAll()
        #expect(!state.isLingering)
    }

    @Test func creditTellsWhatWasWrittenWhereOnlyRefusalsAreAnswered() throws {
        var state = state(
            isIdempotent: false, options: ProducerOptions(acknowledgements: .refusals))
        for _ in 0..<3 { try seal(&state) }
        let batches = state.takeSealed()
        let bytes = batches[0].bytes.count
        try state.granted(bytes + 1)
        #expect(state.acknowledgedCount == 1)
        try state.granted(bytes - 1)
        #expect(state.acknowledgedCount == 2)
        try state.callCompleted()
        #expect(state.isIdle)
        #expect(state.takeReceipts().map(\.recordCount) == [3])
        let refusal = Status(.resourceExhausted, "too large")
        #expect(try state.acknowledged(ack(9, refusal)) == nil)
        #expect(state.failure == ClientError(refusal))
    }

    @Test func aCallThatEndsBeforeItsLastBatchIsAFailure() throws {
        var state = state()
        try seal(&state)
        _ = state.takeSealed()
        #expect(throws: ClientError.self) { try state.callCompleted() }
        #expect(state.failure != nil)
    }
}
