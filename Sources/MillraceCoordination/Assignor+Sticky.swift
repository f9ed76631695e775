/// The sticky assignor: what members had stays with them, what nobody has goes to whoever has least,
/// and then whoever has most gives to whoever has least until that changes nothing any more.
///
/// After KIP-54 and KIP-341. Where all members want the same topics, their shares differ by one at
/// the most and no assignment that is as equal would move fewer partitions. Where they do not, no
/// single partition could go to a member with at least two fewer.
extension AssignmentBoard {
    func sticky() -> [Share] {
        var table = StickyTable(self, owners: formerOwners())
        table.giveFree()
        table.level()
        return table.shares
    }

    /// Who keeps each partition, by topic and partition, as far as members agree on it: of two that
    /// claim one, the one whose claim is of the later generation; of equal claims, neither.
    private func formerOwners() -> [[Int?]] {
        struct Claim {
            var owner: Int?
            var generation: Int32
        }
        var places: [String: Int] = [:]
        for (place, topic) in topics.enumerated() { places[topic.name] = place }
        var claims = topics.map { [Claim?](repeating: nil, count: Int($0.partitionCount)) }
        for (index, member) in members.enumerated() {
            let (owned, generation) = member.subscription.claim
            let wanted = Set(member.subscription.topics)
            // A member that says a partition twice claims it once.
            let distinct = Set(owned.flatMap { share in
                share.partitions.map { TopicShare(topic: share.topic, partitions: [$0]) }
            })
            for share in distinct where wanted.contains(share.topic) {
                guard let place = places[share.topic], let partition = share.partitions.first,
                    partition >= 0, partition < topics[place].partitionCount
                else { continue }
                let former = claims[place][Int(partition)]
                if let former, former.generation >= generation {
                    if former.generation == generation {
                        claims[place][Int(partition)]?.owner = nil
                    }
                } else {
                    claims[place][Int(partition)] = Claim(owner: index, generation: generation)
                }
            }
        }
        return claims.map { $0.map { $0?.owner } }
    }
}

extension ConsumerSubscription {
    /// What the consumer had, and in which generation. Kafka's sticky assignor says it in the user
    /// data, its cooperative one in the subscription's own field.
    var claim: (owned: [TopicShare], generation: Int32) {
        guard owned.isEmpty, let userData, !userData.isEmpty,
            let said = StickyUserData(userData)
        else { return (owned, generation) }
        return (said.owned, said.generation)
    }
}

/// Who has what while the sticky assignor deals.
private struct StickyTable {
    private let topics: [AssignmentBoard.Topic]
    var shares: [AssignmentBoard.Share]
    private var loads: [Int]
    /// Partitions that nobody has, by topic.
    private var free: [[Int32]]

    init(_ board: AssignmentBoard, owners: [[Int?]]) {
        topics = board.topics
        shares = board.noShares
        loads = Array(repeating: 0, count: board.members.count)
        free = Array(repeating: [], count: topics.count)
        for (place, owners) in owners.enumerated() {
            for (partition, owner) in owners.enumerated() {
                if let owner {
                    shares[owner][place].append(Int32(partition))
                    loads[owner] += 1
                } else {
                    free[place].append(Int32(partition))
                }
            }
        }
    }

    /// Gives what nobody has to whoever has least; first what fewest members want, since those have
    /// the least choice.
    mutating func giveFree() {
        let order = topics.indices.sorted {
            (topics[$0].subscribers.count, $0) < (topics[$1].subscribers.count, $1)
        }
        for place in order where !free[place].isEmpty {
            var next = free[place][...]
            let ranked = topics[place].subscribers.sorted { (loads[$0], $0) < (loads[$1], $1) }
            // The members with least, all equally loaded but for this round.
            var count = 1
            while !next.isEmpty {
                let level = loads[ranked[0]]
                while count < ranked.count, loads[ranked[count]] == level { count += 1 }
                for member in ranked[..<count] {
                    guard let partition = next.popFirst() else { break }
                    shares[member][place].append(partition)
                    loads[member] += 1
                }
            }
            free[place] = []
        }
    }

    /// Lets those with most give to those with least, as long as the giver has at least two more.
    mutating func level() {
        while let (giver, place, taker) = nextMove() {
            guard let partition = shares[giver][place].popLast() else { return }
            shares[taker][place].append(partition)
            loads[giver] -= 1
            loads[taker] += 1
        }
    }

    /// From whoever has most and can give, to whoever has least of those that want it.
    private func nextMove() -> (giver: Int, place: Int, taker: Int)? {
        let takers = topics.map { topic in
            topic.subscribers.min { (loads[$0], $0) < (loads[$1], $1) }
        }
        var best: (giver: Int, place: Int, taker: Int)?
        for (giver, share) in shares.enumerated() {
            if let best, loads[giver] <= loads[best.giver] { continue }
            var ofGiver: (place: Int, taker: Int)?
            for (place, partitions) in share.enumerated() where !partitions.isEmpty {
                guard let taker = takers[place], loads[taker] + 2 <= loads[giver] else { continue }
                if let current = ofGiver, loads[current.taker] <= loads[taker] { continue }
                ofGiver = (place, taker)
            }
            if let ofGiver { best = (giver, ofGiver.place, ofGiver.taker) }
        }
        return best
    }
}
