internal import MillraceBytes
internal import MillraceClientCore
internal import MillraceModel
internal import MillraceNativeProtocol
internal import Synchronization

/// The core's account of a subscribe call, behind a lock.
final class SubscribeCall: Sendable {
    private let state: Mutex<SubscribeStreamState>
    private let connection: ClientConnection
    private let stream = Mutex<StreamID?>(nil)
    private let wakeup: Wakeup

    /// - Parameter wakeup: is signalled when something comes, where others wait for it, too.
    init(_ connection: ClientConnection, _ state: SubscribeStreamState, wakeup: Wakeup? = nil) {
        self.connection = connection
        self.state = Mutex(state)
        self.wakeup = wakeup ?? Wakeup(on: connection.loop)
    }

    deinit {
        if let stream = stream.withLock({ $0 }) { connection.cancel(stream) }
    }

    func open() throws(ClientError) {
        let request = state.withLock { $0.request }
        let opened = try connection.call(.subscribe, request, SubscribeHandler(self))
        stream.withLock { $0 = opened }
    }

    var mark: UInt64 { wakeup.mark }

    var startOffset: Offset? { state.withLock { $0.startOffset } }

    func next() throws(ClientError) -> SubscribeStreamState.Step {
        let result = state.withLock { state -> Result<SubscribeStreamState.Step, ClientError> in
            do throws(ClientError) {
                return .success(try state.next())
            } catch {
                return .failure(error)
            }
        }
        return try result.get()
    }

    func consumed(_ bytes: Int) {
        guard bytes > 0 else { return }
        let grant = state.withLock { $0.consumed(bytes) }
        if let grant, let stream = stream.withLock({ $0 }) { connection.grant(grant, on: stream) }
    }

    /// A tail may be silent for ever, and the connection asks for a sign of life; everything else
    /// is answered in time.
    func wait(since mark: UInt64, following: Bool) async throws(ClientError) {
        let isOpen = state.withLock { $0.startOffset != nil }
        guard await wakeup.wait(since: mark, following && isOpen ? nil : connection.timeout)
        else {
            throw .noAnswer(address: connection.address, timeout: connection.timeout)
        }
    }

    func received(body: ByteSlice, attachment: ByteSlice) {
        state.withLock { state in
            do throws(ClientError) {
                try state.received(body: body, attachment: attachment)
            } catch {
                state.ended(error)
            }
        }
        wakeup.signal()
    }

    func ended(_ error: ClientError?) {
        stream.withLock { $0 = nil }
        state.withLock { $0.ended(error) }
        wakeup.signal()
    }
}

/// Held by the connection instead of the call, so that a call that nobody iterates any more can
/// end.
private final class SubscribeHandler: CallHandler {
    private weak let call: SubscribeCall?

    init(_ call: SubscribeCall) { self.call = call }

    func received(body: ByteSlice, attachment: ByteSlice) {
        call?.received(body: body, attachment: attachment)
    }

    func ended(_ error: ClientError?) { call?.ended(error) }
}
