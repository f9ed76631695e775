/// How a coordinator treats its groups; the comments name Kafka's settings.
package struct GroupOptions: Equatable, Sendable {
    /// `group.min.session.timeout.ms` to `group.max.session.timeout.ms`.
    package var sessionTimeouts: ClosedRange<Duration> = .seconds(6) ... .seconds(1800)
    /// `group.initial.rebalance.delay.ms`: how long the first rebalance of an empty group waits
    /// for more members, and once more for each who comes meanwhile, up to the rebalance timeout.
    ///
    /// Kafka's default is 3 s, and 0 in the configuration it ships. Without a delay a fleet that
    /// starts together rebalances once a member; with 3 s a lone consumer waits that long for
    /// nobody. Members that start together come within a fraction of a second, and each prolongs
    /// the wait, so 100 ms gathers them and costs a lone consumer little.
    package var initialRebalanceDelay = Duration.milliseconds(100)
    /// How long a member that does not know its id yet may wait for its first rebalance.
    package var newMemberJoinTimeout = Duration.seconds(300)
    /// The longest that a member may have the others wait for it while they rebalance; one that
    /// asks for more gets this.
    ///
    /// Consumers send `max.poll.interval.ms`, and Kafka takes what they send. Hours are honest: a
    /// job that works on one poll for so long would do all its work again if it were dropped
    /// meanwhile, so this is no smaller. The 24 days of the largest number stand for "never", and
    /// must not keep a group from its work for longer than a day.
    package var rebalanceTimeoutMax = Duration.seconds(24 * 3600)
    /// `group.max.size`.
    package var memberCountMax = Int(Int32.max)
    /// How many ids a group may have given out to members that have not come back with them yet
    /// (KIP-394). Clients come back at once, so thousands are a large fleet that starts, or somebody
    /// who never does.
    package var pendingMemberCountMax = 10_000
    /// `offset.metadata.max.bytes`.
    package var offsetMetadataBytesMax = 4096
    /// `offsets.retention.minutes`.
    package var offsetsRetention = Duration.seconds(7 * 24 * 3600)
    /// `offsets.retention.check.interval.ms`.
    package var offsetsRetentionInterval = Duration.seconds(600)

    package init() {}
}
