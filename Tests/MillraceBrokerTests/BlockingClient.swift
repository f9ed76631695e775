import MillraceBytes
import MillraceClientCore
import MillraceNativeProtocol
import SwiftProtobuf

/// The client's core over a plain blocking socket: no task, no executor, so that what a test counts
/// is the broker's.
struct BlockingClient: ~Copyable {
    let socket: BlockingSocket
    private var connection = ClientConnectionState()

    init(port: UInt16) throws { try self.init(BlockingSocket(port: port)) }

    init(path: String) throws { try self.init(BlockingSocket(path: path)) }

    private init(_ socket: consuming BlockingSocket) throws {
        self.socket = socket
        guard case .connected = try next() else { throw BlockingSocket.Failure.closed }
    }

    mutating func call(_ method: Method, _ request: some SwiftProtobuf.Message) throws -> StreamID {
        try connection.call(method, request)
    }

    mutating func send(
        _ message: some SwiftProtobuf.Message, attachment: [UInt8], on stream: StreamID
    ) {
        connection.send(message, attachment: attachment, on: stream)
    }

    mutating func halfClose(_ stream: StreamID) { connection.halfClose(stream) }

    mutating func cancel(_ stream: StreamID) { connection.cancel(stream) }

    mutating func grant(_ bytes: UInt32, on stream: StreamID) { connection.grant(bytes, on: stream) }

    /// The next event; sends first what is to be sent.
    mutating func next() throws -> ClientEvent {
        while true {
            if let event = try connection.nextEvent() { return event }
            flush()
            var received: [UInt8] = []
            guard try socket.receive({ received = [UInt8]($0) }) else { throw BlockingSocket.Failure.closed }
            received.withUnsafeBytes { connection.receive($0) }
        }
    }

    mutating func flush() {
        for piece in connection.takeOutput() {
            sendAll(piece.head)
            sendAll(piece.attachment)
        }
    }

    func sendAll(_ bytes: [UInt8]) { socket.sendAll(bytes) }

    /// Calls a unary method and waits for its answer or its status.
    mutating func ask<Response: SwiftProtobuf.Message>(
        _ method: Method, _ request: some SwiftProtobuf.Message, _ type: Response.Type
    ) throws -> Response {
        let stream = try call(method, request)
        var reply = UnaryReply()
        while true {
            switch try next() {
            case .message(stream, let body, _): try reply.received(body: body)
            case .ended(stream, let status): return try reply.ended(status).decodeAnswer(type)
            default: continue
            }
        }
    }
}
