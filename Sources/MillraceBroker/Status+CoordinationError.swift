internal import MillraceCoordination
internal import MillraceNativeProtocol

// What the groups' coordinator says, in gRPC's numbers.

extension Status {
    init(_ error: CoordinationError) {
        self.init(Self.code(error), "\(error)", details: Self.details(error))
    }

    private static func code(_ error: CoordinationError) -> StatusCode {
        switch error {
        case .invalidGroupID, .invalidSessionTimeout, .offsetMetadataTooLarge, .invalidOffset: .invalidArgument
        case .groupIDNotFound: .notFound
        case .nonEmptyGroup, .inconsistentGroupProtocol, .groupSubscribedToTopic: .failedPrecondition
        case .groupMaxSizeReached, .commitTooLarge, .recordsTooLarge: .resourceExhausted
        case .unknownMemberID, .supersededMember, .fencedInstanceID, .illegalGeneration, .rebalanceInProgress,
            .memberIDRequired, .producerFenced:
            .aborted
        case .transactionEnded, .coordinatorNotAvailable, .log: .unavailable
        }
    }

    private static func details(_ error: CoordinationError) -> [String: String] {
        switch error {
        case .invalidGroupID(let group, let limit):
            ["group": String(group.prefix(300)), "limit": "\(limit)"]
        case .groupIDNotFound(let group), .nonEmptyGroup(let group, _), .inconsistentGroupProtocol(let group):
            ["group": group]
        case .groupMaxSizeReached(let group, let limit): ["group": group, "limit": "\(limit)"]
        case .unknownMemberID(let group, _): ["group": group, "reason": "unknown_member"]
        case .supersededMember(let group, _): ["group": group, "reason": "superseded"]
        case .fencedInstanceID(let group, _): ["group": group, "reason": "fenced_instance"]
        case .illegalGeneration(let group, _, _): ["group": group, "reason": "illegal_generation"]
        case .rebalanceInProgress(let group): ["group": group, "reason": "rebalance_in_progress"]
        case .memberIDRequired: ["reason": "unknown_member"]
        case .invalidSessionTimeout(let timeout, let allowed):
            ["session_timeout": "\(timeout)", "limit": "\(allowed.lowerBound) to \(allowed.upperBound)"]
        case .groupSubscribedToTopic(let group, let topic): ["group": group, "topic": topic.string]
        case .offsetMetadataTooLarge(let group, let partition, _, let limit):
            ["group": group, "topic": partition.topic.string, "limit": "\(limit)"]
        case .invalidOffset(let group, let partition, let offset):
            ["group": group, "topic": partition.topic.string, "offset": "\(offset.value)"]
        case .commitTooLarge(let group, _, let limit): ["group": group, "limit": "\(limit)"]
        case .recordsTooLarge(_, let limit): ["limit": "\(limit)"]
        case .producerFenced(let producer, _, let current):
            ["producer_id": "\(producer.value)", "producer_epoch": "\(current.value)", "reason": "producer_fenced"]
        case .transactionEnded(let group): ["group": group]
        case .coordinatorNotAvailable, .log: [:]
        }
    }
}
