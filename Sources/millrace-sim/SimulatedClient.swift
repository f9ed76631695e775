import MillraceBytes
import MillraceClientCore
import MillraceNativeProtocol
import MillraceShard
import SwiftProtobuf
import SystemPackage

/// One connection of a simulated client: the client's core over a simulated socket. One task uses
/// it.
final class SimulatedClient: @unchecked Sendable {
    private let socket: Socket
    private var core = ClientConnectionState()
    private let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 64 << 10, alignment: 8)

    private init(_ socket: Socket) { self.socket = socket }

    deinit { buffer.deallocate() }

    static func connect(
        to address: SocketAddress, on shard: Shard
    ) async throws -> SimulatedClient {
        let client = SimulatedClient(try await Socket.connect(to: address, on: shard))
        guard case .connected = try await client.next() else { throw Errno.protocolNotSupported }
        return client
    }

    func call(_ method: MillraceNativeProtocol.Method, _ request: some Message) throws -> StreamID {
        try core.call(method, request)
    }

    func send(_ batch: SealedBatch, on stream: StreamID) {
        core.send(batch.message, attachment: batch.bytes, on: stream)
    }

    func grant(_ bytes: UInt32, on stream: StreamID) { core.grant(bytes, on: stream) }

    /// The next event; sends first what is to be sent.
    func next() async throws -> ClientEvent {
        try await flush()
        while true {
            if let event = try core.nextEvent() { return event }
            try await flush()
            let count = try await socket.receive(into: buffer)
            if count == 0 { throw Errno.connectionReset }
            core.receive(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
        }
    }

    private func flush() async throws {
        for piece in core.takeOutput() {
            try await send(piece.head)
            try await send(piece.attachment)
        }
    }

    private func send(_ bytes: [UInt8]) async throws {
        guard !bytes.isEmpty else { return }
        // The socket reads the bytes while it waits, so they get memory that does not move.
        let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: bytes.count, alignment: 8)
        defer { memory.deallocate() }
        memory.copyBytes(from: bytes)
        try await socket.send(UnsafeRawBufferPointer(memory))
    }

    /// Calls a unary method and waits for its answer or its status.
    func ask<Response: Message>(
        _ method: MillraceNativeProtocol.Method, _ request: some Message, _ type: Response.Type
    ) async throws -> Response {
        let stream = try call(method, request)
        var reply = UnaryReply()
        while true {
            switch try await next() {
            case .message(stream, let body, _): try reply.received(body: body)
            case .ended(stream, let status): return try reply.ended(status).decodeAnswer(type)
            default: continue
            }
        }
    }
}
