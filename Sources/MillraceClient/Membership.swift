internal import Logging
internal import MillraceBytes
internal import MillraceClientCore
internal import MillraceModel
internal import MillraceNativeProtocol
internal import NIOCore
internal import Synchronization

/// A membership's core behind a lock, and its *join group* calls, one after another: a task of its own keeps one open,
/// the event loop sends heartbeats, and the consumer's task takes the events.
final class Membership: Sendable {
    private struct State: ~Copyable {
        var core: GroupMembershipState
        var open: Open?
        var heartbeatCount = 0
    }

    private struct Open {
        let connection: ClientConnection
        let stream: StreamID
    }

    private let link: BrokerLink
    private let group: String
    private let state: Mutex<State>
    /// The consumer's: signalled with every event.
    private let wakeup: Wakeup
    private let ended: Wakeup

    init(
        _ link: BrokerLink, group: String, topics: [TopicName], options: GroupConsumerOptions,
        wakeup: Wakeup
    ) {
        self.link = link
        self.group = group
        self.wakeup = wakeup
        ended = Wakeup(on: link.loop)
        state = Mutex(
            State(core: GroupMembershipState(group: group, topics: topics, options: options)))
    }

    var failure: ClientError? { state.withLock { $0.core.failure } }

    var memberID: String { state.withLock { $0.core.memberID } }

    var generation: Int32 { state.withLock { $0.core.generation } }

    func nextEvent() -> MembershipEvent? { state.withLock { $0.core.nextEvent() } }

    func revoked(call: Int) { send { $0.revoked(call: call) } }

    func change(to topics: [TopicName]) { send { $0.change(to: topics) } }

    private func send(_ command: (inout GroupMembershipState) -> WireGroupCommand?) {
        state.withLock { state in
            guard let command = command(&state.core), let open = state.open else { return }
            open.connection.send(command, on: open.stream)
        }
    }

    /// Commits, and waits for the answer.
    /// - Throws: `connectionLost` or another transient error where it may be tried again over the next call.
    func commit(_ offsets: [CommittedOffset]) async throws(ClientError) {
        let begun = state.withLock { state -> Result<UInt64, ClientError> in
            if let failure = state.core.failure { return .failure(failure) }
            guard let open = state.open, let (tag, command) = state.core.commit(offsets) else {
                return .failure(
                    .connectionLost(
                        address: link.address.description, reason: "group \(group) is being joined again"))
            }
            open.connection.send(command, on: open.stream)
            return .success(tag)
        }
        let tag = try begun.get()
        let giveUp = NIODeadline.now() + TimeAmount(link.options.timeout)
        while true {
            let mark = wakeup.mark
            if let result = state.withLock({ $0.core.takeResult(tag) }) { return try result.get() }
            let rest = giveUp - .now()
            guard rest > .zero, !Task.isCancelled else {
                state.withLock { $0.core.forget(tag) }
                if Task.isCancelled { throw .closed }
                throw .noAnswer(address: link.address.description, timeout: link.options.timeout)
            }
            _ = await wakeup.wait(since: mark, .nanoseconds(rest.nanoseconds))
        }
    }

    /// Ends the call, so that the group goes on without this member, and waits until the broker has heard it, as long
    /// as for any answer.
    func leave() async {
        let isOpen = state.withLock { state in
            state.core.leave()
            guard let open = state.open else { return false }
            open.connection.halfClose(open.stream)
            return true
        }
        ended.signal()
        guard isOpen else { return }
        let giveUp = NIODeadline.now() + TimeAmount(link.options.timeout)
        while true {
            let mark = wakeup.mark
            let rest = giveUp - .now()
            guard state.withLock({ $0.open != nil }), rest > .zero, !Task.isCancelled else { return }
            _ = await wakeup.wait(since: mark, .nanoseconds(rest.nanoseconds))
        }
    }

