internal import Millrace
internal import MillraceBytes
internal import MillraceModel
internal import MillraceNativeProtocol
internal import MillraceShard
internal import MillraceStorage
internal import SystemPackage

/// A client's subscription to one partition: whole batches, sent as they lie in the log, against
/// credit.
///
/// One range of a segment is under way at a time, so a subscriber that does not read holds a range
/// and no memory.
final class Subscription: @unchecked Sendable {
    private let id: StreamID
    private let log: PartitionLog
    private let isFollowing: Bool
    private var credit: SendCredit
    private(set) var isCancelled = false
    private let changed: Signal

    /// What is sent at a time: enough that its header does not count, little enough to share the
    /// connection.
    private static let rangeBytesMax = 1 << 20

    init(_ id: StreamID, log: PartitionLog, request: WireSubscribeRequest, shard: Shard) {
        self.id = id
        self.log = log
        isFollowing = request.follow
        credit = SendCredit(initial: request.creditBytes)
        changed = Signal(on: shard)
    }

    func grant(_ bytes: UInt32) throws(FrameError) {
        try credit.grant(bytes)
        changed.notifyAll()
    }

    func cancel() {
        isCancelled = true
        changed.notifyAll()
    }

    func serve(from start: StartPosition, on connection: isolated NativeConnection) async {
        var status = Status.ok
        do {
            try await send(from: start, on: connection)
        } catch let error as StorageError {
            status = Status(error)
        } catch {
            status = Status(.unavailable, "the broker is stopping")
        }
        guard !isCancelled else { return }
        connection.subscriptions[id] = nil
        connection.end(id, status)
    }

    private func send(
        from start: StartPosition, on connection: isolated NativeConnection
    ) async throws {
        let storage = log.storage
        let (first, end) = try await storage.resolve(start, of: log)
        var cursor = try await storage.cursor(at: first, of: log)
        var message = WireSubscribeBatch()
        message.startOffset = first.value
        try await describe(&message)
        connection.output.write { $0.writeMessage(stream: id, body: message) }
        // The end of a subscription that does not follow is a place in the files, too.
        let last = isFollowing ? nil : try await storage.cursor(at: max(first, end), of: log)
        while !isCancelled {
            if let last, cursor == last { return }
            guard credit.maySend else {
                try await changed.wait(after: changed.notices)
                continue
            }
            let range = try await storage.range(
                from: cursor, of: log, bytesMax: Self.rangeBytesMax, notBeyond: last)
            guard let range else {
                guard isFollowing else { return }
                try await waitForMore(after: cursor)
                continue
            }
            guard !isCancelled else { return }
            var message = WireSubscribeBatch()
            try await describe(&message)
            connection.output.write {
                $0.writeMessage(stream: id, body: message, attachmentCount: range.count)
            }
            connection.output.send(range)
            credit.spend(range.count)
            cursor = range.next
            try await waitForRoom(connection)
        }
    }

    private func describe(_ message: inout WireSubscribeBatch) async throws {
        let state = await log.storage.bounds(of: log)
        message.highWatermark = state.highWatermark.value
        message.logStartOffset = state.logStartOffset.value
    }

    /// Waits for records, looking now and then whether the client still wants them.
    private func waitForMore(after cursor: ReadCursor) async throws {
        while !isCancelled {
            let deadline = log.storage.shard.now.advanced(by: .milliseconds(500))
            if try await log.storage.waitForRecords(after: cursor, of: log, until: deadline) { return }
        }
    }

    private func waitForRoom(_ connection: isolated NativeConnection) async throws {
        while connection.output.bytes > Self.rangeBytesMax, !connection.output.hasFailed {
            try await connection.output.drained.wait(after: connection.output.drained.notices)
        }
        if connection.output.hasFailed { cancel() }
    }
}

extension NativeConnection {
    func openSubscription(_ frame: Frame) throws(FrameError) {
        let request = try frame.decode(WireSubscribeRequest.self)
        let id = frame.header.stream
        guard let name = try? TopicName(request.topic), let topic = engine.storage.topic(name)
        else {
            return end(id, Status(.notFound, "there is no topic '\(request.topic.prefix(300))'"))
        }
        guard request.partition >= 0, Int(request.partition) < topic.partitions.count else {
            return end(
                id,
                Status(
                    .notFound,
                    """
                    topic '\(name)' has no partition \(request.partition): its partitions are 0 to \
                    \(topic.partitions.count - 1)
                    """))
        }
        let start: StartPosition =
            switch request.position.position {
            case .end: .end
            case .offset(let offset): .offset(Offset(offset))
            case .timestampMs(let time): .timestamp(Timestamp(milliseconds: time))
            case .beginning, nil: .beginning
            }
        let subscription = Subscription(
            id, log: topic.partitions[Int(request.partition)], request: request, shard: shard)
        subscriptions[id] = subscription
        run { await subscription.serve(from: start, on: $0) }
    }
}
