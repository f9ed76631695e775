internal import Logging
internal import MillraceClientCore
internal import NIOCore
internal import NIOPosix
internal import Synchronization

/// The logical connection of a client: one real connection after another.
///
/// Whoever needs the broker asks for the present connection; the first who finds it gone has it made anew, the others
/// wait for the same.
final class BrokerLink: Sendable {
    private struct State {
        var connection: ClientConnection?
        var connectedAt = NIODeadline.now()
        var backoff: Backoff
        var isConnecting = false
        var isClosed = false
        /// How many searches for the broker have ended, and why the last one failed.
        var searchCount: UInt64 = 0
        var failure: ClientError?
    }

    private enum Step {
        case use(ClientConnection)
        case search
        case wait
        case fail(ClientError)
    }

    let address: BrokerAddress
    let options: ConnectionOptions
    let metrics = ClientMetrics()
    /// Timers of this client's calls run here.
    let loop: any EventLoop = MultiThreadedEventLoopGroup.singleton.next()
    private let state: Mutex<State>
    private let changed: Wakeup

    private init(_ address: BrokerAddress, _ options: ConnectionOptions) {
        self.address = address
        self.options = options
        state = Mutex(State(backoff: Backoff(options.reconnect)))
        changed = Wakeup(on: loop)
    }

    /// The first connection: it is made at once or not at all.
    static func open(
        _ address: BrokerAddress, _ options: ConnectionOptions
    ) async throws(ClientError) -> BrokerLink {
        let link = BrokerLink(address, options)
        let connection = try await ClientConnection.connect(to: address, options)
        link.state.withLock { $0.connection = connection }
        return link
    }

    /// The present connection, or a new one.
    /// - Throws: why there is none; `closed` once this client is closed or the task is cancelled.
    func connection() async throws(ClientError) -> ClientConnection {
        var awaited: UInt64?
        while true {
            let mark = changed.mark
            switch step(after: awaited) {
            case .use(let connection): return connection
            case .fail(let error): throw error
            case .search:
                awaited = state.withLock { $0.searchCount }
                Task { await search() }
            case .wait:
                awaited = awaited ?? state.withLock { $0.searchCount }
                _ = await changed.wait(since: mark, nil)
                if Task.isCancelled { throw .closed }
            }
        }
    }

    private func step(after awaited: UInt64?) -> Step {
        state.withLock { state in
            if state.isClosed { return .fail(.closed) }
            if let connection = state.connection,
                connection.isUsable || !options.reconnect.isEnabled
            {
                return .use(connection)
            }
            if state.isConnecting { return .wait }
            if let awaited, awaited < state.searchCount, let failure = state.failure {
                return .fail(failure)
            }
            state.isConnecting = true
            return .search
        }
    }

    /// Tries until there is a connection, or the policy's time is over.
    private func search() async {
        let began = NIODeadline.now()
        state.withLock { state in
            // A broker that takes connections and drops them is not asked without a pause.
            if began - state.connectedAt > TimeAmount(options.reconnect.max) { state.backoff.reset() }
        }
        while true {
            let pause = state.withLock { state in
                var random = SystemRandomNumberGenerator()
                return state.backoff.next(using: &random)
            }
            try? await Task.sleep(for: pause)
            guard !state.withLock({ $0.isClosed }) else { return finish(nil, .closed) }
            do throws(ClientError) {
                let connection = try await ClientConnection.connect(to: address, options)
                metrics.reconnects.increment()
                options.logger.info("connected to \(address) again")
                return finish(connection, nil)
            } catch {
                let elapsed = NIODeadline.now() - began
                guard error.isTransient, elapsed < TimeAmount(options.reconnect.total) else {
                    options.logger.error("\(error)")
                    return finish(nil, error)
                }
                options.logger.debug("\(address) is not there yet: \(error)")
            }
        }
    }

    private func finish(_ connection: ClientConnection?, _ failure: ClientError?) {
        let superfluous = state.withLock { state in
            state.isConnecting = false
            state.searchCount += 1
            state.failure = failure
            guard !state.isClosed else { return connection }
            if let connection {
                state.connection = connection
                state.connectedAt = .now()
            }
            return nil
        }
        superfluous?.close()
        changed.signal()
    }

    /// Ends every call with `closed`, and refuses new ones.
    /// - Returns: the connection that is being closed.
    @discardableResult
    func close() -> ClientConnection? {
        let connection = state.withLock { state in
            state.isClosed = true
            return state.connection
        }
        changed.signal()
        connection?.fail(.closed)
        connection?.close()
        return connection
    }
}
