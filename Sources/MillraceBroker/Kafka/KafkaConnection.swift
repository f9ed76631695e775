internal import DequeModule
internal import Logging
internal import Millrace
internal import MillraceBytes
internal import MillraceKafkaProtocol
internal import MillraceModel
internal import MillraceShard
internal import MillraceStorage
internal import SystemPackage

/// One client of Kafka's protocol.
///
/// Four tasks: one receives requests, one acts on them in their order, one waits for what was produced to be safe, one
/// sends. Produce requests are handed to the log as they come and answered when they are acknowledged; every other
/// request waits until those before it are answered, as Kafka's brokers have it. Since receiving goes on meanwhile, a
/// client that has gone ends whatever waits for it.
actor KafkaConnection: BrokerConnection {
    nonisolated let shard: Shard
    nonisolated var unownedExecutor: UnownedSerialExecutor { shard.asUnownedSerialExecutor() }

    let services: KafkaServices
    nonisolated let socket: Socket
    let output: OutputQueue
    /// The client's address, as group members are shown with it.
    let host: String
    /// Fetch sessions (KIP-227) live and end with their connection.
    var sessions = FetchSessions()
    /// The wait of the fetch under way, which a stop ends.
    var watch: TailWatch?

    private var requests: Deque<ByteSlice> = []
    private let budget: ReceiveBudget
    /// Bytes of requests that were received, at least in part, and are not answered yet.
    private var heldBytes = 0
    private var pendingBytes = 0
    let changed: Signal
    private(set) var hasPeerGone = false
    private(set) var isStopping = false
    private var taskCount = 0
    /// Produce requests that wait for their acknowledgement, in order.
    private var produces: Deque<PendingProduce> = []
    private var isAnswering = false
    private var activity: Instant
    private var seenSentBytes: UInt64 = 0

    /// Requests are not received beyond this while earlier ones are not answered.
    private static let heldBytesMax = 64 << 20
    private static let heldRequestsMax = 1000
    private static let outputBytesMax = 16 << 20

    init(_ socket: Socket, services: KafkaServices) {
        self.socket = socket
        self.services = services
        shard = socket.shard
        output = OutputQueue(socket)
        changed = Signal(on: socket.shard)
        budget = services.budgets[socket.shard.index]
        activity = socket.shard.now
        host = socket.peerHost
    }

    func serve() async {
        run { await $0.output.run() }
        run { await $0.work() }
        do throws(WireError) {
            try await receive()
        } catch {
            refuse("a request could not be read", "\(error)")
        }
        hasPeerGone = true
        watch?.raise()
        changed.notifyAll()
        do throws(Errno) {
            while taskCount > 1 { try await changed.wait(after: changed.notices) }
            output.close()
            while taskCount > 0 { try await changed.wait(after: changed.notices) }
        } catch {
            // The shard stops and ends the tasks itself.
        }
        budget.change(by: -heldBytes)
        heldBytes = 0
        socket.shutdown()
    }

    /// Answers what has been received, and closes.
    func stop() {
        guard !isStopping else { return }
        isStopping = true
        budget.change(by: 0)
        watch?.raise()
        socket.shutdownReceiving()
        changed.notifyAll()
    }

    func closeIfIdle(for time: Duration) {
        // A client that takes what it is sent is not idle, and one that does not is, whatever it asks for.
        if output.sentBytes != seenSentBytes {
            seenSentBytes = output.sentBytes
            activity = shard.now
        }
        let isBusy = !requests.isEmpty || !produces.isEmpty || isAnswering
        guard activity.advanced(by: time) < shard.now, output.bytes > 0 || !isBusy else { return }
        services.logger.info("an idle connection is closed", metadata: ["peer": "\(host)"])
        socket.shutdown()
    }

    private func run(_ body: @escaping @Sendable (isolated KafkaConnection) async -> Void) {
        taskCount += 1
        shard.spawn {
            await body(self)
            await self.ended()
        }
    }

    private func ended() {
        taskCount -= 1
        changed.notifyAll()
    }

    /// Says in the log why the connection is closed, and closes it.
    func refuse(_ what: String, _ reason: String) {
        services.logger.warning("a Kafka client is disconnected: \(what)", metadata: [
            "peer": "\(host)", "reason": "\(reason)",
        ])
        socket.shutdown()
    }

    // MARK: Receiving

    private func receive() async throws(WireError) {
        var input = RequestAssembler(sizeMax: services.options.requestBytesMax)
        do {
            while true {
                while let request = try input.next() {
                    hold(request.count)
                    requests.append(request)
                    changed.notifyAll()
                }
                account(pending: input.pendingCount)
                while hasTooMuch, !isStopping, !hasWorkEnded { try await changed.wait(after: changed.notices) }
                guard try await waitForMemory() else { return }
                let count = try await socket.receive(into: input.writableBytes())
                guard count > 0 else { return }
                input.didWrite(count)
                activity = shard.now
            }
        } catch let error as WireError {
            throw error
        } catch {
            // The peer has gone, or the shard stops.
        }
    }

    /// Whether whole requests wait in such numbers that no more are received.
    private var hasTooMuch: Bool {
        heldBytes - pendingBytes > Self.heldBytesMax
            || requests.count + produces.count > Self.heldRequestsMax
    }

    /// Waits while the requests of all connections take too much memory.
    /// - Returns: false where this connection has to give way: what it has sent of a request cannot be acted on, and
    /// nobody else can go on.
    private func waitForMemory() async throws(Errno) -> Bool {
        while budget.isFull(for: heldBytes), !isStopping, !hasWorkEnded {
            if try await budget.waitUntilFreed() || pendingBytes < heldBytes { continue }
            refuse(
                "the memory for requests is full",
                "\(pendingBytes) bytes of an unfinished request, \(budget.used) of all")
            return false
        }
        return true
    }

    private func hold(_ bytes: Int) {
        heldBytes += bytes
        budget.change(by: bytes)
    }

    /// The memory of a request that has not come whole yet counts, too.
    private func account(pending bytes: Int) {
        hold(bytes - pendingBytes)
        pendingBytes = bytes
    }

    private func letGo(_ bytes: Int) {
        heldBytes -= bytes
        budget.change(by: -bytes)
        activity = shard.now
        changed.notifyAll()
    }

    // MARK: Acting

    private func work() async {
        run { await $0.acknowledge() }
        do {
            while true {
                guard let request = requests.popFirst() else {
                    if hasPeerGone { break }
                    try await changed.wait(after: changed.notices)
                    continue
                }
                while output.bytes > Self.outputBytesMax, !output.hasFailed {
                    try await output.drained.wait(after: output.drained.notices)
                }
                try await act(on: request)
            }
        } catch let error as WireError {
            refuse("a request could not be served", "\(error)")
        } catch {
            // The shard stops.
        }
        for request in requests { letGo(request.count) }
        requests.removeAll()
        hasWorkEnded = true
        changed.notifyAll()
    }

    private var hasWorkEnded = false

    private func act(on bytes: ByteSlice) async throws {
        var reader = ByteReader(bytes.bytes)
        defer { withExtendedLifetime(bytes) {} }
        let header = try RequestHeader.decode(from: &reader)
        let call = try KafkaCall(header, host: host)
        if call.api == .produce {
            let request = try ProduceRequest.decode(startOf: reader, version: call.version)
            var pending = await produce(request, call, bytes)
            pending.throttle = services.quotas.spend(
                bytes.count, .produce, client: call.clientID, at: shard.now)
            produces.append(pending)
            changed.notifyAll()
            return try await pause(pending.throttle)
        }
        isAnswering = true
        defer {
            isAnswering = false
            letGo(bytes.count)
        }
        guard call.isServed else {
            // Only ApiVersions is answered in a version that is not known.
            return answer(ApiVersionsResponse.unsupported, call.inVersion(0))
        }
        let request = try AnyRequest.decode(call.api, version: call.version, from: reader)
        while !produces.isEmpty { try await changed.wait(after: changed.notices) }
        try await respond(to: request, call)
    }

    /// Acts on nothing more for a while: a client has used up its quota.
    func pause(_ throttle: Duration) async throws(Errno) {
        guard throttle > .zero else { return }
        let deadline = shard.now.advanced(by: throttle)
        while !hasPeerGone, !isStopping, try await changed.wait(until: deadline, after: changed.notices) {}
    }

    // MARK: Answering

    /// Answers produce requests in their order.
    private func acknowledge() async {
        while true {
            guard let next = produces.first else {
                if hasWorkEnded { return }
                do throws(Errno) { try await changed.wait(after: changed.notices) } catch { return }
                continue
            }
            let response = await next.response()
            if next.isAnswered {
                answer(response, next.call)
            } else if let error = response.firstError {
                // Whoever wants no answer learns of an error by the end of the connection, as from Kafka's brokers.
                refuse("a produce request with acks=0 failed", error)
            }
            _ = produces.popFirst()
            letGo(next.bytes)
        }
    }

    /// Sends a response, where there is still somebody to send it to.
    func answer(_ response: (some ResponseMessage)?, _ call: KafkaCall) {
        if let response { answer(response, call, ranges: []) }
    }

    /// Sends a response. The ranges are those of its record batches, in order.
    func answer(_ response: some ResponseMessage, _ call: KafkaCall, ranges: [FileRange]) {
        var writer = ByteWriter(capacity: 256)
        writer.writeInt32(0)
        ResponseHeader.encode(
            correlationID: call.header.correlationID, api: call.api, version: call.version,
            into: &writer)
        let gaps = response.encode(version: call.version, into: &writer)
        let size = gaps.reduce(writer.count - 4) { $0 + $1.count }
        writer.patchInt32(Int32(clamping: size), at: 0)
        let bytes = writer.take()
        var done = 0
        for (gap, range) in zip(gaps, ranges) {
            output.write { $0.writeBytes(Array(bytes[done..<gap.position])) }
            output.send(range)
            done = gap.position
        }
        output.write { $0.writeBytes(Array(bytes[done...])) }
    }
}