    /// Leaves without waiting.
    func abandon() {
        state.withLock { state in
            state.core.failed(.closed)
            if let open = state.open { open.connection.cancel(open.stream) }
            state.open = nil
        }
        ended.signal()
    }
}

// MARK: - One call after another

extension Membership {
    /// Keeps a call open until the membership ends.
    func run() async {
        var backoff = Backoff(link.options.reconnect)
        while failure == nil, !Task.isCancelled {
            do throws(ClientError) {
                let connection = try await link.connection()
                do throws(ClientError) {
                    try open(over: connection)
                } catch {
                    // The connection was lost meanwhile, and another is looked for.
                    guard error.isTransient, link.options.reconnect.isEnabled else { throw error }
                }
            } catch {
                state.withLock { $0.core.failed(error) }
                return wakeup.signal()
            }
            let began = NIODeadline.now()
            await untilEnded()
            // A membership that lasted is gone on with at once.
            if NIODeadline.now() - began > TimeAmount(link.options.reconnect.max) { backoff.reset() }
            guard failure == nil else { return }
            var random = SystemRandomNumberGenerator()
            try? await Task.sleep(for: backoff.next(using: &random))
        }
    }

    private func open(over connection: ClientConnection) throws(ClientError) {
        let result = state.withLock { state -> Result<Void, ClientError> in
            if let failure = state.core.failure { return .failure(failure) }
            let request = state.core.request
            let number = state.core.callOpened()
            do throws(ClientError) {
                let stream = try connection.call(
                    .joinGroup, request, MembershipHandler(self, number))
                state.open = Open(connection: connection, stream: stream)
                return .success(())
            } catch {
                _ = state.core.callEnded(error)
                return .failure(error)
            }
        }
        try result.get()
        beat()
    }

    private func untilEnded() async {
        while true {
            let mark = ended.mark
            if state.withLock({ $0.open == nil }) || Task.isCancelled { return }
            _ = await ended.wait(since: mark, nil)
        }
    }

    /// Says that the member lives, and again before its time is over, as long as this call lasts.
    private func beat() {
        let (pause, number) = state.withLock { state in
            state.heartbeatCount += 1
            return (state.core.heartbeatInterval, state.heartbeatCount)
        }
        link.loop.scheduleTask(in: TimeAmount(pause)) { [weak self] in self?.beat(ifStill: number) }
    }

    private func beat(ifStill number: Int) {
        let goesOn = state.withLock { state in
            guard state.heartbeatCount == number, let open = state.open else { return false }
            open.connection.send(state.core.heartbeat, on: open.stream)
            return true
        }
        if goesOn { beat() }
    }
}

// MARK: - What the broker says

extension Membership {
    fileprivate func received(_ body: ByteSlice, _ number: Int) {
        let isNewTime = state.withLock { state in
            guard state.core.callCount == number, state.open != nil else { return false }
            let before = state.core.sessionTimeout
            do throws(ClientError) {
                try state.core.received(body)
            } catch {
                state.core.failed(error)
                if let open = state.open { open.connection.cancel(open.stream) }
                state.open = nil
            }
            return state.core.sessionTimeout != before
        }
        if isNewTime { beat() }
        wakeup.signal()
        if failure != nil { ended.signal() }
    }

    fileprivate func ended(_ error: ClientError?, _ number: Int) {
        let goesOn = state.withLock { state in
            guard state.core.callCount == number else { return true }
            state.open = nil
            return state.core.callEnded(error)
        }
        if goesOn, let error {
            link.options.logger.info("group \(group) is joined again: \(error)")
            link.metrics.retries.increment()
        }
        wakeup.signal()
        ended.signal()
    }
}

private final class MembershipHandler: CallHandler {
    private let membership: Membership
    private let number: Int

    init(_ membership: Membership, _ number: Int) {
        self.membership = membership
        self.number = number
    }

    func received(body: ByteSlice, attachment: ByteSlice) { membership.received(body, number) }

    func ended(_ error: ClientError?) { membership.ended(error, number) }
}
