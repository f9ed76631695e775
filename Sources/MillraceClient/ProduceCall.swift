internal import Logging
internal import MillraceBytes
internal import MillraceClientCore
internal import MillraceModel
internal import MillraceNativeProtocol
internal import NIOCore
internal import Synchronization

/// A producer's core behind a lock, and its produce calls, one after another: the sender fills it, the event loop takes
/// acknowledgements, and `run` opens the next call when one is lost.
final class ProduceCall: Sendable {
    private struct State: ~Copyable {
        var sink: RecordSink
        /// How many calls have been opened. What comes for an older one is not looked at.
        var attempt = 0
        var open: Open?
        /// Whether the call has been half-closed, so that its end tells what was written.
        var isDraining = false
        /// How many batches a flush waits for.
        var flushCount: UInt64 = 0
        var isTimed = false
    }

    private struct Open {
        let connection: ClientConnection
        let stream: StreamID
    }

    private let state: Mutex<State>
    private let link: BrokerLink
    private let options: ProducerOptions
    private let topic: TopicName
    /// For those who wait for acknowledgements.
    private let wakeup: Wakeup
    /// For `run`, which waits for the call's end.
    private let ended: Wakeup

    init(
        _ link: BrokerLink, topic: TopicDescription, options: ProducerOptions,
        identity: ProducerIdentity?
    ) {
        self.link = link
        self.options = options
        self.topic = topic.name
        wakeup = Wakeup(on: link.loop)
        ended = Wakeup(on: link.loop)
        state = Mutex(
            State(
                sink: RecordSink(
                    ProduceStreamState(
                        topic: topic.name, partitionCount: Int32(topic.partitions.count),
                        messageBytesMax: topic.config.settings().messageBytesMax, options: options,
                        identity: identity))))
    }

    // MARK: The sender's side

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
        if state.sink.core.isLingering, !state.isTimed {
            state.isTimed = true
            link.loop.scheduleTask(in: TimeAmount(options.linger)) { [weak self] in self?.lingered() }
        }
        guard let open = state.open else { return }
        open.connection.send(state.sink.core.takeSealed(), on: open.stream)
    }

    private func lingered() {
        state.withLock { $0.isTimed = false }
        // A failure is the core's, and thrown by whoever sends next.
        try? append { sink throws(ClientError) in try sink.core.sealAll() }
    }

    func settle() throws(ClientError) {
        try append { sink throws(ClientError) in try sink.core.settle() }
    }

    /// Seals what has gathered. Where only refusals are answered, the call's end tells the rest.
    /// - Returns: how many batches there are now, acknowledged or not.
    func flush() throws(ClientError) -> UInt64 {
        try append { sink throws(ClientError) in try sink.core.sealAll() }
        return state.withLock { state in
            state.flushCount = state.sink.core.sealedCount
            drain(&state)
            return state.flushCount
        }
    }

    private func drain(_ state: inout State) {
        guard options.acknowledgements == .refusals, let open = state.open,
            state.sink.core.acknowledgedCount < state.flushCount
        else { return }
        state.open = nil
        state.isDraining = true
        open.connection.halfClose(open.stream)
    }

    /// Refuses what comes after.
    func close() {
        state.withLock { state in
            state.sink.core.ended(.closed)
            if let open = state.open { open.connection.halfClose(open.stream) }
            state.open = nil
        }
        ended.signal()
    }

    /// Nobody wants to know any more.
    func abandon() {
        state.withLock { state in
            state.sink.core.ended(.closed)
            if let open = state.open { open.connection.cancel(open.stream) }
            state.open = nil
        }
        ended.signal()
    }

    var hasRoom: Bool { state.withLock { $0.sink.core.hasRoom } }

    func takeReceipts() throws(ClientError) -> [ProduceReceipt] {
        let (receipts, failure) = state.withLock {
            ($0.sink.core.takeReceipts(), $0.sink.core.failure)
        }
        if let failure { throw failure }
        return receipts
    }

    /// Waits until the core is as wanted. The delivery timeout ends the wait at the latest.
    func wait(until isWanted: (borrowing ProduceStreamState) -> Bool) async throws(ClientError) {
        while true {
            let mark = wakeup.mark
            let (failure, isDue) = state.withLock { ($0.sink.core.failure, isWanted($0.sink.core)) }
            if let failure { throw failure }
            if isDue { return }
            if Task.isCancelled { throw .closed }
            _ = await wakeup.wait(since: mark, nil)
        }
    }
}

// MARK: - One call after another

extension ProduceCall {
    private var failure: ClientError? { state.withLock { $0.sink.core.failure } }

    /// Keeps a call open until the producer ends.
    func run() async {
        var backoff = Backoff(link.options.reconnect)
        var acknowledgedCount: UInt64 = 0
        while failure == nil {
            do throws(ClientError) {
                let connection = try await link.connection()
                let number = try open(over: connection)
                await untilEnded(number)
            } catch {
                fail(error)
                return
            }
            guard failure == nil else { return }
            // A call that got on is followed by the next without delay.
            let count = state.withLock { $0.sink.core.acknowledgedCount }
            if count > acknowledgedCount {
                acknowledgedCount = count
                backoff.reset()
            } else {
                var random = SystemRandomNumberGenerator()
                try? await Task.sleep(for: backoff.next(using: &random))
            }
            if Task.isCancelled { return }
        }
    }

