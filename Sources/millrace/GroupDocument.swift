internal import MillraceClient

// What `millrace group` prints with --json.

struct GroupListingDocument: Encodable {
    let group: String
    let state: String
    let protocolType: String

    init(_ listing: GroupListing) {
        group = listing.group
        state = listing.state
        protocolType = listing.protocolType
    }

    private enum CodingKeys: String, CodingKey {
        case group, state
        case protocolType = "protocol-type"
    }
}

struct GroupDocument: Encodable {
    struct Member: Encodable {
        let member: String
        let instance: String?
        let client: String
        let host: String
        let partitions: [PlaceDocument]
    }

    let group: String
    let state: String
    let assignor: String
    let members: [Member]
    let offsets: [CommittedDocument]

    init(_ description: GroupDescription) {
        group = description.group
        state = description.state
        assignor = description.assignor
        members = description.members.map {
            Member(
                member: $0.memberID, instance: $0.instanceID, client: $0.clientID, host: $0.clientHost,
                partitions: $0.partitions.sorted().map(PlaceDocument.init))
        }
        offsets = description.offsets.map(CommittedDocument.init)
    }
}

struct PlaceDocument: Encodable {
    let topic: String
    let partition: Int32

    init(_ place: TopicPartition) {
        topic = place.topic.string
        partition = place.partition
    }
}

struct CommittedDocument: Encodable {
    let topic: String
    let partition: Int32
    let offset: Int64
    /// Left out where the partition is gone, or nobody has asked.
    let lag: Int64?

    init(_ committed: CommittedOffset) {
        topic = committed.topic.string
        partition = committed.partition
        offset = committed.offset.value
        lag = nil
    }

    init(_ offset: GroupOffset) {
        topic = offset.committed.topic.string
        partition = offset.committed.partition
        self.offset = offset.committed.offset.value
        lag = offset.lag
    }
}
