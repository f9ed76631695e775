import MillraceClientCore
import MillraceModel
import MillraceNativeProtocol
import MillraceShard
import MillraceSimulation

/// What clients do while the broker lives and dies: they produce, follow and read, and come back
/// after each cut. Everything happens on the simulation's thread.
final class SimulatedTraffic: @unchecked Sendable {
    static let partitionCount = 3

    private let simulation: Simulation
    private let shard: Shard
    private let address: SocketAddress
    private let topic: TopicName
    var promises = Promises(partitionCount: partitionCount)
    /// Tells producers and followers to end.
    var isOver = false
    private var valueCount = 0

    init(
        _ simulation: Simulation, on shard: Shard, to address: SocketAddress, topic: TopicName
    ) {
        self.simulation = simulation
        self.shard = shard
        self.address = address
        self.topic = topic
    }

    func createTopic() async throws {
        let client = try await SimulatedClient.connect(to: address, on: shard)
        var request = WireCreateTopicRequest()
        request.name = topic.string
        request.partitions = UInt32(Self.partitionCount)
        var segment = WireConfig()
        segment.key = "segment.bytes"
        segment.value = "1048576"
        request.configs = [segment]
        _ = try await client.ask(.createTopic, request, WireTopicDescription.self)
    }

    /// Waits a little before the next try.
    private func rest() async -> Bool {
        let time = Duration.microseconds(simulation.random.within(500...20_000))
        guard (try? await shard.sleep(for: time)) != nil else { return false }
        return !isOver
    }

    // MARK: Producing

    func produce() async {
        while !isOver {
            do {
                try await produceUntilCut()
            } catch {
                guard await rest() else { return }
            }
        }
    }

    /// A record that was sent and not acknowledged may be there or not; it is never sent again.
    private func produceUntilCut() async throws {
        let client = try await SimulatedClient.connect(to: address, on: shard)
        var open = WireProduceOpen()
        open.topic = topic.string
        let stream = try client.call(.produce, open)
        var options = ProducerOptions()
        options.batchBytesMax = simulation.random.within(1000...200_000)
        var state = ProduceStreamState(
            topic: topic, partitionCount: Int32(Self.partitionCount), messageBytesMax: 1 << 20,
            options: options)
        var sent = [[String]](repeating: [], count: Self.partitionCount)
        while !isOver {
            for _ in 0..<simulation.random.within(1...12) {
                let partition = simulation.random.below(Self.partitionCount)
                let value = nextValue()
                try state.append(
                    Record(value: Array(value.utf8)), now: shard.wallClock,
                    partition: Int32(partition))
                sent[partition].append(value)
            }
            try state.sealAll()
            for batch in state.takeSealed() { client.send(batch, on: stream) }
            let awaited = simulation.random.oneIn(3) ? 0 : simulation.random.within(0...100_000)
            repeat {
                guard try await takeAcknowledgement(client, stream, &state, &sent) else { return }
            } while state.isWaitingForAcknowledgements && state.inFlightBytes > awaited
        }
    }

    /// - Returns: false where the call has ended.
    private func takeAcknowledgement(
        _ client: SimulatedClient, _ stream: StreamID, _ state: inout ProduceStreamState,
        _ sent: inout [[String]]
    ) async throws -> Bool {
        switch try await client.next() {
        case .message(stream, let body, _):
            let answer = try body.decodeAnswer(WireProduceAck.self)
            guard let ack = try state.acknowledged(answer) else {
                throw state.failure ?? .closed
            }
            let partition = Int(ack.partition)
            for (index, value) in sent[partition].prefix(Int(ack.recordCount)).enumerated() {
                promises.acknowledged(value, partition, ack.baseOffset.value + Int64(index))
            }
            sent[partition].removeFirst(Int(ack.recordCount))
            return true
        case .ended(stream, _): return false
        default: return true
        }
    }

    private func nextValue() -> String {
        valueCount += 1
        let count =
            simulation.random.oneIn(40)
            ? simulation.random.within(20_000...180_000) : simulation.random.below(2000)
        return "record \(valueCount) " + String(repeating: "x", count: count)
    }

    // MARK: Reading

    /// Follows a partition from cut to cut, and goes on where it was.
    func follow(_ partition: Int) async {
        var next: Int64 = 0
        while !isOver {
            do {
                try await read(partition, from: next, follows: true) { offset in next = offset + 1 }
            } catch {
                guard await rest() else { return }
            }
        }
    }

    /// Reads all partitions from their beginning to their end, and holds them against what was
    /// promised.
    /// - Throws: where the broker could not be read to the end.
    func readAll() async throws {
        for partition in 0..<Self.partitionCount {
            let before = promises.offsets(of: partition)
            var found = Set<Int64>()
            var end: Int64 = 0
            try await read(partition, from: 0, follows: false) { offset in
                found.insert(offset)
                end = offset + 1
            }
            promises.wasRead(partition, to: end, found: found, promisedBefore: before)
        }
    }

    private func read(
        _ partition: Int, from first: Int64, follows: Bool, _ body: (Int64) -> Void
    ) async throws {
        let client = try await SimulatedClient.connect(to: address, on: shard)
        let window = simulation.random.within(1...400_000)
        var state = SubscribeStreamState(
            topic: topic, partition: Int32(partition), from: .offset(Offset(first)),
            follow: follows, windowBytes: window)
        let stream = try client.call(.subscribe, state.request)
        var reader: RunReader?
        var expected = first
        while true {
            switch try state.next() {
            case .run(let run):
                if reader == nil {
                    reader = RunReader(
                        topic: topic, partition: Int32(partition),
                        startOffset: state.startOffset ?? .zero)
                }
                reader?.take(run)
                while let batch = try reader?.next() {
                    try batch.forEachRecord { record in
                        let offset = record.offset.value
                        if offset != expected {
                            promises.broke("\(partition) goes from \(expected) to \(offset)")
                        }
                        expected = offset + 1
                        let value = String(decoding: record.value ?? [], as: UTF8.self)
                        promises.read(value, partition, offset)
                        body(offset)
                    }
                }
                if let grant = state.consumed(run.bytes.count) { client.grant(grant, on: stream) }
            case .complete: return
            case .wait:
                switch try await client.next() {
                case .message(stream, let body, let attachment):
                    try state.received(body: body, attachment: attachment)
                case .ended(stream, let status): state.ended(ClientError(status))
                default: break
                }
            }
        }
    }
}
