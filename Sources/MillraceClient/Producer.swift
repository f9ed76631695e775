public import MillraceClientCore
public import MillraceModel
internal import MillraceNativeProtocol
public import ServiceLifecycle

/// Sends records to one topic as batches, many of them under way at a time. Who sends is held back
/// while more than `ProducerOptions.inFlightBytesMax` is not acknowledged. Several tasks may send;
/// the records of one keep their order.
///
/// It outlives its connection: what was not acknowledged is sent again over the next one, in its order, and is written
/// once, since batches are numbered (`ProducerOptions.isIdempotent`). It fails when a batch has been tried for the
/// delivery timeout.
///
/// After a refusal nothing more is taken: what came behind the refused batch would be out of order.
/// What was acknowledged before stays acknowledged.
public final class Producer: Sendable {
    /// The topic as it was when the producer was made.
    public let topic: TopicDescription
    private let call: ProduceCall
    private let driver: Task<Void, Never>
    /// Keeps the connection open.
    private let client: MillraceClient

    fileprivate init(
        _ client: MillraceClient, topic: TopicDescription, options: ProducerOptions,
        identity: ProducerIdentity?
    ) throws(ClientError) {
        guard !topic.partitions.isEmpty else {
            throw .illegalAnswer("topic \(topic.name) has no partitions")
        }
        self.client = client
        self.topic = topic
        let call = ProduceCall(client.link, topic: topic, options: options, identity: identity)
        self.call = call
        call.startTimer()
        driver = Task { await call.run() }
    }

    deinit {
        driver.cancel()
        call.abandon()
    }

    /// Takes records, and waits while too much is under way. Records without a time get `now`.
    /// - Parameters:
    ///   - records: in their order.
    ///   - partition: nil for the key's partition, or one after the other without a key.
    ///   - now: the time of records that bring none.
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
    /// - Parameters:
    ///   - time: of the records that bring none.
    ///   - fill: appends the records.
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
    /// - Throws: why the producer has failed, such as `refused`, `connectionLost` (when it is not idempotent) or
    ///   `deliveryTimedOut`.
    @discardableResult
    public func flush() async throws(ClientError) -> [ProduceReceipt] {
        let count = try call.flush()
        try await call.wait { $0.acknowledgedCount >= count }
        return try call.takeReceipts()
    }

    /// Flushes and ends the call; `send` throws `closed` from then on.
    @discardableResult
    public func close() async throws(ClientError) -> [ProduceReceipt] {
        let receipts = try await flush()
        call.close()
        return receipts
    }
}

extension Producer: Service {
    /// Waits for the graceful shutdown of its service group, and then closes the producer: what has been sent by then
    /// is flushed.
    public func run() async throws {
        try await gracefulShutdown()
        do {
            try await close()
        } catch ClientError.closed {
            // Its user was quicker.
        }
    }
}

extension MillraceClient {
    /// A producer for a topic that exists.
    /// - Throws: `refused` with `notFound` where there is no such topic.
    public func producer(
        topic: String, options: ProducerOptions = ProducerOptions()
    ) async throws(ClientError) -> Producer {
        let description = try await describeTopic(topic)
        var identity: ProducerIdentity?
        if options.needsIdentity {
            identity = try ProducerIdentity(
                try await ask(
                    .initProducer, WireInitProducerRequest(), WireInitProducerResponse.self))
        }
        return try Producer(self, topic: description, options: options, identity: identity)
    }
}
