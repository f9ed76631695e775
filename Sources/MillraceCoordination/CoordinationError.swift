package import MillraceModel

/// What a coordinator refuses. Each case is one of Kafka's error codes, which the case's comment
/// names.
package enum CoordinationError: Error, Hashable, Sendable {
    /// INVALID_GROUP_ID.
    case invalidGroupID(String, limit: Int)
    /// GROUP_ID_NOT_FOUND.
    case groupIDNotFound(String)
    /// NON_EMPTY_GROUP.
    case nonEmptyGroup(String, memberCount: Int)
    /// GROUP_MAX_SIZE_REACHED.
    case groupMaxSizeReached(String, limit: Int)
    /// UNKNOWN_MEMBER_ID.
    case unknownMemberID(group: String, member: String)
    /// MEMBER_ID_REQUIRED: the member joins again with this id (KIP-394).
    case memberIDRequired(assigned: String)
    /// FENCED_INSTANCE_ID: another member has the same `group.instance.id` by now (KIP-345).
    case fencedInstanceID(group: String, instance: String)
    /// UNKNOWN_MEMBER_ID: another session speaks for the member by now.
    case supersededMember(group: String, member: String)
    /// ILLEGAL_GENERATION.
    case illegalGeneration(group: String, given: Int32, current: Int32)
    /// REBALANCE_IN_PROGRESS: the member joins again.
    case rebalanceInProgress(group: String)
    /// INCONSISTENT_GROUP_PROTOCOL.
    case inconsistentGroupProtocol(group: String)
    /// INVALID_SESSION_TIMEOUT.
    case invalidSessionTimeout(Duration, allowed: ClosedRange<Duration>)
    /// GROUP_SUBSCRIBED_TO_TOPIC.
    case groupSubscribedToTopic(group: String, TopicName)
    /// OFFSET_METADATA_TOO_LARGE.
    case offsetMetadataTooLarge(group: String, TopicPartition, bytes: Int, limit: Int)
    /// INVALID_REQUEST: Kafka leaves it to its clients to refuse such an offset.
    case invalidOffset(group: String, TopicPartition, Offset)
    /// INVALID_COMMIT_OFFSET_SIZE: the log takes no batch that is so large.
    case commitTooLarge(group: String, bytes: Int, limit: Int)
    /// UNKNOWN_SERVER_ERROR: the log takes no batch that is so large, and to try again is no use.
    case recordsTooLarge(bytes: Int, limit: Int)
    /// INVALID_PRODUCER_EPOCH: a younger incarnation of the producer has committed, or its transaction was ended.
    case producerFenced(ProducerID, given: ProducerEpoch, current: ProducerEpoch)
    /// COORDINATOR_NOT_AVAILABLE: a transaction ended while offsets were to be committed in one.
    case transactionEnded(group: String)
    /// COORDINATOR_NOT_AVAILABLE: the coordinator stops, or the group is just being deleted.
    case coordinatorNotAvailable(String)
    /// COORDINATOR_NOT_AVAILABLE: the log refused the records.
    case log(String)
}

extension CoordinationError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .invalidGroupID(let group, let limit):
            "illegal group '\(group.prefix(300))': a group's name has 1 to \(limit) bytes"
        case .groupIDNotFound(let group):
            "there is no group '\(group)'"
        case .nonEmptyGroup(let group, let memberCount):
            "group '\(group)' has \(memberCount) members; stop them first"
        case .groupMaxSizeReached(let group, let limit):
            "group '\(group)' has all the \(limit) members that group.max.size allows"
        case .unknownMemberID(let group, let member):
            if member.isEmpty {
                """
                group '\(group)' has members, and only they commit for it: stop them, or commit as \
                one of them
                """
            } else {
                "group '\(group)' has no member '\(member)': join again without an id"
            }
        case .memberIDRequired(let assigned):
            "join again as '\(assigned)'"
        case .fencedInstanceID(let group, let instance):
            "in group '\(group)' another member has taken the place of instance '\(instance)'"
        case .supersededMember(let group, let member):
            "another session goes on as member '\(member)' of group '\(group)'"
        case .illegalGeneration(let group, let given, let current):
            "generation \(given) of group '\(group)' is over, it is at \(current): join again"
        case .rebalanceInProgress(let group):
            "group '\(group)' rebalances: join again"
        case .inconsistentGroupProtocol(let group):
            "no protocol of this member is one that all members of group '\(group)' know"
        case .invalidSessionTimeout(let timeout, let allowed):
            """
            a session timeout of \(timeout) is not within group.min.session.timeout.ms and \
            group.max.session.timeout.ms, \(allowed.lowerBound) to \(allowed.upperBound)
            """
        case .groupSubscribedToTopic(let group, let topic):
            "members of group '\(group)' are subscribed to topic '\(topic)'; stop them first"
        case .offsetMetadataTooLarge(let group, let partition, let bytes, let limit):
            """
            group '\(group)' commits \(bytes) bytes of metadata for \(partition); the limit is \
            \(limit)
            """
        case .invalidOffset(let group, let partition, let offset):
            "group '\(group)' commits offset \(offset) of \(partition), and offsets begin at 0"
        case .commitTooLarge(let group, let bytes, let limit):
            """
            group '\(group)' commits offsets of \(bytes) bytes at once; the limit is \(limit): \
            commit fewer partitions at a time
            """
        case .recordsTooLarge(let bytes, let limit):
            """
            the groups' log takes batches of \(limit) bytes, and the group needs \(bytes): give it \
            fewer members, or let them subscribe with less
            """
        case .producerFenced(let producer, let given, let current):
            """
            epoch \(given.value) of producer \(producer.value) is over, it is at \(current.value): another instance \
            has taken its place
            """
        case .transactionEnded(let group):
            "a transaction has just ended where the offsets of group '\(group)' are: try again"
        case .coordinatorNotAvailable(let reason):
            "\(reason); try again"
        case .log(let reason):
            "the groups' log: \(reason)"
        }
    }
}
