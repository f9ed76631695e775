package import MillraceModel

/// A generation of a group as it is written down: who was in it, and what each was assigned.
package struct GroupMetadata: Hashable, Sendable {
    package struct Member: Hashable, Sendable {
        package var id: String
        package var instanceID: String?
        package var clientID: String
        package var clientHost: String
        /// None in records from before KIP-62.
        package var rebalanceTimeout: Duration?
        package var sessionTimeout: Duration
        package var subscription: [UInt8]
        package var assignment: [UInt8]
    }

    package var protocolType: String
    package var generation: Int32
    package var protocolName: String?
    package var leader: String?
    /// None in records from before it was written.
    package var stateSince: Timestamp?
    package var members: [Member]
}

/// What a group that decided something asks of the coordinator around it.
enum GroupEffect: Sendable {
    case answerJoin(AnswerTicket, Result<JoinAnswer, CoordinationError>)
    case answerSync(AnswerTicket, Result<SyncAnswer, CoordinationError>)
    /// The coordinator writes the metadata, has it replayed, and tells the group by `finish`.
    case write(GroupMetadata, GroupWrite)
    /// Something that whoever looks after the broker wants to know.
    case tell(String)
}

/// What a record of a group's metadata is written for.
enum GroupWrite: Sendable {
    /// Nobody waits for it.
    case noMembers
    /// The members of the generation wait for their assignments.
    case assignment(generation: Int32)
    /// A static member has come back under a new id, and waits to hear that all is as it was.
    case replacement(Replacement)
}

struct Replacement: Sendable {
    /// The member as it was.
    var replaced: GroupMember
    var memberID: String
    var ticket: AnswerTicket
    var generation: Int32
    /// Who leads as far as the member is told: from before KIP-814 a leader that is named would
    /// assign, so it hears of its former self.
    var leader: String
    var tellsMembers: Bool
}
