internal import MillraceBytes
internal import MillraceClientCore
internal import MillraceNativeProtocol
internal import NIOCore
internal import NIOPosix
internal import SwiftProtobuf
internal import Synchronization

/// What a call does with what comes for it. Called on the event loop.
protocol CallHandler: AnyObject, Sendable {
    func received(body: ByteSlice, attachment: ByteSlice)
    /// The call is over: nil where it went well. Called once.
    func ended(_ error: ClientError?)
}

/// One connection to a broker: the client's core behind a lock, and a socket of SwiftNIO's around
/// it.
///
/// Callers on any thread open calls and send on them; what they write reaches the socket in the
/// order of the lock.
final class ClientConnection: Sendable {
    private struct State: ~Copyable {
        var core = ClientConnectionState()
        var handlers: [StreamID: any CallHandler] = [:]
        var failure: ClientError?
        /// Why the broker said that it will close.
        var farewell: String?
        /// How many looks of `checkLife` in a row have found nothing received.
        var silentCount = 0
    }

    private let state = Mutex(State())
    private let channel: any Channel
    let address: String
    let timeout: Duration
    private let opened: Wakeup

    var loop: any EventLoop { channel.eventLoop }

    private init(channel: any Channel, address: String, timeout: Duration) {
        self.channel = channel
        self.address = address
        self.timeout = timeout
        opened = Wakeup(on: channel.eventLoop)
    }

    static func connect(
        host: String, port: Int, timeout: Duration
    ) async throws(ClientError) -> ClientConnection {
        let address = host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)"
        let channel: any Channel
        do {
            channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
                .connectTimeout(TimeAmount(timeout))
                .channelOption(.tcpOption(.tcp_nodelay), value: 1)
                .channelOption(
                    .recvAllocator,
                    value: FixedSizeRecvByteBufferAllocator(capacity: 256 << 10))
                .channelOption(.autoRead, value: false)
                .connect(host: host, port: port).get()
        } catch {
            guard !SystemReason.isTimeout(error) else {
                throw .noAnswer(address: address, timeout: timeout)
            }
            throw .cannotConnect(address: address, reason: SystemReason.text(error))
        }
        let connection = ClientConnection(channel: channel, address: address, timeout: timeout)
        do {
            try await channel.pipeline.addHandler(SocketHandler(connection)).get()
            try await channel.setOption(.autoRead, value: true).get()
        } catch {
            throw .connectionLost(address: address, reason: SystemReason.text(error))
        }
        connection.flush()
        try await connection.waitUntilOpen()
        connection.watch()
        return connection
    }

    private func waitUntilOpen() async throws(ClientError) {
        guard await opened.wait(since: 0, timeout) else {
            close()
            throw .noAnswer(address: address, timeout: timeout)
        }
        if let failure = state.withLock({ $0.failure }) { throw failure }
    }

    // MARK: Calls

    func call(
        _ method: MillraceNativeProtocol.Method, _ request: some SwiftProtobuf.Message,
        _ handler: any CallHandler
    ) throws(ClientError) -> StreamID {
        let result = state.withLock { state -> Result<StreamID, ClientError> in
            if let failure = state.failure { return .failure(failure) }
            do throws(ClientError) {
                let stream = try state.core.call(method, request)
                state.handlers[stream] = handler
                write(&state.core)
                return .success(stream)
            } catch {
                return .failure(error)
            }
        }
        return try result.get()
    }

    /// Sends messages with their attachments on an open stream.
    func send(_ batches: [SealedBatch], on stream: StreamID) {
        guard !batches.isEmpty else { return }
        state.withLock { state in
            for batch in batches {
                state.core.send(batch.message, attachment: batch.bytes, on: stream)
            }
            write(&state.core)
        }
    }

    func grant(_ bytes: UInt32, on stream: StreamID) {
        state.withLock { state in
            state.core.grant(bytes, on: stream)
            write(&state.core)
        }
    }

    func halfClose(_ stream: StreamID) {
        state.withLock { state in
            state.core.halfClose(stream)
            write(&state.core)
        }
    }

    func cancel(_ stream: StreamID) {
        state.withLock { state in
            state.handlers[stream] = nil
            state.core.cancel(stream)
            write(&state.core)
        }
    }

    func close() { channel.close(promise: nil) }

    /// Waits until the connection is closed.
    func closeAndWait() async { try? await channel.close().get() }

    // MARK: The socket

    private func flush() { state.withLock { write(&$0.core) } }

    /// Hands what is to be sent to the event loop; within the lock, so that it keeps its order, and always as a task
    /// of the loop: what is written by the loop itself would overtake what others have handed to it before.
    private func write(_ core: inout ClientConnectionState) {
        let pieces = core.takeOutput()
        guard !pieces.isEmpty else { return }
        channel.eventLoop.execute { [channel] in
            for piece in pieces {
                channel.write(ByteBuffer(bytes: piece.head), promise: nil)
                if !piece.attachment.isEmpty {
                    channel.write(ByteBuffer(bytes: piece.attachment), promise: nil)
                }
            }
            channel.flush()
        }
    }

    fileprivate func received(_ buffer: ByteBuffer) {
        state.withLock { state in
            state.silentCount = 0
            buffer.withUnsafeReadableBytes { state.core.receive($0) }
        }
        while true {
            let next = state.withLock { state -> Result<ClientEvent?, FrameError> in
                do throws(FrameError) {
                    return .success(try state.core.nextEvent())
                } catch {
                    return .failure(error)
                }
            }
            switch next {
            case .success(nil):
                // An answer to a PING may be waiting.
                return flush()
            case .success(let event?): handle(event)
            case .failure(let error):
                fail(ClientError(error))
                return close()
            }
        }
    }

    private func handle(_ event: ClientEvent) {
        switch event {
        case .connected: opened.signal()
        case .message(let stream, let body, let attachment):
            state.withLock { $0.handlers[stream] }?.received(body: body, attachment: attachment)
        case .ended(let stream, let status):
            state.withLock { $0.handlers.removeValue(forKey: stream) }?
                .ended(ClientError(status))
        case .goAway(let status):
            let reason = status.message.isEmpty ? "\(status.code)" : status.message
            state.withLock { $0.farewell = reason }
        }
    }

    fileprivate func lost(_ reason: String) {
        let farewell = state.withLock { $0.farewell }
        fail(.connectionLost(address: address, reason: farewell ?? reason))
    }

    /// Ends every call with the error, and refuses new ones.
    func fail(_ error: ClientError) {
        let handlers = state.withLock { state -> [any CallHandler] in
            if state.failure == nil { state.failure = error }
            defer { state.handlers = [:] }
            return state.handlers.sorted { $0.key < $1.key }.map(\.value)
        }
        for handler in handlers { handler.ended(error) }
        opened.signal()
    }
}

