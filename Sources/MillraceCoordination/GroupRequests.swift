/// One way of assigning partitions that a member knows, with what the member says for it: its
/// subscription, for consumers.
package struct MemberProtocol: Hashable, Sendable {
    package var name: String
    package var metadata: [UInt8]

    package init(name: String, metadata: [UInt8]) {
        self.name = name
        self.metadata = metadata
    }
}

/// A member asks to be in the next generation.
package struct JoinRequest: Sendable {
    package var group: String
    /// Empty for a member that was given none yet.
    package var memberID = ""
    package var instanceID: String?
    package var clientID = ""
    package var clientHost = ""
    package var sessionTimeout: Duration
    /// None means the session timeout, as before KIP-62.
    package var rebalanceTimeout: Duration?
    package var protocolType: String
    /// In the order that the member prefers.
    package var protocols: [MemberProtocol]
    /// Why (KIP-800).
    package var reason: String?
    /// Whether a member without an id is given one and has to come back with it (KIP-394).
    package var requiresKnownMemberID = true
    /// Whether a leader can be told not to assign anything (KIP-814).
    package var supportsSkippingAssignment = true

    package init(
        group: String, memberID: String = "", sessionTimeout: Duration, protocolType: String,
        protocols: [MemberProtocol]
    ) {
        self.group = group
        self.memberID = memberID
        self.sessionTimeout = sessionTimeout
        self.protocolType = protocolType
        self.protocols = protocols
    }
}

/// A member is in a generation.
package struct JoinAnswer: Hashable, Sendable {
    package struct Member: Hashable, Sendable {
        package var memberID: String
        package var instanceID: String?
        package var metadata: [UInt8]
    }

    package var generation: Int32
    package var protocolType: String?
    package var protocolName: String?
    package var leader: String
    package var memberID: String
    /// Everybody's metadata for the chosen protocol, where the leader is asked to assign; empty for
    /// the others.
    package var members: [Member] = []
    package var skipsAssignment = false
}

/// A member asks for its assignment; the leader brings those of all.
package struct SyncRequest: Sendable {
    package struct Assignment: Sendable {
        package var memberID: String
        package var bytes: [UInt8]

        package init(memberID: String, bytes: [UInt8]) {
            self.memberID = memberID
            self.bytes = bytes
        }
    }

    package var group: String
    package var generation: Int32
    package var memberID: String
    package var instanceID: String?
    /// What the member believes, where it says so (KIP-559).
    package var protocolType: String?
    package var protocolName: String?
    package var assignments: [Assignment]

    package init(
        group: String, generation: Int32, memberID: String, assignments: [Assignment] = []
    ) {
        self.group = group
        self.generation = generation
        self.memberID = memberID
        self.assignments = assignments
    }
}

package struct SyncAnswer: Hashable, Sendable {
    package var protocolType: String?
    package var protocolName: String?
    package var assignment: [UInt8]
}

/// A member is alive.
package struct HeartbeatRequest: Sendable {
    package var group: String
    package var generation: Int32
    package var memberID: String
    package var instanceID: String?

    package init(group: String, generation: Int32, memberID: String, instanceID: String? = nil) {
        self.group = group
        self.generation = generation
        self.memberID = memberID
        self.instanceID = instanceID
    }
}

/// One of the members that leave: by its id, or, by somebody else's hand, by its instance id alone.
package struct LeavingMember: Hashable, Sendable {
    package var memberID: String
    package var instanceID: String?
    package var reason: String?

    package init(memberID: String, instanceID: String? = nil, reason: String? = nil) {
        self.memberID = memberID
        self.instanceID = instanceID
        self.reason = reason
    }
}

/// What came of it.
package struct LeftMember: Hashable, Sendable {
    package var memberID: String
    package var instanceID: String?
    /// None where it has left.
    package var error: CoordinationError?
}