    private func open(over connection: ClientConnection) throws(ClientError) -> Int {
        var request = WireProduceOpen()
        request.topic = topic.string
        request.acknowledgements =
            options.acknowledgements == .all ? .all : .refusals
        let result = state.withLock { state -> Result<Int, ClientError> in
            if let failure = state.sink.core.failure { return .failure(failure) }
            state.attempt += 1
            let handler = ProduceHandler(self, state.attempt)
            do throws(ClientError) {
                let stream = try connection.call(.produce, request, handler)
                state.open = Open(connection: connection, stream: stream)
                state.isDraining = false
                send(&state)
                drain(&state)
                return .success(state.attempt)
            } catch {
                return .failure(error)
            }
        }
        return try result.get()
    }

    private func untilEnded(_ number: Int) async {
        while true {
            let mark = ended.mark
            let isOver = state.withLock { state in
                (state.open == nil && !state.isDraining) || state.attempt != number
            }
            if isOver || Task.isCancelled { return }
            _ = await ended.wait(since: mark, nil)
        }
    }

    /// The timer by which batches get old.
    func startTimer() {
        let second = TimeAmount.seconds(1)
        let pause = max(min(second, TimeAmount(options.deliveryTimeout / 4)), .milliseconds(1))
        let began = NIODeadline.now()
        link.loop.scheduleRepeatedTask(initialDelay: pause, delay: pause) { [weak self] task in
            guard let self else { return task.cancel() }
            let age = Duration.nanoseconds((NIODeadline.now() - began).nanoseconds)
            let failure = self.state.withLock { state in
                state.sink.core.time = age
                state.sink.core.expire()
                return state.sink.core.failure
            }
            guard failure != nil else { return }
            task.cancel()
            self.leave()
        }
    }

    private func fail(_ error: ClientError) {
        state.withLock { $0.sink.core.ended(error) }
        wakeup.signal()
    }

    /// Ends the present call, for nothing more is to come of it.
    private func leave() {
        state.withLock { state in
            if let open = state.open { open.connection.cancel(open.stream) }
            state.open = nil
            state.isDraining = false
        }
        wakeup.signal()
        ended.signal()
    }
}

// MARK: - What the broker says

extension ProduceCall {
    fileprivate func received(_ body: ByteSlice, _ number: Int) {
        let isInterrupted = state.withLock { state in
            guard state.attempt == number, state.sink.core.failure == nil else { return false }
            do throws(ClientError) {
                let answer = try body.decodeAnswer(WireProduceAck.self)
                if let ack = try state.sink.core.acknowledged(answer) { count(ack) }
            } catch {
                state.sink.core.ended(error)
            }
            if let interruption = state.sink.core.interruption {
                lost(&state, interruption)
                return true
            }
            send(&state)
            return false
        }
        if isInterrupted { leave() } else { wakeup.signal() }
    }

    private func count(_ ack: ProduceAcknowledgement) {
        link.metrics.recordsProduced.increment(by: Int64(ack.recordCount))
        link.metrics.bytesProduced.increment(by: Int64(ack.sizeInBytes))
    }

    fileprivate func granted(_ bytes: UInt32, _ number: Int) {
        guard options.acknowledgements == .refusals else { return }
        state.withLock { state in
            guard state.attempt == number else { return }
            // A failure is the core's, and thrown by whoever sends next.
            try? state.sink.core.granted(Int(bytes))
            send(&state)
        }
        wakeup.signal()
    }

    fileprivate func ended(_ error: ClientError?, _ number: Int) {
        state.withLock { state in
            guard state.attempt == number else { return }
            state.open = nil
            state.isDraining = false
            if let error, error.isTransient {
                lost(&state, error)
            } else if let error {
                state.sink.core.ended(error)
            } else {
                try? state.sink.core.callCompleted()
            }
        }
        wakeup.signal()
        ended.signal()
    }

    private func lost(_ state: inout State, _ error: ClientError) {
        let count = state.sink.core.callLost(error)
        guard state.sink.core.failure == nil else { return }
        link.metrics.retries.increment(by: count)
        link.options.logger.info(
            "producing to \(topic) goes on over another call, \(count) batches again: \(error)")
    }
}

/// What comes for one produce call.
private final class ProduceHandler: CallHandler {
    private let call: ProduceCall
    private let number: Int

    init(_ call: ProduceCall, _ number: Int) {
        self.call = call
        self.number = number
    }

    func received(body: ByteSlice, attachment: ByteSlice) { call.received(body, number) }

    func granted(_ bytes: UInt32) { call.granted(bytes, number) }

    func ended(_ error: ClientError?) { call.ended(error, number) }
}
