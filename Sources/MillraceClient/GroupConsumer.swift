internal import Logging
public import MillraceClientCore
public import MillraceModel
internal import NIOCore
public import ServiceLifecycle
internal import Synchronization

/// What a group consumer calls when its partitions change: in the task that takes batches, from within `nextBatch`.
public struct RebalanceCallbacks: Sendable {
    /// These partitions are read from now on, from where the group has committed; `seek` may move them.
    public var onAssigned: @Sendable (GroupConsumer, [TopicPartition]) async -> Void
    /// These partitions are read no more. `commit` is still accepted, unless the group has gone on without this member.
    public var onRevoked: @Sendable (GroupConsumer, [TopicPartition]) async -> Void

    /// Both do nothing unless they are given.
    public init(
        onAssigned: @escaping @Sendable (GroupConsumer, [TopicPartition]) async -> Void = { _, _ in },
        onRevoked: @escaping @Sendable (GroupConsumer, [TopicPartition]) async -> Void = { _, _ in }
    ) {
        self.onAssigned = onAssigned
        self.onRevoked = onRevoked
    }
}

/// A member of a group, whose partitions the broker shares out among its members.
///
/// One task takes batches. That it asks for the next one says that it is done with those before: that is what is
/// committed every `GroupConsumerOptions.autoCommitInterval`, and before partitions are given up. So a record is
/// given out at least once, and again where a member ended, or was away for its session timeout, before its work was
/// committed. Heartbeats are sent whether or not the task is busy; but a task that is busy for longer than the
/// rebalance timeout makes the group go on without this member.
///
/// It outlives its connection: it joins again under its member id, keeps its partitions where the broker still knows
/// it, and reads on where it was.
public final class GroupConsumer: Sendable {
    private struct State {
        /// As the task knows them.
        var partitions: [TopicPartition] = []
        /// After the batches given out.
        var delivered: [TopicPartition: Offset] = [:]
        /// After the batches worked on.
        var processed: [TopicPartition: Offset] = [:]
        var committed: [TopicPartition: Offset] = [:]
        var lastCommit = NIODeadline.now()
        /// What an error interrupted.
        var unfinished: MembershipEvent?
        var isClosing = false
        var isDrained = false

        var uncommitted: [TopicPartition: Offset] {
            processed.filter { committed[$0.key] != $0.value }
        }

        mutating func forget() {
            partitions = []
            delivered = [:]
            processed = [:]
            committed = [:]
        }
    }

    /// The group's name.
    public let group: String
    private let client: MillraceClient
    private let options: GroupConsumerOptions
    private let callbacks: RebalanceCallbacks
    private let feeds: PartitionFeeds
    private let membership: Membership
    private let driver: Task<Void, Never>
    private let state = Mutex(State())

    fileprivate init(
        _ client: MillraceClient, group: String, topics: [TopicName], options: GroupConsumerOptions,
        callbacks: RebalanceCallbacks
    ) {
        self.client = client
        self.group = group
        self.options = options
        self.callbacks = callbacks
        feeds = PartitionFeeds(
            client.link, windowBytes: options.windowBytes, offsetReset: options.offsetReset)
        let membership = Membership(
            client.link, group: group, topics: topics, options: options, wakeup: feeds.wakeup)
        self.membership = membership
        driver = Task { await membership.run() }
    }

    deinit {
        driver.cancel()
        membership.abandon()
    }

    // MARK: Batches

    /// The next batch of one of this member's partitions; waits until there is one. What was given out before counts
    /// as worked on from here on.
    /// - Returns: nil once the consumer has left or the task is cancelled.
    /// - Throws: `refused` where the group does not take the member, or with `aborted` where another member has its
    ///   instance id; `noCommittedOffset`; what `Consumer.nextBatch` throws.
    public func nextBatch() async throws(ClientError) -> ReceivedBatch? {
        state.withLock { $0.processed.merge($0.delivered) { $1 } }
        while !state.withLock({ $0.isClosing }) {
            let mark = feeds.wakeup.mark
            if let failure = membership.failure {
                guard failure != .closed else { return nil }
                throw failure
            }
            while let event = state.withLock({ $0.unfinished }) ?? membership.nextEvent() {
                state.withLock { $0.unfinished = event }
                try await handle(event)
                state.withLock { $0.unfinished = nil }
            }
            await commitIfDue()
            if let batch = try await feeds.poll() {
                let partition = TopicPartition(topic: batch.topic, partition: batch.partition)
                state.withLock { $0.delivered[partition] = batch.nextOffset }
                return batch
            }
            if Task.isCancelled { return nil }
            _ = await feeds.wakeup.wait(since: mark, untilCommit())
        }
        state.withLock { $0.isDrained = true }
        feeds.wakeup.signal()
        return nil
    }

