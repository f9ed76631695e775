internal import MillraceClient

// What `millrace topic` prints with --json. The names are those of the lines for people.

struct TopicDocument: Encodable {
    let topic: String
    let id: String
    /// By number.
    let partitions: [PartitionDocument]
    /// What has been set; the rest has the broker's defaults.
    let config: [String: String]

    init(_ description: TopicDescription) {
        topic = description.name.string
        id = "\(description.id)"
        partitions = description.partitions.map(PartitionDocument.init)
        config = Dictionary(
            uniqueKeysWithValues: description.config.entries.map { ($0.key.rawValue, $0.value) })
    }
}

struct PartitionDocument: Encodable {
    let partition: Int32
    let start: Int64
    let highWatermark: Int64
    let end: Int64
    let bytes: Int64
    /// Why the partition takes no writes; left out when it does.
    let readOnly: String?

    init(_ description: PartitionDescription) {
        partition = description.partition
        start = description.logStartOffset.value
        highWatermark = description.highWatermark.value
        end = description.logEndOffset.value
        bytes = description.sizeBytes
        readOnly = description.readOnlyReason
    }

    private enum CodingKeys: String, CodingKey {
        case partition, start, end, bytes
        case highWatermark = "high-watermark"
        case readOnly = "read-only"
    }
}

struct TopicListingDocument: Encodable {
    let topic: String
    let id: String
    let partitions: Int32

    init(_ listing: TopicListing) {
        topic = listing.name.string
        id = "\(listing.id)"
        partitions = listing.partitionCount
    }
}
