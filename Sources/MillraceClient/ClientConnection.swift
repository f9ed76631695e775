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
    /// The broker has consumed so many bytes of what was sent.
    func granted(_ bytes: UInt32)
    /// The call is over: nil where it went well. Called once.
    func ended(_ error: ClientError?)
}

extension CallHandler {
    func granted(_ bytes: UInt32) {}
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
        /// Whether the event loop is about to take the output.
        var isWriting = false
        /// Whether the broker has heard the client's name.
        var isNamed = false
        /// How many looks of `checkLife` in a row have found nothing received.
        var silentCount = 0
    }

    private let state = Mutex(State())
    fileprivate let channel: any Channel
    let address: String
    let timeout: Duration
    private let clientID: String
    private let opened: Wakeup

    var loop: any EventLoop { channel.eventLoop }

    /// Whether new calls may succeed.
    var isUsable: Bool { state.withLock { $0.failure == nil && $0.farewell == nil } }

    private init(channel: any Channel, address: String, _ options: ConnectionOptions) {
        self.channel = channel
        self.address = address
        timeout = options.timeout
        clientID = options.clientID
        opened = Wakeup(on: channel.eventLoop)
    }

    static func connect(
        to broker: BrokerAddress, _ options: ConnectionOptions
    ) async throws(ClientError) -> ClientConnection {
        let address = broker.description
        let timeout = options.timeout
        let made = Candidates()
        let channel: any Channel
        do {
            // All that happens before the connection is open happens on its event loop: a program whose own tasks wait
            // for a thread meanwhile does not look dead to the broker.
            let bootstrap = ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
                .connectTimeout(TimeAmount(timeout))
                .channelOption(
                    .recvAllocator,
                    value: FixedSizeRecvByteBufferAllocator(capacity: 256 << 10))
                .channelInitializer { channel in
                    let connection = ClientConnection(channel: channel, address: address, options)
                    made.add(connection)
                    return channel.pipeline.addHandler(SocketHandler(connection))
                }
            switch broker {
            case .tcp(let host, let port):
                channel = try await bootstrap.channelOption(.tcpOption(.tcp_nodelay), value: 1)
                    .connect(host: host, port: port).get()
            case .unix(let path):
                channel = try await bootstrap.connect(unixDomainSocketPath: path).get()
            }
        } catch {
            guard !SystemReason.isTimeout(error) else {
                throw .noAnswer(address: address, timeout: timeout)
            }
            throw .cannotConnect(address: address, reason: SystemReason.text(error))
        }
        let connection = made.connection(over: channel)
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
                let stream = try state.core.call(method, request, options: introduction(&state))
                state.handlers[stream] = handler
                write(&state)
                return .success(stream)
            } catch {
                return .failure(error)
            }
        }
        return try result.get()
    }

    /// The first call of a connection names the client.
    private func introduction(_ state: inout State) -> WireCallOptions? {
        guard !state.isNamed, !clientID.isEmpty else { return nil }
        state.isNamed = true
        var options = WireCallOptions()
        options.metadata = ["client-id": clientID]
        return options
    }

    /// Sends a message on an open stream.
    func send(_ message: some SwiftProtobuf.Message, on stream: StreamID) {
        state.withLock { state in
            state.core.send(message, on: stream)
            write(&state)
        }
    }

    /// Sends batches on an open stream.
    func send(_ batches: [SealedBatch], on stream: StreamID) {
        guard !batches.isEmpty else { return }
        state.withLock { state in
            for batch in batches {
                state.core.send(batch.message, attachment: batch.bytes, on: stream)
            }
            write(&state)
        }
    }

    func grant(_ bytes: UInt32, on stream: StreamID) {
        state.withLock { state in
            state.core.grant(bytes, on: stream)
            write(&state)
        }
    }

    func halfClose(_ stream: StreamID) {
        state.withLock { state in
            state.core.halfClose(stream)
            write(&state)
        }
    }

    func cancel(_ stream: StreamID) {
        state.withLock { state in
            state.handlers[stream] = nil
            state.core.cancel(stream)
            write(&state)
        }
    }

    func close() { channel.close(promise: nil) }

    /// Waits until the connection is closed.
    func closeAndWait() async { try? await channel.close().get() }

    // MARK: The socket

    fileprivate func flush() { state.withLock { write(&$0) } }

    /// Has the event loop write what is to be sent. Nothing is written at once, not even on the event loop: it would
    /// overtake what other threads have handed over, and a socket that breaks under it would call back in here.
    private func write(_ state: inout State) {
        guard !state.isWriting else { return }
        state.isWriting = true
        loop.execute { self.writeOutput() }
    }

    private func writeOutput() {
        let pieces = state.withLock { state in
            state.isWriting = false
            return state.core.takeOutput()
        }
        guard !pieces.isEmpty else { return }
        for piece in pieces {
            channel.write(ByteBuffer(bytes: piece.head), promise: nil)
            if !piece.attachment.isEmpty {
                channel.write(ByteBuffer(bytes: piece.attachment), promise: nil)
            }
        }
        channel.flush()
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
                // An answer to a PING may be waiting, or what a CREDIT has let go.
                return writeOutput()
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
        case .granted(let stream, let bytes): state.withLock { $0.handlers[stream] }?.granted(bytes)
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
                write(&state)
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

/// The connections tried at the same time, one for each address that a name stands for.
private final class Candidates: Sendable {
    private let connections = Mutex<[ClientConnection]>([])

    func add(_ connection: ClientConnection) { connections.withLock { $0.append(connection) } }

    func connection(over channel: any Channel) -> ClientConnection {
        let found = connections.withLock { $0.first { $0.channel === channel } }
        guard let found else { preconditionFailure("a channel that has not been initialised") }
        return found
    }
}

/// Brings the socket's bytes and its end to the connection.
private final class SocketHandler: ChannelInboundHandler, Sendable {
    typealias InboundIn = ByteBuffer

    private let connection: ClientConnection

    init(_ connection: ClientConnection) { self.connection = connection }

    func channelActive(context: ChannelHandlerContext) {
        // To a port of the range that clients' ports are of, with nobody there, TCP may connect a socket with itself
        // (simultaneous open, RFC 9293 3.5); it would even keep the broker from its port.
        guard let local = context.localAddress, local.port != nil, local == context.remoteAddress else {
            return connection.flush()
        }
        connection.fail(.cannotConnect(address: connection.address, reason: "nobody listens there"))
        context.close(promise: nil)
    }

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
