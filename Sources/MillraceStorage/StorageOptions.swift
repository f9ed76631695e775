package import MillraceModel
package import SystemPackage

/// How a data directory is opened.
package struct StorageOptions: Sendable {
    package var directory: FilePath
    /// What topics without `millrace.durability` of their own get when they are created.
    package var durability = Durability.durable
    /// What holds for topics that do not say otherwise, as the broker was started.
    package var topicDefaults = TopicDefaults()
    /// One journal file. Each shard begins with one and makes more while they are all in use.
    package var journalFileBytes = 64 << 20
    /// Files a shard's journal may have; when all wait to be recycled, appends wait too.
    package var journalFileCountMax = 8
    /// False has the journal written through the page cache even where O_DIRECT works.
    package var usesDirectIO = true
    /// How often retention looks for segments to delete.
    package var retentionInterval = Duration.seconds(300)
    /// How often logs to compact are looked for.
    package var cleanerInterval = Duration.seconds(15)
    /// Memory for the keys of one cleaning, 32 bytes each.
    package var cleanerBufferBytes = 32 << 20
    /// Bytes that cleaning reads and writes in a second, in all shards together.
    package var cleanerBytesPerSecond = 64 << 20

    /// How long a partition remembers a producer that sends nothing.
    package var producerExpiration = Duration.milliseconds(86_400_000)
    /// How many producers a partition remembers; beyond it forgets those that were silent longest.
    package var producersMax = 100_000

    package init(directory: FilePath) { self.directory = directory }
}

/// The names in a data directory beside the partitions' own.
enum DataFiles {
    static let lock = ".lock"
    static let topics = "topics.millrace"
    static let cluster = "cluster.millrace"
    static let journal = "journal"
    static let brokerConfig = "millrace-broker-config"
    static let producerIDs = "millrace-producer-ids"
}
