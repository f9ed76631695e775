internal import MillraceBytes
internal import MillraceClientCore
internal import MillraceNativeProtocol
internal import NIOCore
internal import SwiftProtobuf
internal import Synchronization

extension BrokerLink {
    /// Calls a method that is answered by one message; one that changes nothing is called again where its connection
    /// was lost.
    func ask<Response: SwiftProtobuf.Message>(
        _ method: MillraceNativeProtocol.Method, _ request: some SwiftProtobuf.Message,
        _ type: Response.Type
    ) async throws(ClientError) -> Response {
        let giveUp = NIODeadline.now() + TimeAmount(options.reconnect.total)
        var backoff = Backoff(options.reconnect)
        while true {
            let connection = try await connection()
            do throws(ClientError) {
                return try await connection.ask(method, request, type)
            } catch {
                switch error {
                case .connectionLost, .refused(.unavailable, _, _): break
                default: throw error
                }
                guard method.isSafe, NIODeadline.now() < giveUp else { throw error }
            }
            metrics.retries.increment()
            var random = SystemRandomNumberGenerator()
            try? await Task.sleep(for: backoff.next(using: &random))
        }
    }
}

extension MillraceNativeProtocol.Method {
    /// Whether two calls do no more than one. A producer's id that nobody uses is no loss.
    fileprivate var isSafe: Bool {
        switch self {
        case .listTopics, .describeTopic, .findOffsets, .initProducer, .fetchOffsets, .listGroups, .describeGroup,
            .describeBroker, .describeLogDirectory, .health:
            true
        default: false
        }
    }
}

extension ClientConnection {
    fileprivate func ask<Response: SwiftProtobuf.Message>(
        _ method: MillraceNativeProtocol.Method, _ request: some SwiftProtobuf.Message,
        _ type: Response.Type
    ) async throws(ClientError) -> Response {
        let unary = UnaryCall(self)
        let stream = try call(method, request, unary)
        while true {
            let mark = unary.wakeup.mark
            if let answer = unary.answer { return try answer.get().decodeAnswer(type) }
            guard await unary.wakeup.wait(since: mark, timeout) else {
                cancel(stream)
                throw .noAnswer(address: address, timeout: timeout)
            }
            if Task.isCancelled {
                cancel(stream)
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