extension ClientConnection {
    private static let looksPerTimeout = 4

    /// A broker whose machine has gone says nothing, not even goodbye: looks now and then whether
    /// it lives.
    private func watch() {
        let pause = TimeAmount.nanoseconds(
            max(TimeAmount(timeout).nanoseconds / Int64(Self.looksPerTimeout), 1_000_000))
        loop.scheduleRepeatedTask(initialDelay: pause, delay: pause) { [weak self] task in
            if self?.checkLife() != true { task.cancel() }
        }
    }

    /// When calls are open and nothing has come for one timeout, asks for a sign of life, and gives
    /// it another.
    /// - Returns: whether to look again.
    private func checkLife() -> Bool {
        let isAlive = state.withLock { state in
            guard state.failure == nil else { return false }
            state.silentCount = state.handlers.isEmpty ? 0 : state.silentCount + 1
            if state.silentCount == Self.looksPerTimeout {
                state.core.ping()
                write(&state.core)
            }
            return state.silentCount < 2 * Self.looksPerTimeout
        }
        if !isAlive {
            fail(.noAnswer(address: address, timeout: timeout))
            close()
        }
        return isAlive
    }
}

/// Brings the socket's bytes and its end to the connection.
private final class SocketHandler: ChannelInboundHandler, Sendable {
    typealias InboundIn = ByteBuffer

    private let connection: ClientConnection

    init(_ connection: ClientConnection) { self.connection = connection }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        connection.received(unwrapInboundIn(data))
    }

    func channelInactive(context: ChannelHandlerContext) {
        connection.lost("the broker closed it")
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        connection.lost(SystemReason.text(error))
        context.close(promise: nil)
    }
}