    /// All batches, one after another.
    public var batches: ConsumedBatches { ConsumedBatches { () throws(ClientError) in try await self.nextBatch() } }

    /// All records, one after another. What is committed goes by batches: the records of one are done when the first
    /// of the next is taken.
    public var records: ConsumedRecords { ConsumedRecords(batches) }

    private func handle(_ event: MembershipEvent) async throws(ClientError) {
        switch event {
        case .revoke(let call):
            let partitions = state.withLock { $0.partitions }
            feeds.remove(partitions)
            if options.autoCommitInterval != nil { await commitProcessed() }
            await giveUp(partitions)
            membership.revoked(call: call)
        case .lost:
            await giveUp(state.withLock { $0.partitions })
        case .assigned(let partitions, let generation):
            // Without a rebalance that it heard of, the member was away: what it had is read from where the group is.
            await giveUp(state.withLock { $0.partitions })
            let starts = try await starts(of: partitions)
            feeds.set(starts)
            state.withLock { $0.partitions = partitions }
            client.link.options.logger.info(
                "generation \(generation) of group \(group): \(partitions.count) partitions")
            await callbacks.onAssigned(self, partitions)
        }
    }

    private func giveUp(_ partitions: [TopicPartition]) async {
        feeds.remove(partitions)
        if !partitions.isEmpty { await callbacks.onRevoked(self, partitions) }
        state.withLock { $0.forget() }
    }

    private func starts(
        of partitions: [TopicPartition]
    ) async throws(ClientError) -> [TopicPartition: StartPosition] {
        var committed: [TopicPartition: Offset] = [:]
        for topic in Set(partitions.map(\.topic)).sorted() {
            for offset in try await client.committedOffsets(of: group, topic: topic.string) {
                committed[TopicPartition(topic: topic, partition: offset.partition)] = offset.offset
            }
        }
        var starts: [TopicPartition: StartPosition] = [:]
        for partition in partitions {
            switch (committed[partition], options.offsetReset) {
            case (let offset?, _): starts[partition] = .offset(offset)
            case (nil, .earliest): starts[partition] = .beginning
            case (nil, .latest): starts[partition] = .end
            case (nil, .none): throw .noCommittedOffset(group: group, partition: partition)
            }
        }
        return starts
    }

    // MARK: Commits

    /// Commits the end of every batch that was given out, and waits until that is on stable storage.
    /// - Throws: `refused` with `aborted` where the partitions are another member's by now; what was worked on is then
    ///   given out again.
    public func commit() async throws(ClientError) {
        let offsets = state.withLock { state in
            state.processed.merge(state.delivered) { $1 }
            return state.uncommitted
        }
        try await commit(offsets)
    }

    /// Commits where the group goes on in these partitions, and waits until that is on stable storage.
    public func commit(_ offsets: [TopicPartition: Offset]) async throws(ClientError) {
        guard !offsets.isEmpty else { return }
        let generation = membership.generation
        let giveUp = NIODeadline.now() + TimeAmount(client.link.options.timeout)
        while true {
            do throws(ClientError) {
                try await membership.commit(Self.list(offsets))
                return state.withLock { $0.committed.merge(offsets) { $1 } }
            } catch {
                guard error.isTransient, membership.generation == generation,
                    NIODeadline.now() < giveUp, !Task.isCancelled
                else { throw error }
            }
            try? await Task.sleep(for: client.link.options.reconnect.initial)
        }
    }

    private static func list(_ offsets: [TopicPartition: Offset]) -> [CommittedOffset] {
        offsets.sorted { $0.key < $1.key }.map {
            CommittedOffset(topic: $0.key.topic, partition: $0.key.partition, offset: $0.value)
        }
    }

    /// When to look again whether a commit is due; nil is not before something happens.
    private func untilCommit() -> Duration? {
        guard let interval = options.autoCommitInterval else { return nil }
        return state.withLock { state in
            guard !state.uncommitted.isEmpty else { return nil }
            let age = Duration.nanoseconds((NIODeadline.now() - state.lastCommit).nanoseconds)
            return max(interval - age, .milliseconds(1))
        }
    }

