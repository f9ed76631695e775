internal import MillraceKafkaProtocol

/// What the Kafka listener serves; a client is told of nothing else.
enum KafkaSurface {
    /// Every version that Kafka 4.4 has, except where it is not whole without what Millrace does not have yet.
    /// Produce begins at 0 since librdkafka drops codecs without a word where it does not (KAFKA-18659); the versions
    /// below 3, whose messages Kafka 4 does not take either, are answered with UNSUPPORTED_VERSION.
    static let versions: [API: ClosedRange<Int16>] = [
        .produce: 0...13, .fetch: 4...18, .listOffsets: 1...11, .metadata: 0...13,
        .offsetCommit: 2...10, .offsetFetch: 1...10, .findCoordinator: 0...6,
        .joinGroup: 0...9, .heartbeat: 0...4, .leaveGroup: 0...5, .syncGroup: 0...5,
        .describeGroups: 0...6, .listGroups: 0...5,
        .apiVersions: 0...4,
        .createTopics: 2...7, .deleteTopics: 1...6, .deleteRecords: 0...2,
        .initProducerID: 0...5, .addPartitionsToTxn: 0...5, .addOffsetsToTxn: 0...4, .endTxn: 0...4,
        .writeTxnMarkers: 1...2, .txnOffsetCommit: 0...4,
        .describeTransactions: 0...0, .listTransactions: 0...1,
        .offsetForLeaderEpoch: 2...4,
        .describeConfigs: 1...4, .alterConfigs: 0...2, .alterReplicaLogDirs: 1...2,
        .describeLogDirs: 1...5, .createPartitions: 0...3, .deleteGroups: 0...3,
        .electLeaders: 0...2, .incrementalAlterConfigs: 0...1,
        .alterPartitionReassignments: 0...1, .listPartitionReassignments: 0...0,
        .offsetDelete: 0...0, .describeClientQuotas: 0...1, .alterClientQuotas: 0...1,
        .describeQuorum: 0...2, .updateFeatures: 0...2, .describeCluster: 0...2,
        .describeProducers: 0...0, .unregisterBroker: 0...0, .listConfigResources: 0...1,
        .describeTopicPartitions: 0...0,
    ]
}
