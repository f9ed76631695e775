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
final class Subscription: OpenCall, @unchecked Sendable {
    private let id: StreamID
    private let log: PartitionLog
    private let isFollowing: Bool
    private var credit: SendCredit
    private var isCancelled = false
    private let changed: Signal
    /// What it waits for records with.
    private var watch: TailWatch?

    /// What is sent at a time: enough that its header does not count, little enough to share the
    /// connection.
    private static let rangeBytesMax = 1 << 20
    /// A little credit does not make messages smaller than this: a client that grants byte by byte would get one record
    /// at a time.
    private static let rangeBytesMin = 64 << 10

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

    /// Whatever it waits for, it waits no longer.
    func cancel(on connection: isolated NativeConnection) {
        isCancelled = true
        watch?.raise()
        changed.notifyAll()
        connection.credited.notifyAll()
        connection.output.drained.notifyAll()
    }

    func stop(on connection: isolated NativeConnection) {
        connection.finish(id, .stopping)
        cancel(on: connection)
    }

    func serve(from start: StartPosition, on connection: isolated NativeConnection) async {
        var status = Status.ok
        do {
            try await send(from: start, on: connection)
        } catch let error as StorageError {
            status = Status(error)
        } catch {
            status = .stopping
        }
        guard !isCancelled else { return }
        connection.finish(id, status)
    }

    private func send(
        from start: StartPosition, on connection: isolated NativeConnection
    ) async throws {
        let storage = log.storage
        let (first, end) = try await storage.resolve(start, of: log)
        var cursor = try await storage.cursor(at: first, of: log)
        let bounds = await storage.bounds(of: log)
        // The end of a subscription that does not follow is a place in the files, too.
        let last = isFollowing ? nil : try await storage.cursor(at: max(first, end), of: log)
        guard !isCancelled else { return }
        var message = WireSubscribeBatch()
        message.startOffset = first.value
        message.highWatermark = bounds.highWatermark.value
        message.logStartOffset = bounds.logStartOffset.value
        connection.writeMessage(id, message)
        var found: FollowedPart?
        while !isCancelled {
            if let last, cursor.offset >= last.offset { return }
            // Nothing happens between this and the sending of what was found before.
            guard try await hasCreditAndRoom(connection) else { continue }
            if let next = found, let range = next.range {
                send(range, next, on: connection)
                cursor = range.next
                found = nil
                continue
            }
            let watch = isFollowing ? TailWatch(on: connection.shard) : nil
            self.watch = watch
            found = try await storage.follow(
                from: cursor, of: log, bytesMax: bytesMax(connection), notBeyond: last, watch: watch)
            guard found?.range == nil else { continue }
            guard let watch else { return }
            if !isCancelled { try await watch.wait() }
        }
    }

    private func send(
        _ range: FileRange, _ found: FollowedPart, on connection: isolated NativeConnection
    ) {
        var message = WireSubscribeBatch()
        message.highWatermark = found.highWatermark.value
        message.logStartOffset = found.logStartOffset.value
        let id = id
        connection.output.write {
            $0.writeMessage(stream: id, body: message, attachmentCount: range.count)
        }
        connection.output.send(range)
        credit.spend(range.count)
        connection.sendCredit?.spend(range.count)
    }

    /// - Returns: false after a wait: look again.
    private func hasCreditAndRoom(_ connection: isolated NativeConnection) async throws(Errno) -> Bool {
        let output = connection.output
        if !credit.maySend {
            try await changed.wait(after: changed.notices)
        } else if connection.sendCredit?.maySend == false {
            try await connection.credited.wait(after: connection.credited.notices)
        } else if output.hasFailed {
            isCancelled = true
        } else if output.bytes > Self.rangeBytesMax {
            try await output.drained.wait(after: output.drained.notices)
        } else {
            return true
        }
        return false
    }

    private func bytesMax(_ connection: isolated NativeConnection) -> Int {
        let most = min(credit.available, connection.sendCredit?.available ?? .max)
        return max(Self.rangeBytesMin, Int(min(most, Int64(Self.rangeBytesMax))))
    }
}

extension NativeConnection {
    func openSubscription(_ frame: Frame) throws(FrameError) {
        let request = try frame.decode(WireSubscribeRequest.self)
        let id = frame.header.stream
        guard let name = try? TopicName(request.topic), let topic = engine.storage.topic(name)
        else { return writeEnd(id, .noTopic(request.topic)) }
        guard request.partition >= 0, Int(request.partition) < topic.partitions.count else {
            return writeEnd(id, .noPartition(request.partition, of: topic))
        }
        let start = StartPosition(request.position)
        let subscription = Subscription(
            id, log: topic.partitions[Int(request.partition)], request: request, shard: shard)
        calls[id] = subscription
        run { await subscription.serve(from: start, on: $0) }
    }
}

extension StartPosition {
    /// Left out, it is the beginning.
    init(_ position: WirePosition) {
        self =
            switch position.position {
            case .end: .end
            case .offset(let offset): .offset(Offset(offset))
            case .timestampMs(let time): .timestamp(Timestamp(milliseconds: time))
            case .beginning, nil: .beginning
            }
    }
}
