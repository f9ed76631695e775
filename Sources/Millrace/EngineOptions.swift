public import Logging
package import MillraceCoordination
public import MillraceModel
internal import MillraceStorage
internal import SystemPackage

/// How an engine is opened. The defaults are those of `millrace serve`.
public struct EngineOptions: Sendable {
    /// Threads with a ring each; nil for one a core.
    public var shardCount: Int?
    /// What an acknowledgement means for new topics that do not say it themselves.
    public var durability: Durability
    /// What holds for topics that do not say otherwise.
    public var topicDefaults = TopicDefaults()
    /// Partitions of a new topic that does not say how many.
    public var partitionCount: Int32 = 1
    /// Partitions of `__consumer_offsets` when it is made.
    public var offsetsPartitionCount: Int32 = 50
    /// Partitions of `__transaction_state` when it is made.
    public var transactionStatePartitionCount: Int32 = 50
    /// How groups are treated.
    package var groups = GroupOptions()
    /// How transactions are treated.
    package var transactions = TransactionOptions()
    /// Bytes of one journal file. Each shard begins with one and makes more while all are in use.
    public var journalFileBytes = 64 << 20
    /// Files that a shard's journal may have; while all wait to be recycled, durable appends wait
    /// too.
    public var journalFileCountMax = 8
    /// A partition forgets an idempotent producer that has sent nothing for so long.
    public var producerExpiration = Duration.seconds(86_400)
    /// How often old segments are looked for.
    public var retentionInterval = Duration.seconds(300)
    /// How often logs of compacted topics are looked for that are to be cleaned.
    public var cleanerInterval = Duration.seconds(15)
    /// Memory in bytes for the keys of one cleaning, 32 bytes each: where a log has more, it is cleaned in several
    /// rounds. One log is cleaned at a time.
    public var cleanerBufferBytes = 32 << 20
    /// How many bytes cleaning reads and writes in a second, so that producers have the disk.
    public var cleanerBytesPerSecond = 64 << 20
    /// Where the engine tells what it does; never once a record.
    public var logger: Logger

    /// The defaults, but for what is given.
    public init(
        shardCount: Int? = nil, durability: Durability = .durable,
        logger: Logger = Logger(label: "millrace")
    ) {
        self.shardCount = shardCount
        self.durability = durability
        self.logger = logger
    }

    func storageOptions(directory: String) -> StorageOptions {
        var options = StorageOptions(directory: FilePath(directory))
        options.durability = durability
        options.topicDefaults = topicDefaults
        options.journalFileBytes = journalFileBytes
        options.journalFileCountMax = journalFileCountMax
        options.retentionInterval = retentionInterval
        options.producerExpiration = producerExpiration
        options.cleanerInterval = cleanerInterval
        options.cleanerBufferBytes = cleanerBufferBytes
        options.cleanerBytesPerSecond = cleanerBytesPerSecond
        return options
    }
}
