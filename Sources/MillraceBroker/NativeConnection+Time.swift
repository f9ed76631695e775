internal import Logging
internal import MillraceNativeProtocol
internal import MillraceShard
internal import SystemPackage

/// What a connection has to do when: calls whose time is over, and peers that have fallen silent.
struct ConnectionTime {
    /// The task that keeps the time is to look again.
    let changed: Signal
    private let silenceMax: Duration
    private var deadlines: [StreamID: (instant: Instant, timeout: Duration)] = [:]
    private var lastHeard: Instant
    private var hasAsked = false
    /// When the task looks next.
    private var alarm = Instant.distantFuture

    init(on shard: Shard, silenceMax: Duration) {
        changed = Signal(on: shard)
        self.silenceMax = silenceMax
        lastHeard = shard.now
    }

    mutating func heard(at now: Instant) {
        lastHeard = now
        hasAsked = false
    }

    mutating func setDeadline(_ instant: Instant, _ timeout: Duration, of stream: StreamID) {
        deadlines[stream] = (instant, timeout)
        if instant < alarm { changed.notifyAll() }
    }

    mutating func callEnded(_ stream: StreamID) { deadlines[stream] = nil }

    /// The calls whose time is over, in their order, each once.
    mutating func takeExpired(at now: Instant) -> [(stream: StreamID, timeout: Duration)] {
        let expired = deadlines.filter { $0.value.instant <= now }
        for stream in expired.keys { deadlines[stream] = nil }
        return expired.map { ($0.key, $0.value.timeout) }.sorted { $0.0 < $1.0 }
    }

    enum Silence { case none, ask, tooLong }

    /// Whether the peer has been silent for so long that it is to be asked, or, after that, for so long again.
    mutating func silence(at now: Instant) -> Silence {
        guard lastHeard.advanced(by: silenceMax) <= now else { return .none }
        guard hasAsked else {
            hasAsked = true
            return .ask
        }
        return lastHeard.advanced(by: silenceMax * 2) <= now ? .tooLong : .none
    }

    /// When to look again.
    mutating func nextAlarm() -> Instant {
        let silence = lastHeard.advanced(by: hasAsked ? silenceMax * 2 : silenceMax)
        alarm = deadlines.values.reduce(silence) { min($0, $1.instant) }
        return alarm
    }
}

extension NativeConnection {
    /// Ends calls at their deadlines, and the connection of a peer that does not answer.
    func keepTime() async {
        var sent = output.sentBytes
        do throws(Errno) {
            while !isOver {
                let now = shard.now
                for (stream, timeout) in time.takeExpired(at: now) { expire(stream, timeout) }
                // A peer that is not listened to is judged by whether it takes what it is sent.
                if isReadingPaused, sent != output.sentBytes || holdsTooMuch { time.heard(at: now) }
                sent = output.sentBytes
                switch time.silence(at: now) {
                case .none: break
                case .ask:
                    // The peer may have said nothing yet, or not have been heard: a machine stands still at times.
                    greet()
                    output.write { $0.writePing(now.nanoseconds) }
                case .tooLong: return cutOff()
                }
                let alarm = time.nextAlarm()
                _ = try await time.changed.wait(until: alarm, after: time.changed.notices)
            }
        } catch {
            // The shard stops.
        }
    }

    private func expire(_ stream: StreamID, _ timeout: Duration) {
        guard let call = calls[stream] else { return }
        let milliseconds = Int64(timeout / .milliseconds(1))
        finish(stream, Status(.deadlineExceeded, "the call has not ended within its timeout_ms=\(milliseconds)"))
        call.cancel(on: self)
    }

    private func cutOff() {
        services.logger.info("a native client that does not answer is disconnected", metadata: [
            "peer": "\(host)", "client-id": "\(clientID.prefix(200))",
        ])
        socket.shutdown()
    }
}
