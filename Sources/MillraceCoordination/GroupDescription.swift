/// A group as `describe` shows it. Metadata and assignments are those of a stable generation.
package struct GroupDescription: Hashable, Sendable {
    package struct Member: Hashable, Sendable {
        package var id: String
        package var instanceID: String?
        package var clientID: String
        package var clientHost: String
        package var metadata: [UInt8]
        package var assignment: [UInt8]
    }

    package var id: String
    package var state: GroupState
    /// Empty where nobody has ever joined.
    package var protocolType: String
    /// Empty unless the group is stable.
    package var protocolName: String
    package var members: [Member]
}

/// A group as `list` shows it.
package struct GroupListing: Hashable, Sendable {
    package var id: String
    package var protocolType: String
    package var state: GroupState
    /// Kafka's name of the protocol that the group runs (KIP-848).
    package var type: String
}
