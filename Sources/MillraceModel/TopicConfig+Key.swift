// What there is to know of each setting: for those who check it, and for those who show it.

extension TopicConfig.Key {
    /// What holds where neither the topic nor the broker says anything, which is what Kafka has.
    public var defaultText: String {
        switch self {
        case .cleanupPolicy: "delete"
        case .compactionLagMaxMilliseconds: "9223372036854775807"
        case .compactionLagMinMilliseconds: "0"
        case .compressionType: "producer"
        case .deleteRetentionMilliseconds: "86400000"
        case .dirtyRatioMin: "0.5"
        case .durability: "durable"
        case .indexIntervalBytes: "4096"
        case .messageBytesMax: "1048588"
        case .retentionBytes: "-1"
        case .retentionMilliseconds, .segmentMilliseconds: "604800000"
        case .segmentBytes: "1073741824"
        case .segmentJitterMilliseconds: "0"
        case .inSyncReplicasMin: "1"
        case .timestampAfterMaxMilliseconds: "3600000"
        case .timestampBeforeMaxMilliseconds: "9223372036854775807"
        case .timestampType: "CreateTime"
        }
    }

    /// What its value is, by Kafka's numbers.
    public var type: ConfigType {
        switch self {
        case .cleanupPolicy: .list
        case .compressionType, .durability, .timestampType: .string
        case .dirtyRatioMin: .double
        case .indexIntervalBytes, .messageBytesMax, .segmentBytes, .inSyncReplicasMin: .int
        case .retentionBytes, .retentionMilliseconds, .segmentJitterMilliseconds,
            .segmentMilliseconds, .timestampAfterMaxMilliseconds, .timestampBeforeMaxMilliseconds,
            .compactionLagMaxMilliseconds, .compactionLagMinMilliseconds, .deleteRetentionMilliseconds:
            .long
        }
    }

    /// One line for people.
    public var documentation: String {
        switch self {
        case .cleanupPolicy:
            """
            What becomes of old segments: delete removes them by age and size, compact keeps the last record of \
            each key, compact,delete does both.
            """
        case .compactionLagMaxMilliseconds:
            "With compact, a record is compacted at the latest when it is so old, whatever the dirty ratio."
        case .compactionLagMinMilliseconds: "With compact, a record stays for so long at least."
        case .compressionType:
            """
            How batches are stored: producer keeps what the producer chose; uncompressed, gzip, \
            snappy, lz4 and zstd make every batch so.
            """
        case .deleteRetentionMilliseconds:
            "With compact, a record without a value, which deletes its key, stays for so long to be seen."
        case .dirtyRatioMin:
            "With compact, a log is compacted when more than this part of it, from 0 to 1, is not yet."
        case .durability:
            """
            What an acknowledgement means: durable survives power loss, relaxed a crash of the \
            process. Fixed when the topic is made.
            """
        case .indexIntervalBytes: "An index entry is made every so many bytes of log."
        case .messageBytesMax:
            "The most bytes a record batch may have, compressed and with its header."
        case .retentionBytes:
            "The oldest segments of a partition that is larger are deleted; -1 for no limit."
        case .retentionMilliseconds:
            "Segments whose newest record is older are deleted; -1 for no limit."
        case .segmentBytes: "A segment is rolled before it would grow past this."
        case .segmentJitterMilliseconds:
            "At most so much earlier than segment.ms a segment is rolled, at random."
        case .segmentMilliseconds:
            "A segment is rolled when its first record is this much older than the newest."
        case .inSyncReplicasMin:
            "Replicas that have to have a record of acks=all; one node has one."
        case .timestampAfterMaxMilliseconds:
            "A record may be at most so much later than the broker's clock, with CreateTime."
        case .timestampBeforeMaxMilliseconds:
            "A record may be at most so much earlier than the broker's clock, with CreateTime."
        case .timestampType:
            "Whose clock times a record: CreateTime the producer's, LogAppendTime the broker's."
        }
    }

    /// The broker's settings from which a topic's unset one takes its value, the first that is set.
    public var brokerKeys: [TopicDefaults.Key] {
        switch self {
        case .cleanupPolicy: [.cleanupPolicy]
        case .compactionLagMaxMilliseconds: [.compactionLagMaxMilliseconds]
        case .compactionLagMinMilliseconds: [.compactionLagMinMilliseconds]
        case .compressionType: [.compressionType]
        case .deleteRetentionMilliseconds: [.deleteRetentionMilliseconds]
        case .dirtyRatioMin: [.dirtyRatioMin]
        case .durability: []
        case .indexIntervalBytes: [.indexIntervalBytes]
        case .messageBytesMax: [.messageBytesMax]
        case .retentionBytes: [.retentionBytes]
        case .retentionMilliseconds: [.retentionMilliseconds, .retentionMinutes, .retentionHours]
        case .segmentBytes: [.segmentBytes]
        case .segmentJitterMilliseconds: [.rollJitterMilliseconds, .rollJitterHours]
        case .segmentMilliseconds: [.rollMilliseconds, .rollHours]
        case .inSyncReplicasMin: [.inSyncReplicasMin]
        case .timestampAfterMaxMilliseconds: [.timestampAfterMaxMilliseconds]
        case .timestampBeforeMaxMilliseconds: [.timestampBeforeMaxMilliseconds]
        case .timestampType: [.timestampType]
        }
    }

    /// `segment.bytes` starts at 1 MiB and `max.message.bytes` ends at 64 MiB: a batch must fit a
    /// segment and a receive buffer, both of which are bounded here.
    var rule: ConfigRule {
        switch self {
        case .cleanupPolicy: .cleanupPolicy
        case .compressionType:
            .choice(["producer", "uncompressed", "gzip", "snappy", "lz4", "zstd"])
        case .durability: .choice(["durable", "relaxed"])
        case .indexIntervalBytes: .number(0...Int64(Int32.max))
        case .messageBytesMax: .number(61...(64 << 20))
        case .retentionBytes, .retentionMilliseconds: .number(-1...Int64.max)
        case .segmentBytes: .number((1 << 20)...(1 << 30))
        case .segmentMilliseconds, .compactionLagMaxMilliseconds: .number(1...Int64.max)
        case .segmentJitterMilliseconds, .timestampAfterMaxMilliseconds,
            .timestampBeforeMaxMilliseconds, .compactionLagMinMilliseconds, .deleteRetentionMilliseconds:
            .number(0...Int64.max)
        case .dirtyRatioMin: .fraction
        case .inSyncReplicasMin: .number(1...Int64(Int32.max))
        case .timestampType: .choice(["CreateTime", "LogAppendTime"])
        }
    }
}
