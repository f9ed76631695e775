internal import MillraceBytes
internal import MillraceClientCore
internal import MillraceModel
internal import MillraceNativeProtocol
internal import MillraceRecords
internal import SwiftProtobuf

/// What the client does with a broker's bytes: the state of the connection with a call of each form open, the answers
/// of each, and the batches of the subscription.
struct ClientSide: ~Copyable {
    private let delivery: Delivery
    private var connection = ClientConnectionState(bufferBytes: 1024)
    private var subscription = SubscribeStreamState(
        topic: topic, partition: 0, from: .beginning, follow: true, windowBytes: 1 << 20)
    private var reader: RunReader?
    private var unary = UnaryReply()

    private static let topic: TopicName = {
        do throws(TopicNameError) { return try TopicName("orders") } catch { preconditionFailure("\(error)") }
    }()

    /// The streams of the calls, as the corpus answers them.
    static let unaryStream = StreamID(1)
    static let produceStream = StreamID(3)
    static let subscribeStream = StreamID(5)
    static let groupStream = StreamID(7)

    static func take(_ bytes: UnsafeRawBufferPointer, _ delivery: Delivery) {
        var side = ClientSide(delivery: delivery)
        side.openCalls()
        delivery.pieces(of: bytes) { side.receive($0) }
        let output = side.connection.takeOutput().reduce(0) { $0 + $1.count }
        precondition(output >= Preface.size, "a client that does not even send its preface")
    }

    private init(delivery: Delivery) { self.delivery = delivery }

    private mutating func openCalls() {
        var describe = WireDescribeTopicRequest()
        describe.name = "orders"
        var produce = WireProduceOpen()
        produce.topic = "orders"
        var join = WireJoinGroupRequest()
        join.group = "packers"
        do throws(ClientError) {
            let streams = [
                try connection.call(.describeTopic, describe), try connection.call(.produce, produce),
                try connection.call(.subscribe, subscription.request),
                try connection.call(.joinGroup, join),
            ]
            precondition(
                streams
                    == [Self.unaryStream, Self.produceStream, Self.subscribeStream, Self.groupStream])
        } catch {
            preconditionFailure("\(error)")
        }
        // More than the credit of a call: some wait for CREDIT.
        for _ in 0..<3 {
            connection.send(WireProduceBatch(), attachment: Self.largeAttachment, on: Self.produceStream)
        }
    }

    private static let largeAttachment = [UInt8](repeating: 7, count: 3 << 20)

    private mutating func receive(_ bytes: UnsafeRawBufferPointer) -> Bool {
        connection.receive(bytes)
        do {
            while let event = try connection.nextEvent() {
                switch event {
                case .message(let stream, let body, let attachment):
                    try message(on: stream, body: body, attachment: attachment)
                case .ended(let stream, let status):
                    if stream == Self.subscribeStream { subscription.ended(ClientError(status)) }
                    if stream == Self.unaryStream {
                        _ = try unary.ended(status).decodeAnswer(WireTopicDescription.self)
                    }
                default:
                    break
                }
            }
            return true
        } catch {
            precondition(!"\(error)".isEmpty, "an error without words")
            return false
        }
    }

    private mutating func message(
        on stream: StreamID, body: ByteSlice, attachment: ByteSlice
    ) throws {
        switch stream {
        case Self.unaryStream: try unary.received(body: body)
        case Self.produceStream: _ = try body.decodeAnswer(WireProduceAck.self)
        case Self.groupStream: _ = try body.decodeAnswer(WireGroupEvent.self)
        default:
            let run = delivery.repairsChecksums
                ? Batch.repaired(attachment).withUnsafeBytes { ByteSlice(copying: $0) } : attachment
            try subscription.received(body: body, attachment: run)
            try readRuns()
        }
    }

    private mutating func readRuns() throws {
        guard let start = subscription.startOffset else { return }
        var reader =
            reader
            ?? RunReader(topic: Self.topic, partition: 0, startOffset: start, batchBytesMax: 1 << 20)
        while case .run(let run) = try subscription.next() {
            reader.take(run)
            while let batch = try reader.next() {
                var last = start
                try batch.forEachRecord { record in
                    precondition(record.offset >= last, "records of a batch go back")
                    last = record.offset
                    try record.forEachHeader { _, _ in }
                }
                precondition(batch.nextOffset == reader.nextOffset, "the reader lost its place")
            }
            if let grant = subscription.consumed(run.bytes.count) {
                connection.grant(grant, on: Self.subscribeStream)
            }
        }
        self.reader = reader
    }
}

extension Batch {
    static func repaired(_ slice: ByteSlice) -> [UInt8] { slice.withBytes { repaired($0) } }
}
