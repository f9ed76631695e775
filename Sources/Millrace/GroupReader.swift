internal import MillraceCoordination
internal import MillraceModel
internal import MillraceShard
internal import MillraceStorage

/// Reads the partitions of a member, gives them up and takes them as the group wants it. It lives on
/// the coordinator's shard, where the membership does.
actor GroupReader {
    /// One of the member's partitions.
    private struct Place {
        var log: PartitionLog
        /// Where the next batch begins.
        var position: Offset
        /// The end of the last batch that is done; nil where nothing new is.
        var done: Offset?
        /// To the end of the log as it was when it began.
        var batches: BatchReader.Iterator?
        var isWaiting = false
    }

    private let engine: Engine
    private let shard: Shard
    nonisolated var unownedExecutor: UnownedSerialExecutor { shard.asUnownedSerialExecutor() }

    private let membership: GroupMembership
    private let group: String
    private let options: GroupConsumerOptions
    private var places: [TopicPartition: Place] = [:]
    /// Which partition is looked at first, so that each has its turn.
    private var turn = 0
    /// The batch that was handed out last, which is done when the next one is asked for.
    private var last: (partition: TopicPartition, next: Offset)?
    private var nextCommit: Instant
    private var isToGiveUp = false
    private var isOver = false
    private var failure: EngineError?
    private let changed: Signal

    /// How long one wait for records may outlive the wish for them.
    private static let lookInterval = Duration.milliseconds(500)

    init(
        _ membership: GroupMembership, of group: String, engine: Engine,
        options: GroupConsumerOptions
    ) {
        self.membership = membership
        self.group = group
        self.engine = engine
        self.options = options
        let shard = engine.shards[0]
        self.shard = shard
        changed = Signal(on: shard)
        nextCommit = shard.now.advanced(by: options.commitInterval)
    }

    var partitions: Set<TopicPartition> { Set(places.keys) }

    /// Something may have changed for whoever waits.
    func look() { changed.notifyAll() }

    // MARK: The group

    /// Takes what the group says.
    func follow() async {
        while let event = await membership.nextEvent() {
            switch event {
            case .assigned(let assignment): await take(assignment)
            case .revoke: isToGiveUp = true
            case .ended(let error):
                failure = EngineError(member: error)
                isOver = true
            }
            changed.notifyAll()
        }
        isOver = true
        changed.notifyAll()
    }

    /// The process lives, and the consumer with it.
    func live() async {
        while !isOver {
            await membership.heartbeat()
            let deadline = shard.now.advanced(by: options.sessionTimeout / 4)
            while !isOver, shard.now < deadline {
                let notices = changed.notices
                guard (try? await changed.wait(until: deadline, after: notices)) != nil else { return }
            }
        }
    }

    private func take(_ assignment: MemberAssignment) async {
        do throws(EngineError) {
            let committed = try await engine.committedOffsets(of: group)
            var taken: [TopicPartition: Place] = [:]
            for share in assignment.partitions {
                for number in share.partitions {
                    // A topic may have been deleted since; then the group is rebalanced.
                    guard let name = try? TopicName(share.topic) else { continue }
                    let partition = TopicPartition(topic: name, partition: number)
                    guard let log = try? engine.storage.partition(partition) else { continue }
                    let start = committed[partition].map { StartPosition.offset($0) }
                    let position = try await offset(of: start ?? options.start, in: log)
                    taken[partition] = Place(log: log, position: position)
                }
            }
            places = taken
        } catch {
            failure = error
            isOver = true
        }
    }

    /// An offset that the log does not have is where a partition without one starts.
    private func offset(
        of start: StartPosition, in log: PartitionLog
    ) async throws(EngineError) -> Offset {
        try await engine.call { () throws(StorageError) in
            let (first, _) = try await log.storage.resolve(start, of: log)
            let (lowest, end) = await log.storage.bounds(of: log)
            if first >= lowest, first <= end { return first }
            return try await log.storage.resolve(options.start, of: log).first
        }
    }

    // MARK: Taking batches

    func next() async -> Result<GroupBatch?, EngineError> {
        finishLast()
        do throws(EngineError) {
            while true {
                let notices = changed.notices
                if let failure { throw failure }
                if isOver || Task.isCancelled { return .success(nil) }
                if isToGiveUp {
                    await giveUp()
                    continue
                }
                if options.commitsAutomatically, shard.now >= nextCommit {
                    nextCommit = shard.now.advanced(by: options.commitInterval)
                    // What is not committed now is committed later, or read again.
                    _ = await commit(isLastDone: false)
                }
                if let batch = try await nextBatch() { return .success(batch) }
                waitForRecords()
                guard (try? await changed.wait(after: notices)) != nil else { throw .closed }
            }
        } catch {
            return .failure(error)
        }
    }

    private func finishLast() {
        guard let last else { return }
        places[last.partition]?.done = last.next
        self.last = nil
    }

    private func giveUp() async {
        if options.commitsAutomatically { _ = await commit(isLastDone: false) }
        isToGiveUp = false
        places = [:]
        await membership.revoked()
    }

    /// The first batch that is there, of the partition whose turn it is.
    private func nextBatch() async throws(EngineError) -> GroupBatch? {
        let order = places.keys.sorted()
        for step in order.indices {
            let partition = order[(turn &+ step) % order.count]
            guard let batch = try await nextBatch(of: partition) else { continue }
            turn = (turn &+ step &+ 1) % order.count
            return batch
        }
        return nil
    }

    private func nextBatch(of partition: TopicPartition) async throws(EngineError) -> GroupBatch? {
        guard let place = places[partition] else { return nil }
        var batches =
            place.batches
            ?? engine.batches(
                of: partition.topic.string, partition: partition.partition,
                from: .offset(place.position)
            ).makeAsyncIterator()
        let batch: ReadBatch?
        do throws(EngineError) {
            batch = try await batches.next()
        } catch {
            switch error.kind {
            case .unknownTopic: return nil
            case .offsetOutOfRange:
                // Retention or a trim has overtaken the reader.
                let position = try await offset(of: .offset(place.position), in: place.log)
                places[partition]?.position = position
                places[partition]?.batches = nil
                changed.notifyAll()
                return nil
            default: throw error
            }
        }
        // The group may have taken the partition meanwhile.
        guard places[partition] != nil, !isToGiveUp else { return nil }
        places[partition]?.batches = batch == nil ? nil : batches
        guard let batch else { return nil }
        places[partition]?.position = batch.header.nextOffset
        last = (partition, batch.header.nextOffset)
        return GroupBatch(partition: partition, batch: batch)
    }

    /// Has whoever waits look again when a partition has more.
    private func waitForRecords() {
        for partition in places.keys.sorted() {
            guard let place = places[partition], !place.isWaiting else { continue }
            places[partition]?.isWaiting = true
            let (log, position) = (place.log, place.position)
            let deadline = shard.now.advanced(by: Self.lookInterval)
            // Between the shards it goes only while they run: the engine waits for it to be back.
            guard (try? engine.gate.enter()) != nil else { continue }
            shard.spawn { [engine] in
                do throws(StorageError) {
                    _ = try await log.storage.waitForRecords(
                        beyond: position, of: log, until: deadline)
                } catch .closed {
                    // Nobody will wait again.
                } catch {
                    // The topic is gone, and soon the group will have noticed.
                    try? await self.shard.sleep(until: deadline)
                }
                await self.hasWaited(for: partition)
                engine.gate.leave()
            }
        }
    }

    private func hasWaited(for partition: TopicPartition) {
        places[partition]?.isWaiting = false
        changed.notifyAll()
    }

    // MARK: Committing and leaving

    func commit(isLastDone: Bool) async -> Result<Void, EngineError> {
        if isLastDone { finishLast() }
        let positions = places.compactMapValues { $0.done.map { CommittedPosition(offset: $0) } }
        guard !positions.isEmpty else { return .success(()) }
        do throws(CoordinationError) {
            try await membership.commit(positions)
        } catch {
            return .failure(EngineError(member: error))
        }
        for (partition, position) in positions where places[partition]?.done == position.offset {
            places[partition]?.done = nil
        }
        return .success(())
    }

    func leave() async -> Result<Void, EngineError> {
        guard !isOver else { return .success(()) }
        let result = options.commitsAutomatically ? await commit(isLastDone: true) : .success(())
        await abandon()
        return result
    }

    /// Leaves without a commit.
    func abandon() async {
        isOver = true
        places = [:]
        changed.notifyAll()
        await membership.leave()
    }
}
