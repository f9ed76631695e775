internal import MillraceBytes
@_exported public import MillraceClientCore
@_exported public import MillraceModel
internal import MillraceNativeProtocol
@_exported public import MillraceRecords
internal import SwiftProtobuf
internal import Synchronization

/// A client of a Millrace broker, over the native protocol.
///
/// Every method may be called from any task. Errors are `ClientError`: they name the thing, the
/// value, the limit and the way out. A call that the broker does not answer within the timeout
/// throws `noAnswer`.
public final class MillraceClient: Sendable {
    let connection: ClientConnection

    private init(_ connection: ClientConnection) { self.connection = connection }

    deinit {
        connection.fail(.closed)
        connection.close()
    }

    /// Connects to a broker.
    /// - Parameter timeout: for the connection, and for each answer after it.
    /// - Throws: `cannotConnect`, `noAnswer`, or `protocolViolation` where something else answers.
    public static func connect(
        host: String = "127.0.0.1", port: Int = 7070, timeout: Duration = .seconds(10)
    ) async throws(ClientError) -> MillraceClient {
        MillraceClient(
            try await ClientConnection.connect(host: host, port: port, timeout: timeout))
    }

    /// The broker's `HOST:PORT`.
    public var address: String { connection.address }

    /// Closes the connection. Calls that are open throw `closed`.
    public func close() async {
        connection.fail(.closed)
        await connection.closeAndWait()
    }

    /// Calls a method that is answered by one message.
    func ask<Response: SwiftProtobuf.Message>(
        _ method: MillraceNativeProtocol.Method, _ request: some SwiftProtobuf.Message,
        _ type: Response.Type
    ) async throws(ClientError) -> Response {
        let call = UnaryCall(connection)
        let stream = try connection.call(method, request, call)
        while true {
            let mark = call.wakeup.mark
            if let answer = call.answer { return try answer.get().decodeAnswer(type) }
            guard await call.wakeup.wait(since: mark, connection.timeout) else {
                connection.cancel(stream)
                throw .noAnswer(address: connection.address, timeout: connection.timeout)
            }
            if Task.isCancelled {
                connection.cancel(stream)
                throw .closed
            }
        }
    }
}

/// A call that is answered by one message.
private final class UnaryCall: CallHandler {
    private struct State {
        var reply = UnaryReply()
        var answer: Result<ByteSlice, ClientError>?
    }

    private let state = Mutex(State())
    let wakeup: Wakeup

    init(_ connection: ClientConnection) { wakeup = Wakeup(on: connection.loop) }

    var answer: Result<ByteSlice, ClientError>? { state.withLock { $0.answer } }

    func received(body: ByteSlice, attachment: ByteSlice) {
        state.withLock { state in
            do throws(ClientError) {
                try state.reply.received(body: body)
            } catch {
                state.answer = .failure(error)
            }
        }
        wakeup.signal()
    }

    func ended(_ error: ClientError?) {
        state.withLock { state in
            guard state.answer == nil else { return }
            do throws(ClientError) {
                if let error { throw error }
                state.answer = .success(try state.reply.ended(.ok))
            } catch {
                state.answer = .failure(error)
            }
        }
        wakeup.signal()
    }
}
