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
            try call.append { state throws(ClientError) in
                try state.append(record, now: now, partition: partition)
            }
            if !call.hasRoom { try await waitForRoom() }
        }
        try call.settle()
    }

    /// The same for a record whose key and value are borrowed: nothing is copied but into the
    /// batch. Call `settle` when no more come at once.
    public func send(
        key: UnsafeRawBufferPointer?, value: UnsafeRawBufferPointer?, partition: Int32? = nil,
        at time: Timestamp
    ) throws(ClientError) {
        try call.append { state throws(ClientError) in
            try state.append(key: key, value: value, timestamp: time, partition: partition)
        }
    }

    /// Sends what has gathered, if nothing is under way.
    public func settle() throws(ClientError) { try call.settle() }

    /// Waits while too much is under way.
    public func waitForRoom() async throws(ClientError) {
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
    private struct State {
        var core: ProduceStreamState
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
                core: ProduceStreamState(
                    topic: topic.name, partitionCount: Int32(topic.partitions.count),
                    messageBytesMax: topic.config.messageBytesMax, options: options)))
    }

    func open(_ stream: StreamID) { state.withLock { $0.stream = stream } }

    /// Changes the core, and sends what it has sealed, in this order whoever else does.
    func append(
        _ body: (inout ProduceStreamState) throws(ClientError) -> Void
    ) throws(ClientError) {
        let result = state.withLock { state -> Result<Void, ClientError> in
            do throws(ClientError) {
                try body(&state.core)
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
        connection.send(state.core.takeSealed(), on: stream)
    }

    func settle() throws(ClientError) {
        try append { state throws(ClientError) in try state.settle() }
    }

    /// Returns how many batches there are now, acknowledged or not.
    func sealAll() throws(ClientError) -> UInt64 {
        try append { state throws(ClientError) in try state.sealAll() }
        return state.withLock { $0.core.sealedCount }
    }

    /// Refuses what comes after.
    func close() { state.withLock { $0.core.ended(.closed) } }

    var hasRoom: Bool { state.withLock { $0.core.hasRoom } }

    func takeReceipts() throws(ClientError) -> [ProduceReceipt] {
        let (receipts, failure) = state.withLock { ($0.core.takeReceipts(), $0.core.failure) }
        if let failure { throw failure }
        return receipts
    }

    /// Waits until the core is as wanted, as long as the broker goes on acknowledging.
    func wait(until isWanted: (borrowing ProduceStreamState) -> Bool) async throws(ClientError) {
        while true {
            let mark = wakeup.mark
            let (failure, isDue) = state.withLock { ($0.core.failure, isWanted($0.core)) }
            if let failure { throw failure }
            if isDue { return }
            if Task.isCancelled { throw .closed }
            guard await wakeup.wait(since: mark, connection.timeout) else {
                throw .noAnswer(address: connection.address, timeout: connection.timeout)
            }
        }
    }

    func received(body: ByteSlice, attachment: ByteSlice) {
        try? append { state throws(ClientError) in
            do throws(ClientError) {
                _ = try state.acknowledged(try body.decodeAnswer(WireProduceAck.self))
            } catch {
                state.ended(error)
            }
        }
        wakeup.signal()
    }

    func ended(_ error: ClientError?) {
        state.withLock { state in
            if let error { state.core.ended(error) } else if !state.core.isIdle {
                state.core.ended(.illegalAnswer("a produce call ended before its last batch"))
            }
        }
        wakeup.signal()
    }
}
