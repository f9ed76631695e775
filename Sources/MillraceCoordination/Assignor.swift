/// How a group's leader shares partitions among the members, by the names that Kafka's clients know.
///
/// `range` and `roundRobin` give what Kafka's Java client gives, to the partition: it does not
/// matter which member of a mixed group leads. `sticky` keeps the promises of Kafka's: shares are as
/// equal as the subscriptions allow, and nothing moves that need not.
package enum Assignor: String, Hashable, Sendable, CaseIterable {
    /// Each member gets a run of each topic's partitions.
    case range
    /// The partitions of all topics are dealt out in turn.
    case roundRobin = "roundrobin"
    /// Each member keeps what it had, as far as the shares stay equal.
    case sticky

    /// A member as the assignors see it.
    package struct Member: Hashable, Sendable {
        package var id: String
        package var instanceID: String?
        package var subscription: ConsumerSubscription

        package init(id: String, instanceID: String? = nil, subscription: ConsumerSubscription) {
            self.id = id
            self.instanceID = instanceID
            self.subscription = subscription
        }
    }

    /// Shares out the partitions of all topics that members want and that are there.
    /// - Parameter partitionCounts: of the topics that are there.
    /// - Returns: each member's share, by its id; also of those that get nothing.
    package func assign(
        to members: [Member], partitionCounts: [String: Int32]
    ) -> [String: ConsumerAssignment] {
        let board = AssignmentBoard(members, partitionCounts)
        let shares =
            switch self {
            case .range: board.range()
            case .roundRobin: board.roundRobin()
            case .sticky: board.sticky()
            }
        var assignments: [String: ConsumerAssignment] = [:]
        for (member, share) in zip(board.members, shares) {
            assignments[member.id] = ConsumerAssignment(
                topics: zip(board.topics, share).compactMap { topic, partitions in
                    partitions.isEmpty
                        ? nil : TopicShare(topic: topic.name, partitions: partitions.sorted())
                })
        }
        return assignments
    }
}

/// Members and topics in the order in which assignors go through them, told by their places in it.
struct AssignmentBoard {
    struct Topic {
        var name: String
        var partitionCount: Int32
        /// Members that want it, in their order.
        var subscribers: [Int] = []
    }

    /// The partitions that a member gets, by topic.
    typealias Share = [[Int32]]

    /// Static members by their instance ids, then the others by their ids.
    let members: [Assignor.Member]
    /// By name; those that somebody wants.
    let topics: [Topic]

    init(_ members: [Assignor.Member], _ partitionCounts: [String: Int32]) {
        self.members = members.sorted(by: Self.precedes)
        var subscribers: [String: [Int]] = [:]
        for (index, member) in self.members.enumerated() {
            for topic in Set(member.subscription.topics) {
                subscribers[topic, default: []].append(index)
            }
        }
        topics = subscribers.keys.sorted(by: Self.precedes).compactMap { name in
            guard let count = partitionCounts[name], count > 0 else { return nil }
            return Topic(name: name, partitionCount: count, subscribers: subscribers[name] ?? [])
        }
    }

    /// Java compares strings by their UTF-16 units.
    private static func precedes(_ left: String, _ right: String) -> Bool {
        left.utf16.lexicographicallyPrecedes(right.utf16)
    }

    private static func precedes(_ left: Assignor.Member, _ right: Assignor.Member) -> Bool {
        switch (left.instanceID, right.instanceID) {
        case (let left?, let right?): precedes(left, right)
        case (_?, nil): true
        case (nil, _?): false
        case (nil, nil): precedes(left.id, right.id)
        }
    }

    var noShares: [Share] {
        Array(repeating: Array(repeating: [], count: topics.count), count: members.count)
    }

    func range() -> [Share] {
        var shares = noShares
        for (topic, place) in zip(topics, topics.indices) {
            let count = Int32(clamping: topic.subscribers.count)
            let (each, extra) = topic.partitionCount.quotientAndRemainder(dividingBy: count)
            var next: Int32 = 0
            for (position, member) in topic.subscribers.enumerated() {
                let end = next + each + (position < Int(extra) ? 1 : 0)
                shares[member][place] = Array(next..<end)
                next = end
            }
        }
        return shares
    }

    func roundRobin() -> [Share] {
        var shares = noShares
        var next = 0
        for (topic, place) in zip(topics, topics.indices) {
            let wanting = Set(topic.subscribers)
            for partition in 0..<topic.partitionCount {
                while !wanting.contains(next) { next = (next + 1) % members.count }
                shares[next][place].append(partition)
                next = (next + 1) % members.count
            }
        }
        return shares
    }
}
