internal import Millrace
internal import MillraceKafkaProtocol
internal import MillraceModel
internal import MillraceShard
internal import MillraceStorage
internal import SystemPackage

// Key 1, Fetch: whole record batches from offsets on, the batch that holds the offset first, sent from the segment
// files as they lie.
//
// The answer waits until it has `minBytes` or `maxWaitMs` are over; an error ends the wait. The first batch is given
// whatever its size (KIP-74). v4 has isolation levels: who wants committed records gets them up to the last stable
// offset, and is told which transactions among them were aborted. v5 has the log start, v7 sessions (KIP-227), v9
// leader epochs, v11 the client's rack, v12 flexible, v13 topic ids, v15 to v18 fields of followers.

extension KafkaConnection {
    func fetch(_ request: FetchRequest, _ call: KafkaCall) async throws(Errno) {
        var response = FetchResponse()
        var plan: FetchSessions.Plan
        switch sessions.plan(request, version: call.version, newID: shard.device.random()) {
        case .success(let made): plan = made
        case .failure(let code):
            response.errorCode = code
            return answer(response, call)
        }
        let found = try await look(plan.targets, request)
        response.sessionID = plan.sessionID
        var ranges: [FileRange] = []
        var gave: Set<Int> = []
        var topics: [FetchTarget.Key: Int] = [:]
        for (index, target) in plan.targets.enumerated() {
            let data = found[index].data(target, isCommitted: request.isCommitted)
            let hasRecords = (data.records.count ?? 0) > 0
            let isNews = target.told.map { $0 != (data.highWatermark, data.logStartOffset) } ?? true
            guard !plan.isIncremental || hasRecords || data.errorCode != .none || isNews else { continue }
            plan.targets[index].told = (data.highWatermark, data.logStartOffset)
            if hasRecords { gave.insert(index) }
            let topic = FetchTarget.Key(name: target.key.name, id: target.key.id, partition: 0)
            let place = topics[topic] ?? response.add(topic)
            topics[topic] = place
            response.responses[place].partitions.append(data)
            if case .success(let range?) = found[index].outcome { ranges.append(range) }
        }
        // The partitions of a topic stand together in the response, and so do their records.
        if topics.count > 1 { ranges = Self.ordered(plan.targets, found, gave, topics) }
        sessions.told(plan.sessionID, plan.targets, gave: gave)
        let size = ranges.reduce(0) { $0 + $1.count }
        let throttle = services.quotas.spend(size, .fetch, client: call.clientID, at: shard.now)
        response.throttleTimeMs = throttle.throttleMilliseconds
        answer(response, call, ranges: ranges)
        try await pause(throttle)
    }

    private static func ordered(
        _ targets: [FetchTarget], _ found: [Found], _ gave: Set<Int>,
        _ topics: [FetchTarget.Key: Int]
    ) -> [FileRange] {
        func place(_ index: Int) -> Int {
            let key = targets[index].key
            return topics[FetchTarget.Key(name: key.name, id: key.id, partition: 0)] ?? 0
        }
        return gave.sorted { (place($0), $0) < (place($1), $1) }.compactMap {
            if case .success(let range?) = found[$0].outcome { range } else { nil }
        }
    }

    // MARK: Looking

    /// A response has no more, whatever the client allows (`fetch.max.bytes` of Kafka's brokers).
    private static let bytesMax = 57_671_680
    /// A client that would wait longer is answered with nothing and asks again.
    private static let waitMax = Duration.seconds(60)

    struct Found {
        var errorCode = ErrorCode.none
        var part: FetchedPart?

        var outcome: Result<FileRange?, StorageError>? { part?.outcome }
        /// Whether waiting would not help: there is something to complain of, or what follows lies in another
        /// segment, which only the next fetch can reach.
        var endsWait: Bool { errorCode != .none || (part?.hasFailed ?? false) || (part?.hasMore ?? false) }
    }

