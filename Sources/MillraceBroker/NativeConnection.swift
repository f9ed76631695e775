internal import Logging
internal import Millrace
internal import MillraceBytes
internal import MillraceModel
internal import MillraceNativeProtocol
internal import MillraceShard
internal import MillraceStorage
internal import SystemPackage

/// One client of the native protocol.
///
/// Three tasks of its own: one reads frames and acts on them (`+Reading`), one sends what gathers in the output queue,
/// one keeps the time (`+Time`). Each call that waits for something has a task besides (`+Calls`). Every task runs on
/// the connection's shard and ends before the connection does.
///
/// A connection ends in this order: `end` says that no frame is acted on any more, the calls end, what they have
/// written goes out, this side closes, and what still comes is thrown away until the peer closes, too. Closing at once
/// would have TCP reset the connection, and the last frames, which say why, would be lost on the way.
actor NativeConnection: BrokerConnection {
    nonisolated let shard: Shard
    nonisolated var unownedExecutor: UnownedSerialExecutor { shard.asUnownedSerialExecutor() }

    let services: NativeServices
    nonisolated let socket: Socket
    let output: OutputQueue
    /// The client's address, as group members are shown with it.
    let host: String
    /// The `client-id` that a call named last.
    var clientID = ""

    /// The calls that have not had their END.
    var calls: [StreamID: any OpenCall] = [:]
    var lastStream = StreamID.connection
    /// What the client may send in all its calls.
    var receiveCredit = ReceiveCredit(window: ReceiveCredit.connectionWindow)
    /// What the client takes in all its calls; nil while it has not said.
    var sendCredit: SendCredit?
    /// The client's credit for all calls has grown, or a call no longer waits for it.
    let credited: Signal
    /// Memory of requests and messages under way that no credit counts.
    private(set) var heldBytes = 0
    /// What the members of groups here have said of their topics and partitions (`GroupCall`).
    var subscriptionBytes = 0

    /// Something has changed that a task of the connection may wait for.
    let changed: Signal
    private(set) var isOver = false
    private(set) var isStopping = false
    var hasReadingEnded = false
    private var isGreeted = false
    private var hasSendingEnded = false
    private var callTaskCount = 0
    private var taskCount = 0
    var time: ConnectionTime

    var engine: Engine { services.engine }

    /// How long a peer that takes nothing is waited for once the connection is over.
    private static let patience = Duration.seconds(5)
    /// How long a peer that has got everything may take to close.
    private static let linger = Duration.seconds(2)

    init(_ socket: Socket, services: NativeServices) {
        self.socket = socket
        self.services = services
        shard = socket.shard
        output = OutputQueue(socket)
        credited = Signal(on: socket.shard)
        changed = Signal(on: socket.shard)
        host = socket.peerHost
        time = ConnectionTime(on: socket.shard, silenceMax: services.options.silenceMax)
    }

    func serve() async {
        runOwn {
            await $0.output.run()
            $0.hasSendingEnded = true
        }
        runOwn { await $0.keepTime() }
        runOwn { await $0.read() }
        do throws(Errno) {
            while !isOver {
                // A broker that stops waits for the calls, and tells new ones so meanwhile.
                if isStopping, callTaskCount == 0 { end() } else { try await changed.wait(after: changed.notices) }
            }
            try await finishCallsAndSend()
            socket.shutdown()
            while taskCount > 0 { try await changed.wait(after: changed.notices) }
        } catch {
            // The shard stops and ends the tasks itself.
            socket.shutdown()
        }
    }

    private func finishCallsAndSend() async throws(Errno) {
        while callTaskCount > 0 { try await changed.wait(after: changed.notices) }
        output.close()
        var sent = output.sentBytes
        while !hasSendingEnded {
            let deadline = shard.now.advanced(by: Self.patience)
            if try await changed.wait(until: deadline, after: changed.notices) { continue }
            guard output.sentBytes != sent else { return }
            sent = output.sentBytes
        }
        socket.shutdownSending()
        let deadline = shard.now.advanced(by: Self.linger)
        while !hasReadingEnded, try await changed.wait(until: deadline, after: changed.notices) {}
    }

    // MARK: Ending

    /// The preface goes out once, before any frame.
    func greet() {
        guard !isGreeted else { return }
        isGreeted = true
        output.write { $0.writePreface() }
    }

    /// No frame is acted on from now on.
    func end() {
        guard !isOver else { return }
        isOver = true
        time.changed.notifyAll()
        output.drained.notifyAll()
        changed.notifyAll()
    }

    /// The peer has gone: what it has sent is done, and nobody waits for more.
    func peerEnded() {
        guard !isOver else { return }
        for id in calls.keys.sorted() { calls[id]?.peerEnded(on: self) }
        end()
    }

    /// The peer does not keep to the protocol: it is told so, and its calls end.
    func refuse(_ error: FrameError) {
        guard !isOver else { return }
        services.logger.warning("a native client is disconnected", metadata: [
            "peer": "\(host)", "client-id": "\(clientID.prefix(200))", "reason": "\(error)",
        ])
        output.write { $0.writeGoAway(Status(.invalidArgument, "\(error)")) }
        let ended = calls
        calls = [:]
        for id in ended.keys.sorted() { ended[id]?.cancel(on: self) }
        end()
    }

    /// Begins no more calls, lets those under way end, and closes.
    func stop() {
        guard !isStopping else { return }
        isStopping = true
        guard !isOver else { return }
        // The peer may have said nothing yet.
        greet()
        output.write { $0.writeGoAway(.stopping) }
        for id in calls.keys.sorted() { calls[id]?.stop(on: self) }
        changed.notifyAll()
    }

    /// A native connection may be idle: it is asked whether it lives, instead (`+Time`).
    func closeIfIdle(for time: Duration) {}

    // MARK: Tasks and memory

    /// Starts a task of a call, which the connection waits for.
    func run(_ body: @escaping @Sendable (isolated NativeConnection) async -> Void) {
        callTaskCount += 1
        shard.spawn {
            await body(self)
            await self.callTaskEnded()
        }
    }

    private func callTaskEnded() {
        callTaskCount -= 1
        changed.notifyAll()
    }

    private func runOwn(_ body: @escaping @Sendable (isolated NativeConnection) async -> Void) {
        taskCount += 1
        shard.spawn {
            await body(self)
            await self.ownTaskEnded()
        }
    }

    private func ownTaskEnded() {
        taskCount -= 1
        changed.notifyAll()
    }

    /// Notes memory of frames that no credit counts; reading pauses while there is much.
    func hold(_ bytes: Int) { heldBytes += bytes }

    func letGo(_ bytes: Int) {
        heldBytes -= bytes
        changed.notifyAll()
    }
}

extension Status {
    static let stopping = Status(.unavailable, "the broker is stopping: call again, or another broker")
}
