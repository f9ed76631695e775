internal import MillraceBytes
public import MillraceClientCore
public import MillraceModel
internal import MillraceNativeProtocol
internal import Synchronization

/// Sends records to one topic as batches, many of them under way at a time. Who sends is held back
/// while more than `ProducerOptions.inFlightBytesMax` is not acknowledged. Several tasks may send;
/// the records of one keep their order.
///
/// After a refusal nothing more is taken: what came behind the refused batch would be out of order.
/// What was acknowledged before stays acknowledged.
public final class Producer: Sendable {
    public let topic: TopicDescription
    private let call: ProduceCall
    /// Keeps the connection open.
    private let client: MillraceClient
    private let stream: StreamID

    init(_ client: MillraceClient, topic: TopicDescription, options: ProducerOptions)
        throws(ClientError)
    {
        guard !topic.partitions.isEmpty else {
            throw .illegalAnswer("topic \(topic.name) has no partitions")
        }
        let connection = client.connection
        self.client = client
        self.topic = topic
        call = ProduceCall(connection, topic: topic, options: options)
        var request = WireProduceOpen()
        request.topic = topic.name.string
        stream = try connection.call(.produce, request, call)
        call.open(stream)
    }

    deinit { client.connection.cancel(stream) }

    /// Takes records, and waits while too much is under way. Records without a time get `now`.
    /// - Parameter partition: nil for the key's partition, or one after the other without a key.
    public func send(
        _ records: some Sequence<Record>, partition: Int32? = nil, now: Timestamp
    ) async throws(ClientError) {
        for record in records {
            try call.append { sink throws(ClientError) in
                sink.now = now
                try sink.append(record, partition: partition)
            }
            if !call.hasRoom { try await waitForRoom() }
        }
        try call.settle()
    }

    /// Takes as many records as `fill` appends to the sink, in one go, and waits while too much is
    /// under way. This is the quick way for bytes that lie somewhere already: hand over some
    /// hundred kilobytes at a time. Throws what `fill` throws; what it appended before is sent all
    /// the same.
    ///
    /// `fill` runs under the producer's lock and must not use the producer.
    /// - Parameter time: of the records that bring none.
    public func send(
        at time: Timestamp, _ fill: (inout RecordSink) throws(ClientError) -> Void
    ) async throws(ClientError) {
        try call.append { sink throws(ClientError) in
            sink.now = time
            try fill(&sink)
            try sink.core.settle()
        }
        if !call.hasRoom { try await waitForRoom() }
    }

    private func waitForRoom() async throws(ClientError) {
        try await call.wait { $0.hasRoom }
    }

    /// Sends what has gathered and waits until all of it is acknowledged.
    /// - Returns: what was acknowledged in each partition since the last flush.
    @discardableResult
    public func flush() async throws(ClientError) -> [ProduceReceipt] {
        let count = try call.sealAll()
        try await call.wait { $0.acknowledgedCount >= count }
        return try call.takeReceipts()
    }

    /// Flushes and ends the call; `send` throws `closed` from then on.
    @discardableResult
    public func close() async throws(ClientError) -> [ProduceReceipt] {
        let receipts = try await flush()
        call.close()
        client.connection.halfClose(stream)
        return receipts
    }
}

extension MillraceClient {
    /// A producer for a topic that exists.
    public func producer(
        topic: String, options: ProducerOptions = ProducerOptions()
    ) async throws(ClientError) -> Producer {
        try Producer(self, topic: try await describeTopic(topic), options: options)
    }
}

/// The core's account of a produce call, behind a lock: the sender fills it, the event loop takes
/// acknowledgements.
private final class ProduceCall: CallHandler {
    private struct State: ~Copyable {
        var sink: RecordSink
        var stream: StreamID?
    }

    private let state: Mutex<State>
    private let connection: ClientConnection
    private let wakeup: Wakeup

    init(_ connection: ClientConnection, topic: TopicDescription, options: ProducerOptions) {
        self.connection = connection
        wakeup = Wakeup(on: connection.loop)
        state = Mutex(
            State(
                sink: RecordSink(
                    ProduceStreamState(
                        topic: topic.name, partitionCount: Int32(topic.partitions.count),
                        messageBytesMax: topic.config.settings().messageBytesMax, options: options))))
    }

    func open(_ stream: StreamID) { state.withLock { $0.stream = stream } }

    /// Changes the core, and sends what it has sealed, in this order whoever else does.
    func append(
        _ body: (inout RecordSink) throws(ClientError) -> Void
    ) throws(ClientError) {
        let result = state.withLock { state -> Result<Void, ClientError> in
            do throws(ClientError) {
                try body(&state.sink)
                send(&state)
                return .success(())
            } catch {
                send(&state)
                return .failure(error)
            }
        }
        try result.get()
    }

    private func send(_ state: inout State) {
        guard let stream = state.stream else { return }
        connection.send(state.sink.core.takeSealed(), on: stream)
    }

    func settle() throws(ClientError) {
        try append { sink throws(ClientError) in try sink.core.settle() }
    }

    /// Returns how many batches there are now, acknowledged or not.
    func sealAll() throws(ClientError) -> UInt64 {
        try append { sink throws(ClientError) in try sink.core.sealAll() }
        return state.withLock { $0.sink.core.sealedCount }
    }

    /// Refuses what comes after.
    func close() { state.withLock { $0.sink.core.ended(.closed) } }

    var hasRoom: Bool { state.withLock { $0.sink.core.hasRoom } }

    func takeReceipts() throws(ClientError) -> [ProduceReceipt] {
        let (receipts, failure) = state.withLock {
            ($0.sink.core.takeReceipts(), $0.sink.core.failure)
        }
        if let failure { throw failure }
        return receipts
    }

    /// Waits until the core is as wanted, as long as the broker goes on acknowledging.
    func wait(until isWanted: (borrowing ProduceStreamState) -> Bool) async throws(ClientError) {
        while true {
            let mark = wakeup.mark
            let (failure, isDue) = state.withLock { ($0.sink.core.failure, isWanted($0.sink.core)) }
            if let failure { throw failure }
            if isDue { return }
            if Task.isCancelled { throw .closed }
            guard await wakeup.wait(since: mark, connection.timeout) else {
                throw .noAnswer(address: connection.address, timeout: connection.timeout)
            }
        }
    }

    func received(body: ByteSlice, attachment: ByteSlice) {
        try? append { sink throws(ClientError) in
            do throws(ClientError) {
                _ = try sink.core.acknowledged(try body.decodeAnswer(WireProduceAck.self))
            } catch {
                sink.core.ended(error)
            }
        }
        wakeup.signal()
    }

    func ended(_ error: ClientError?) {
        state.withLock { state in
            if let error { state.sink.core.ended(error) } else if !state.sink.core.isIdle {
                state.sink.core.ended(.illegalAnswer("a produce call ended before its last batch"))
            }
        }
        wakeup.signal()
    }
}
