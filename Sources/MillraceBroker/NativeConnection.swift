internal import DequeModule
internal import Logging
internal import Millrace
internal import MillraceBytes
internal import MillraceModel
internal import MillraceNativeProtocol
internal import MillraceShard
internal import MillraceStorage
internal import SystemPackage

/// One client of the native protocol.
///
/// A task reads frames and acts on them; a second sends what gathers in the output queue. Each call
/// that waits for something has a task of its own on the connection's shard, and every task ends
/// before the connection does.
actor NativeConnection: BrokerConnection {
    nonisolated let shard: Shard
    nonisolated var unownedExecutor: UnownedSerialExecutor { shard.asUnownedSerialExecutor() }

    let engine: Engine
    nonisolated let socket: Socket
    let output: OutputQueue
    var produces: [StreamID: ProduceStream] = [:]
    var subscriptions: [StreamID: Subscription] = [:]
    /// Unary calls under way.
    var unaries: Set<StreamID> = []
    private var lastStream = StreamID.connection
    /// Tasks of the connection beside the one that reads.
    private var taskCount = 0
    private let taskEnded: Signal
    /// Bytes of batches that are not acknowledged yet.
    var unacknowledgedBytes = 0
    let acknowledged: Signal
    private var isStopping = false

    /// Streams that a connection may have open at once.
    private static let streamsMax = 1000
    /// A client that sends more than this ahead of its acknowledgements waits for them.
    private static let unacknowledgedBytesMax = 64 << 20
    /// A client that does not read its answers is not read from.
    private static let outputBytesMax = 16 << 20

    init(_ socket: Socket, engine: Engine) {
        self.socket = socket
        self.engine = engine
        shard = socket.shard
        output = OutputQueue(socket)
        taskEnded = Signal(on: socket.shard)
        acknowledged = Signal(on: socket.shard)
    }

    func serve() async {
        run { await $0.output.run() }
        do {
            try await read()
        } catch let error as FrameError {
            let status = Status(.invalidArgument, "\(error)")
            output.write { $0.writeGoAway(status) }
        } catch {
            // The peer has gone, or the shard stops: there is nobody to tell.
        }
        for stream in subscriptions.values { stream.cancel() }
        for stream in produces.values { stream.close() }
        do throws(Errno) {
            while taskCount > 1 { try await taskEnded.wait(after: taskEnded.notices) }
            output.close()
            while taskCount > 0 { try await taskEnded.wait(after: taskEnded.notices) }
        } catch {
            // The shard stops and ends the tasks itself.
        }
        socket.shutdown()
    }

    /// Begins no more calls, lets those under way end, and closes.
    func stop() {
        guard !isStopping else { return }
        isStopping = true
        output.write { $0.writeGoAway(Status(.unavailable, "the broker is stopping")) }
        for (id, stream) in subscriptions {
            stream.cancel()
            end(id, Status(.unavailable, "the broker is stopping"))
        }
        subscriptions = [:]
        socket.shutdownReceiving()
    }

    /// A native connection may be idle: a producer keeps it for the next record, and TCP finds out whether the peer
    /// lives.
    func closeIfIdle(for time: Duration) {}

    /// Starts a task that the connection waits for.
    func run(_ body: @escaping @Sendable (isolated NativeConnection) async -> Void) {
        taskCount += 1
        shard.spawn {
            await body(self)
            await self.ended()
        }
    }

    private func ended() {
        taskCount -= 1
        taskEnded.notifyAll()
    }

    // MARK: Reading

    private func read() async throws {
        var input = FrameAssembler()
        while true {
            if let preface = try input.nextPreface() {
                output.write { $0.writePreface() }
                try preface.requireCurrentVersion()
                break
            }
            guard try await receive(into: &input) else { return }
        }
        while true {
            while let frame = try input.next() {
                try handle(frame)
            }
            while unacknowledgedBytes > Self.unacknowledgedBytesMax {
                try await acknowledged.wait(after: acknowledged.notices)
            }
            while output.bytes > Self.outputBytesMax, !output.hasFailed {
                try await output.drained.wait(after: output.drained.notices)
            }
            guard try await receive(into: &input) else { return }
        }
    }

    private func receive(into input: inout FrameAssembler) async throws(Errno) -> Bool {
        let count = try await socket.receive(into: input.writableBytes())
        input.didWrite(count)
        return count > 0
    }

    private func handle(_ frame: Frame) throws(FrameError) {
        let stream = frame.header.stream
        switch frame.header.kind {
        case .call: try call(frame)
        case .message:
            // What comes after the stream has failed crossed the END on its way.
            if let produce = produces[stream] {
                try produce.receive(frame, on: self)
            } else if stream > lastStream {
                throw .unexpectedFrame(kind: .message, stream: stream)
            }
        case .credit: try subscriptions[stream]?.grant(frame.creditBytes())
        case .end: produces[stream]?.close()
        case .cancel: cancel(stream)
        case .ping:
            guard !frame.header.flags.contains(.answer) else { return }
            let payload = frame.pingPayload()
            output.write { $0.writePing(payload, answering: true) }
        case .goAway: throw .unexpectedFrame(kind: .goAway, stream: stream)
        }
    }

    private func call(_ frame: Frame) throws(FrameError) {
        let stream = frame.header.stream
        guard stream > lastStream, stream.isFromClient else {
            throw .unexpectedFrame(kind: .call, stream: stream)
        }
        lastStream = stream
        guard let method = Method(rawValue: frame.header.method) else {
            let number = String(frame.header.method, radix: 16)
            return end(stream, Status(.unimplemented, "there is no method 0x\(number)"))
        }
        guard !isStopping else {
            return end(stream, Status(.unavailable, "the broker is stopping"))
        }
        guard produces.count + subscriptions.count + unaries.count < Self.streamsMax else {
            return end(
                stream,
                Status(
                    .resourceExhausted,
                    "the connection has \(Self.streamsMax) streams open, which is the limit"))
        }
        switch method {
        case .produce: try openProduce(frame)
        case .subscribe: try openSubscription(frame)
        default:
            unaries.insert(stream)
            run { await $0.answer(method, frame) }
        }
    }

    private func cancel(_ stream: StreamID) {
        if let subscription = subscriptions.removeValue(forKey: stream) {
            subscription.cancel()
        } else if let produce = produces.removeValue(forKey: stream) {
            produce.cancel()
        } else if unaries.remove(stream) == nil {
            return
        }
        end(stream, Status(.cancelled, "the client cancelled the call"))
    }

    /// Ends a stream towards the client.
    func end(_ stream: StreamID, _ status: Status) {
        output.write { $0.writeEnd(stream: stream, status: status) }
    }
}