    /// Looks until there is enough, or something to complain of, or no time left.
    private func look(
        _ targets: [FetchTarget], _ request: FetchRequest
    ) async throws(Errno) -> [Found] {
        let wait = min(.milliseconds(Int64(max(0, request.maxWaitMs))), Self.waitMax)
        let deadline = shard.now.advanced(by: wait)
        let bytesMax = min(max(0, Int(request.maxBytes)), Self.bytesMax)
        // More than fits will never be there.
        let minBytes = min(max(0, Int(request.minBytes)), bytesMax)
        while true {
            let watch = TailWatch(on: shard)
            self.watch = watch
            defer { self.watch = nil }
            let found = await look(targets, bytesMax, request.isCommitted, watch)
            let count = found.reduce(0) { $0 + ($1.part?.count ?? 0) }
            guard !targets.isEmpty, count < minBytes, !found.contains(where: \.endsWait),
                !isStopping, !hasPeerGone, shard.now < deadline,
                try await watch.wait(until: deadline)
            else {
                watch.raise()
                return found
            }
        }
    }

    private func look(
        _ targets: [FetchTarget], _ bytesMax: Int, _ isCommitted: Bool, _ watch: TailWatch
    ) async -> [Found] {
        var found = [Found](repeating: Found(), count: targets.count)
        var shards: [(storage: StorageShard, places: [Int], parts: [FetchPart])] = []
        for (index, target) in targets.enumerated() {
            switch resolve(target) {
            case .failure(let code): found[index].errorCode = code
            case .success(let log):
                let part = FetchPart(
                    log: log, offset: Offset(target.offset), bytesMax: target.bytesMax, isCommitted: isCommitted)
                if let place = shards.firstIndex(where: { $0.storage === log.storage }) {
                    shards[place].places.append(index)
                    shards[place].parts.append(part)
                } else {
                    shards.append((log.storage, [index], [part]))
                }
            }
        }
        var total = 0
        for shard in shards {
            let parts = await shard.storage.fetch(
                shard.parts, bytesMax: max(0, bytesMax - total), isEmpty: total == 0, watch: watch)
            for (place, part) in zip(shard.places, parts) {
                found[place].part = part
                total += part.count
            }
        }
        return found
    }

    private func resolve(_ target: FetchTarget) -> Result<PartitionLog, ErrorCode> {
        let topic = services.storage.find(name: target.key.name, id: target.key.id)
        let code = checkEpoch(target.leaderEpoch)
        guard code == .none else { return .failure(code) }
        return topic.flatMap { $0.partition(target.key.partition) }
    }
}

extension KafkaConnection.Found {
    fileprivate func data(_ target: FetchTarget, isCommitted: Bool) -> FetchResponse.PartitionData {
        var data = FetchResponse.PartitionData()
        data.partitionIndex = target.key.partition
        data.errorCode = errorCode
        data.highWatermark = -1
        data.abortedTransactions = isCommitted ? part?.aborted.map(\.answered) ?? [] : nil
        data.records = RecordData(count: 0)
        guard let part else { return data }
        switch part.outcome {
        case .failure(let error): data.errorCode = ErrorCode(error)
        case .success(let range):
            data.highWatermark = part.highWatermark.value
            data.lastStableOffset = part.lastStableOffset.value
            data.logStartOffset = part.logStartOffset.value
            data.records = RecordData(count: range?.count ?? 0)
        }
        return data
    }
}

extension FetchRequest {
    fileprivate var isCommitted: Bool { isolationLevel == 1 }
}

extension AbortedTransaction {
    fileprivate var answered: FetchResponse.AbortedTransaction {
        var answered = FetchResponse.AbortedTransaction()
        answered.producerID = producer.value
        answered.firstOffset = firstOffset.value
        return answered
    }
}

extension FetchResponse {
    /// - Returns: the place of the new topic.
    fileprivate mutating func add(_ topic: FetchTarget.Key) -> Int {
        var answered = FetchableTopicResponse()
        answered.topic = topic.name
        answered.topicID = topic.id
        responses.append(answered)
        return responses.count - 1
    }
}
