/// What holds for a topic: its own settings over the broker's defaults over Kafka's.
public struct TopicSettings: Hashable, Sendable {
    /// The most bytes a record batch may have, compressed and with its header.
    public let messageBytesMax: Int
    /// A segment is rolled before it would grow past this.
    public let segmentBytes: Int
    /// A segment is rolled when its first record is this much older than the newest.
    public let segmentAgeMax: Duration
    /// At most so much earlier it is rolled, at random, so that not all partitions roll at once.
    public let segmentJitterMax: Duration
    /// Segments are deleted, oldest first, while the partition has more than this; nil for no
    /// limit.
    public let retentionBytes: Int64?
    /// Segments whose newest record is older than this are deleted; nil for no limit.
    public let retentionTime: Duration?
    /// Whether segments are deleted by age and size.
    public let deletesOldSegments: Bool
    /// Whether only the last record of each key is kept (KIP-58); a record without a key is refused then.
    public let isCompacted: Bool
    /// A log is compacted when more than this part of its bytes is not, from 0 to 1.
    public let dirtyRatioMin: Double
    /// A record is not compacted before it is so old.
    public let compactionLagMin: Duration
    /// A record is compacted at the latest when it is so old; nil for no limit (KIP-354).
    public let compactionLagMax: Duration?
    /// Compaction keeps a record without a value for so long (KIP-534).
    public let deleteRetention: Duration
    /// An index entry is made every so many bytes of log.
    public let indexIntervalBytes: Int
    /// The codec of every stored batch; nil keeps the producer's.
    public let compression: CompressionCodec?
    /// Records have the log's time, not their producer's.
    public let usesLogAppendTime: Bool
    /// How much earlier than the log's clock a producer's time may be; nil for no limit.
    public let timestampBeforeMax: Duration?
    /// How much later than the log's clock a producer's time may be; nil for no limit.
    public let timestampAfterMax: Duration?
    /// How many replicas have to have a record before it is acknowledged to a producer that asks
    /// for all of them.
    public let inSyncReplicasMin: Int

    /// Kafka's defaults.
    public init() { self = TopicDefaults().settings(for: TopicConfig()) }

    /// - Parameter text: what is set for a key, known to parse.
    init(_ text: (TopicConfig.Key) -> String) {
        func number(_ key: TopicConfig.Key) -> Int64 {
            Int64(text(key)) ?? Int64(key.defaultText) ?? 0
        }
        func limit(_ key: TopicConfig.Key) -> Duration? {
            let milliseconds = number(key)
            return milliseconds < 0 || milliseconds == .max ? nil : .milliseconds(milliseconds)
        }
        messageBytesMax = Int(number(.messageBytesMax))
        segmentBytes = Int(number(.segmentBytes))
        segmentAgeMax = .milliseconds(number(.segmentMilliseconds))
        segmentJitterMax = .milliseconds(
            min(number(.segmentJitterMilliseconds), number(.segmentMilliseconds)))
        let bytes = number(.retentionBytes)
        retentionBytes = bytes < 0 ? nil : bytes
        retentionTime = limit(.retentionMilliseconds)
        let policies = text(.cleanupPolicy).split(separator: ",")
        deletesOldSegments = policies.contains("delete")
        isCompacted = policies.contains("compact")
        dirtyRatioMin = Double(text(.dirtyRatioMin)) ?? 0.5
        compactionLagMin = .milliseconds(number(.compactionLagMinMilliseconds))
        compactionLagMax = limit(.compactionLagMaxMilliseconds)
        deleteRetention = .milliseconds(number(.deleteRetentionMilliseconds))
        indexIntervalBytes = Int(number(.indexIntervalBytes))
        let compressionType = text(.compressionType)
        compression =
            compressionType == "uncompressed"
            ? CompressionCodec.none : CompressionCodec(name: compressionType)
        usesLogAppendTime = text(.timestampType) == "LogAppendTime"
        timestampBeforeMax = limit(.timestampBeforeMaxMilliseconds)
        timestampAfterMax = limit(.timestampAfterMaxMilliseconds)
        inSyncReplicasMin = Int(number(.inSyncReplicasMin))
    }
}
