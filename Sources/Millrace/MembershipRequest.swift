package import MillraceCoordination

/// How a member joins a group through this engine.
package struct MembershipRequest: Sendable {
    package var group: String
    /// Some may not be there yet.
    package var topics: [String]
    /// In the order preferred.
    package var assignors = Assignor.allCases
    /// None leaves it to the engine: 45 s, as Kafka's consumers have it, within what is allowed.
    package var sessionTimeout: Duration?
    package var rebalanceTimeout = Duration.seconds(300)
    /// Of a static member (KIP-345).
    package var instanceID: String?
    /// Of a member that was there before.
    package var memberID = ""
    /// What that member still works on.
    package var owned: [TopicShare] = []
    package var clientID = ""
    package var clientHost = ""

    package init(group: String, topics: [String]) {
        self.group = group
        self.topics = topics
    }

    static let sessionTimeoutByDefault = Duration.seconds(45)

    /// What the member says of itself, for each of its assignors. Kafka's sticky assignor reads what
    /// it had in the user data, others in the subscription's own field.
    func protocols(owned: [TopicShare], generation: Int32) -> [MemberProtocol] {
        let topics = Set(topics).sorted()
        return assignors.map { assignor in
            var subscription = ConsumerSubscription(topics: topics)
            guard assignor == .sticky, !owned.isEmpty else {
                return MemberProtocol(
                    name: assignor.rawValue, metadata: subscription.encoded(version: 0))
            }
            subscription.owned = owned
            subscription.generation = generation
            subscription.userData = StickyUserData(owned: owned, generation: generation).encoded()
            return MemberProtocol(
                name: assignor.rawValue, metadata: subscription.encoded(version: 2))
        }
    }
}

/// What a member is told.
package enum MembershipEvent: Sendable {
    /// These partitions are the member's from now on.
    case assigned(MemberAssignment)
    /// The member gives up its partitions, commits, and says `revoked`.
    case revoke
    /// It is a member no more.
    case ended(CoordinationError)
}

package struct MemberAssignment: Hashable, Sendable {
    package var memberID: String
    package var generation: Int32
    package var assignor: String
    package var partitions: [TopicShare]
    package var isLeader: Bool
    package var sessionTimeout: Duration
}
