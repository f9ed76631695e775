internal import MillraceBytes
public import MillraceClientCore
public import MillraceModel
internal import MillraceNativeProtocol
internal import Synchronization

/// Sends records to one topic as batches, many of them under way at a time. One task sends; it is held back while more than
/// `ProducerOptions.inFlightBytesMax` is not acknowledged.
///
/// After a refusal nothing more is taken: what came behind the refused batch would be out of order. What was acknowledged before
/// stays acknowledged.
public final class Producer: Sendable {
    public let topic: TopicDescription
    private let call: ProduceCall
    private let connection: ClientConnection
    private let stream: StreamID

    init(_ connection: ClientConnection, topic: TopicDescription, options: ProducerOptions)
        throws(ClientError)
    {
        self.connection = connection
        self.topic = topic
        call = ProduceCall(connection, topic: topic, options: options)
        var request = WireProduceOpen()
        request.topic = topic.name.string
        stream = try connection.call(.produce, request, call)
        call.open(stream)
    }

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

    /// The same for a record whose key and value are borrowed: nothing is copied but into the batch. Call `settle` when no
    /// more come at once.
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
        while !call.hasRoom { try await call.waitForAcknowledgement() }
    }

    /// Sends what has gathered and waits until all of it is acknowledged.
    /// - Returns: what was acknowledged in each partition since the last flush.
    public func flush() async throws(ClientError) -> [ProduceReceipt] {
        try call.sealAll()
        while !call.isIdle { try await call.waitForAcknowledgement() }
        return try call.takeReceipts()
    }

    /// Flushes and ends the call.
    public func close() async throws(ClientError) -> [ProduceReceipt] {
        let receipts = try await flush()
        connection.halfClose(stream)
        return receipts
    }
}

extension MillraceClient {
    /// A producer for a topic that exists.
    public func producer(
        topic: String, options: ProducerOptions = ProducerOptions()
    ) async throws(ClientError) -> Producer {
        try Producer(connection, topic: try await describeTopic(topic), options: options)
    }
}

/// The core's account of a produce call, behind a lock: the sender fills it, the event loop takes acknowledgements.
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

    func sealAll() throws(ClientError) {
        try append { state throws(ClientError) in try state.sealAll() }
    }

    var hasRoom: Bool { state.withLock { $0.core.hasRoom } }

    var isIdle: Bool { state.withLock { $0.core.isIdle } }

    func takeReceipts() throws(ClientError) -> [ProduceReceipt] {
        let (receipts, failure) = state.withLock { ($0.core.takeReceipts(), $0.core.failure) }
        if let failure { throw failure }
        return receipts
    }

    /// Waits for a sign of life of the broker.
    func waitForAcknowledgement() async throws(ClientError) {
        if let failure = state.withLock({ $0.core.failure }) { throw failure }
        guard await wakeup.wait(connection.timeout) else {
            throw .noAnswer(address: connection.address, timeout: connection.timeout)
        }
        if Task.isCancelled { throw .closed }
        if let failure = state.withLock({ $0.core.failure }) { throw failure }
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