    private func commitIfDue() async {
        guard let interval = options.autoCommitInterval else { return }
        let isDue = state.withLock { state in
            NIODeadline.now() - state.lastCommit >= TimeAmount(interval) && !state.uncommitted.isEmpty
        }
        if isDue { await commitProcessed() }
    }

    /// What cannot be committed is committed later, or given out again.
    private func commitProcessed() async {
        let offsets = state.withLock { state in
            state.lastCommit = .now()
            return state.uncommitted
        }
        guard !offsets.isEmpty else { return }
        do throws(ClientError) {
            try await membership.commit(Self.list(offsets))
            state.withLock { $0.committed.merge(offsets) { $1 } }
        } catch {
            client.link.options.logger.warning("group \(group) committed nothing: \(error)")
        }
    }
}

// MARK: - Partitions

extension GroupConsumer {
    /// The partitions that are this member's, in order.
    public var partitions: [TopicPartition] { state.withLock { $0.partitions } }

    /// The id the group knows this member by; empty before it is in it.
    public var memberID: String { membership.memberID }

    /// Other topics from now on: the group is rebalanced.
    public func change(to topics: [String]) throws(ClientError) {
        membership.change(to: try [TopicName](given: topics))
    }

    /// Goes on at another place in one of this member's partitions; what was given out of it before is not committed
    /// any more. Does nothing for others.
    public func seek(_ partition: TopicPartition, to start: StartPosition) {
        guard feeds.seek(partition, to: start) else { return }
        state.withLock { state in
            state.delivered[partition] = nil
            state.processed[partition] = nil
        }
    }

    /// Gives out nothing of these partitions until `resume`, or until they are assigned anew.
    public func pause(_ partitions: [TopicPartition]) { feeds.setPaused(true, partitions) }

    /// Goes on with paused partitions where they were.
    public func resume(_ partitions: [TopicPartition]) { feeds.setPaused(false, partitions) }

    /// The offset of the next record; nil where it is not this member's, or not known yet.
    public func position(of partition: TopicPartition) -> Offset? { feeds.position(of: partition) }
}

// MARK: - The end

extension GroupConsumer: Service {
    /// Commits what has been worked on, if that is automatic, and leaves the group, which is rebalanced at once; a
    /// static member's partitions wait for it instead. `nextBatch` returns nil from then on.
    ///
    /// The last batch that was given out counts as worked on once the next is asked for: call `commit` before, where it
    /// is done.
    public func leave() async {
        let isFirst = state.withLock { state in
            defer { state.isClosing = true }
            return !state.isClosing || membership.failure == nil
        }
        feeds.wakeup.signal()
        guard isFirst else { return }
        if options.autoCommitInterval != nil { await commitProcessed() }
        await membership.leave()
        feeds.remove(feeds.partitions)
    }

    /// Waits for the graceful shutdown of its service group, lets the task that takes batches finish its last one, at
    /// most as long as for any answer, and leaves the group.
    public func run() async throws {
        try await gracefulShutdown()
        state.withLock { $0.isClosing = true }
        feeds.wakeup.signal()
        let giveUp = NIODeadline.now() + TimeAmount(client.link.options.timeout)
        while !state.withLock({ $0.isDrained }), NIODeadline.now() < giveUp {
            let mark = feeds.wakeup.mark
            if state.withLock({ $0.isDrained }) { break }
            _ = await feeds.wakeup.wait(since: mark, .milliseconds(100))
        }
        await leave()
    }
}

extension MillraceClient {
    /// Joins a group, or makes it. The member is in it as long as the consumer lives and calls are answered.
    /// - Parameters:
    ///   - group: its name.
    ///   - topics: which are read; those that are not there yet are, when they are made.
    ///   - options: how it reads and commits, and how long it may be silent.
    ///   - callbacks: are called when partitions come and go.
    public func groupConsumer(
        group: String, topics: [String], options: GroupConsumerOptions = GroupConsumerOptions(),
        callbacks: RebalanceCallbacks = RebalanceCallbacks()
    ) throws(ClientError) -> GroupConsumer {
        GroupConsumer(
            self, group: group, topics: try [TopicName](given: topics), options: options,
            callbacks: callbacks)
    }
}

extension [TopicName] {
    fileprivate init(given names: [String]) throws(ClientError) {
        self = []
        for name in names { append(try TopicName(given: name)) }
    }
}
