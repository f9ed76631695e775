internal import MillraceKafkaProtocol
internal import MillraceModel

/// One partition of a fetch: what the client wants, and what it was told last.
struct FetchTarget: Sendable {
    struct Key: Hashable, Sendable {
        /// The topic as the client names it: by name, or by id from v13 on.
        let name: String
        let id: TopicID
        let partition: Int32
    }

    let key: Key
    var offset: Int64
    var bytesMax: Int
    var leaderEpoch: Int32
    /// What a session has told the client; nil before.
    var told: (highWatermark: Int64, logStartOffset: Int64)?

    init(_ topic: FetchRequest.FetchTopic, _ partition: FetchRequest.FetchPartition) {
        key = Key(name: topic.topic, id: topic.topicID, partition: partition.partition)
        offset = partition.fetchOffset
        bytesMax = max(0, Int(partition.partitionMaxBytes))
        leaderEpoch = partition.currentLeaderEpoch
    }
}

/// The fetch sessions of one connection (KIP-227): the partitions that a client fetches again and again, so that
/// requests name only what changes and responses only what has something to say.
///
/// A session belongs to the connection that made it. A client that comes back on another is told that its session is
/// not known, which it answers with a full fetch; so nothing is shared between shards and nothing outlives its
/// client.
struct FetchSessions {
    struct Session {
        let id: Int32
        /// The epoch that the next request must have.
        var epoch: Int32
        let usesTopicIDs: Bool
        /// In the order in which they are looked at.
        var targets: [FetchTarget]
    }

    /// What a request comes to.
    struct Plan {
        /// 0 for none.
        var sessionID: Int32
        /// Whether only what has changed is told.
        var isIncremental: Bool
        var targets: [FetchTarget]
    }

    /// A client has one; a few more are kept for one that makes new ones without ending the old.
    private static let countMax = 4
    /// Whoever fetches more partitions does without a session.
    private static let targetsMax = 100_000
    private var sessions: [Session] = []

    /// - Parameter newID: a random number for a new session.
    mutating func plan(
        _ request: FetchRequest, version: Int16, newID: UInt64
    ) -> Result<Plan, ErrorCode> {
        let asked = request.topics.flatMap { topic in
            topic.partitions.map { FetchTarget(topic, $0) }
        }
        guard version >= 7, request.sessionEpoch != -1 else {
            sessions.removeAll { $0.id == request.sessionID }
            return .success(Plan(sessionID: 0, isIncremental: false, targets: asked))
        }
        guard request.sessionEpoch != 0 else {
            sessions.removeAll { $0.id == request.sessionID }
            guard !asked.isEmpty, asked.count <= Self.targetsMax else {
                return .success(Plan(sessionID: 0, isIncremental: false, targets: asked))
            }
            return .success(begin(asked, version, newID))
        }
        guard let index = sessions.firstIndex(where: { $0.id == request.sessionID }) else {
            return .failure(.fetchSessionIDNotFound)
        }
        guard sessions[index].epoch == request.sessionEpoch else {
            return .failure(.invalidFetchSessionEpoch)
        }
        guard sessions[index].usesTopicIDs == (version >= 13) else {
            return .failure(.fetchSessionTopicIDError)
        }
        sessions[index].change(asked, forgetting: request.forgottenTopicsData)
        guard sessions[index].targets.count <= Self.targetsMax else {
            sessions.remove(at: index)
            return .failure(.fetchSessionIDNotFound)
        }
        return .success(
            Plan(
                sessionID: request.sessionID, isIncremental: true, targets: sessions[index].targets))
    }

    private mutating func begin(
        _ targets: [FetchTarget], _ version: Int16, _ newID: UInt64
    ) -> Plan {
        if sessions.count >= Self.countMax { sessions.removeFirst() }
        let id = max(1, Int32(truncatingIfNeeded: newID & 0x7fff_ffff))
        sessions.removeAll { $0.id == id }
        sessions.append(Session(id: id, epoch: 1, usesTopicIDs: version >= 13, targets: targets))
        return Plan(sessionID: id, isIncremental: false, targets: targets)
    }

    /// Remembers what the client has been told. Partitions that gave records go to the end, so that none starves the
    /// others where a response is full before all had their turn.
    mutating func told(_ sessionID: Int32, _ targets: [FetchTarget], gave: Set<Int>) {
        guard let index = sessions.firstIndex(where: { $0.id == sessionID }) else { return }
        sessions[index].targets = targets.indices.filter { !gave.contains($0) }.map { targets[$0] }
            + gave.sorted().map { targets[$0] }
    }
}

extension FetchSessions.Session {
    mutating func change(
        _ asked: [FetchTarget], forgetting forgotten: [FetchRequest.ForgottenTopic]
    ) {
        epoch = epoch == .max ? 1 : epoch + 1
        if !forgotten.isEmpty {
            let gone = Set(
                forgotten.flatMap { topic in
                    topic.partitions.map {
                        FetchTarget.Key(name: topic.topic, id: topic.topicID, partition: $0)
                    }
                })
            targets.removeAll { gone.contains($0.key) }
        }
        guard !asked.isEmpty else { return }
        var places: [FetchTarget.Key: Int] = [:]
        for (place, target) in targets.enumerated() { places[target.key] = place }
        for target in asked {
            if let place = places[target.key] {
                let told = targets[place].told
                targets[place] = target
                targets[place].told = told
            } else {
                places[target.key] = targets.count
                targets.append(target)
            }
        }
    }
}
