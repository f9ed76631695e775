import Glibc
import MillraceBytes
import MillraceClientCore
import MillraceNativeProtocol
import SwiftProtobuf

/// The client's core over a plain blocking socket: no task, no executor, so that what a test counts
/// is the broker's.
struct BlockingClient: ~Copyable {
    private let socket: Int32
    private var connection = ClientConnectionState()
    private let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 256 << 10, alignment: 8)

    enum Failure: Error { case refused(Int32), closed }

    init(port: UInt16) throws {
        socket = Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = inet_addr("127.0.0.1")
        let result = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(socket, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard result == 0 else { throw Failure.refused(errno) }
        // A broker that says nothing fails the test instead of hanging it.
        var limit = timeval(tv_sec: 20, tv_usec: 0)
        setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
        guard case .connected = try next() else { throw Failure.closed }
    }

    deinit {
        close(socket)
        buffer.deallocate()
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
        flush()
        while true {
            if let event = try connection.nextEvent() { return event }
            let count = recv(socket, buffer.baseAddress, buffer.count, 0)
            guard count > 0 else { throw Failure.closed }
            connection.receive(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
        }
    }

    mutating func flush() {
        for piece in connection.takeOutput() {
            sendAll(piece.head)
            sendAll(piece.attachment)
        }
    }

    func sendAll(_ bytes: [UInt8]) {
        var done = 0
        while done < bytes.count {
            let sent = bytes.withUnsafeBytes {
                Glibc.send(socket, $0.baseAddress! + done, $0.count - done, Int32(MSG_NOSIGNAL))
            }
            guard sent > 0 else { return }
            done += sent
        }
    }

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
