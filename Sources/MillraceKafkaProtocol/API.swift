/// The requests that Kafka's clients send, by their key (`apiKey` in the schemas of Apache Kafka 4.4).
package enum API: Int16, Hashable, Sendable, CaseIterable {
    case produce = 0
    case fetch = 1
    case listOffsets = 2
    case metadata = 3
    case offsetCommit = 8
    case offsetFetch = 9
    case findCoordinator = 10
    case joinGroup = 11
    case heartbeat = 12
    case leaveGroup = 13
    case syncGroup = 14
    case describeGroups = 15
    case listGroups = 16
    case saslHandshake = 17
    case apiVersions = 18
    case createTopics = 19
    case deleteTopics = 20
    case deleteRecords = 21
    case initProducerID = 22
    case offsetForLeaderEpoch = 23
    case addPartitionsToTxn = 24
    case addOffsetsToTxn = 25
    case endTxn = 26
    case writeTxnMarkers = 27
    case txnOffsetCommit = 28
    case describeAcls = 29
    case createAcls = 30
    case deleteAcls = 31
    case describeConfigs = 32
    case alterConfigs = 33
    case alterReplicaLogDirs = 34
    case describeLogDirs = 35
    case saslAuthenticate = 36
    case createPartitions = 37
    case createDelegationToken = 38
    case renewDelegationToken = 39
    case expireDelegationToken = 40
    case describeDelegationToken = 41
    case deleteGroups = 42
    case electLeaders = 43
    case incrementalAlterConfigs = 44
    case alterPartitionReassignments = 45
    case listPartitionReassignments = 46
    case offsetDelete = 47
    case describeClientQuotas = 48
    case alterClientQuotas = 49
    case describeUserScramCredentials = 50
    case alterUserScramCredentials = 51
    case describeQuorum = 55
    case updateFeatures = 57
    case describeCluster = 60
    case describeProducers = 61
    case unregisterBroker = 64
    case describeTransactions = 65
    case listTransactions = 66
    case consumerGroupHeartbeat = 68
    case consumerGroupDescribe = 69
    case getTelemetrySubscriptions = 71
    case pushTelemetry = 72
    case listConfigResources = 74
    case describeTopicPartitions = 75
    case shareGroupHeartbeat = 76
    case shareGroupDescribe = 77
    case shareFetch = 78
    case shareAcknowledge = 79
    case addRaftVoter = 80
    case removeRaftVoter = 81
    case streamsGroupHeartbeat = 88
    case streamsGroupDescribe = 89
    case describeShareGroupOffsets = 90
    case alterShareGroupOffsets = 91
    case deleteShareGroupOffsets = 92
    case streamsGroupTopologyDescriptionUpdate = 93

    /// The versions whose layout is known here; what a broker serves may be fewer.
    package var versions: ClosedRange<Int16> {
        switch self {
        case .listPartitionReassignments, .offsetDelete, .describeUserScramCredentials,
            .alterUserScramCredentials, .describeProducers, .unregisterBroker,
            .describeTransactions, .getTelemetrySubscriptions, .pushTelemetry,
            .describeTopicPartitions, .removeRaftVoter, .alterShareGroupOffsets,
            .deleteShareGroupOffsets, .streamsGroupTopologyDescriptionUpdate: 0...0
        case .saslHandshake, .incrementalAlterConfigs, .alterPartitionReassignments,
            .describeClientQuotas, .alterClientQuotas, .consumerGroupHeartbeat,
            .consumerGroupDescribe, .listConfigResources, .addRaftVoter, .streamsGroupHeartbeat,
            .streamsGroupDescribe, .describeShareGroupOffsets: 0...1
        case .deleteRecords, .alterConfigs, .saslAuthenticate, .electLeaders, .describeQuorum,
            .updateFeatures, .describeCluster, .listTransactions: 0...2
        case .createPartitions, .deleteGroups: 0...3
        case .heartbeat, .addOffsetsToTxn: 0...4
        case .leaveGroup, .syncGroup, .listGroups, .apiVersions, .addPartitionsToTxn, .endTxn: 0...5
        case .findCoordinator, .describeGroups, .initProducerID, .txnOffsetCommit: 0...6
        case .joinGroup: 0...9
        case .produce, .metadata: 0...13
        case .shareGroupHeartbeat, .shareGroupDescribe: 1...1
        case .writeTxnMarkers, .alterReplicaLogDirs, .renewDelegationToken, .expireDelegationToken,
            .shareFetch, .shareAcknowledge: 1...2
        case .describeAcls, .createAcls, .deleteAcls, .createDelegationToken,
            .describeDelegationToken: 1...3
        case .describeConfigs: 1...4
        case .describeLogDirs: 1...5
        case .deleteTopics: 1...6
        case .offsetFetch: 1...10
        case .listOffsets: 1...11
        case .offsetForLeaderEpoch: 2...4
        case .createTopics: 2...7
        case .offsetCommit: 2...10
        case .fetch: 4...18
        }
    }

    /// The first version with compact lengths and tagged fields (KIP-482); nil where there is none.
    package var firstFlexible: Int16? {
        switch self {
        case .alterPartitionReassignments, .listPartitionReassignments,
            .describeUserScramCredentials, .alterUserScramCredentials, .describeQuorum,
            .updateFeatures, .describeCluster, .describeProducers, .unregisterBroker,
            .describeTransactions, .listTransactions, .consumerGroupHeartbeat,
            .consumerGroupDescribe, .getTelemetrySubscriptions, .pushTelemetry,
            .listConfigResources, .describeTopicPartitions, .shareGroupHeartbeat,
            .shareGroupDescribe, .shareFetch, .shareAcknowledge, .addRaftVoter, .removeRaftVoter,
            .streamsGroupHeartbeat, .streamsGroupDescribe, .describeShareGroupOffsets,
            .alterShareGroupOffsets, .deleteShareGroupOffsets,
            .streamsGroupTopologyDescriptionUpdate: 0
        case .writeTxnMarkers, .incrementalAlterConfigs, .describeClientQuotas, .alterClientQuotas: 1
        case .deleteRecords, .initProducerID, .describeAcls, .createAcls, .deleteAcls,
            .alterConfigs, .alterReplicaLogDirs, .describeLogDirs, .saslAuthenticate,
            .createPartitions, .createDelegationToken, .renewDelegationToken,
            .expireDelegationToken, .describeDelegationToken, .deleteGroups, .electLeaders: 2
        case .findCoordinator, .listGroups, .apiVersions, .addPartitionsToTxn, .addOffsetsToTxn,
            .endTxn, .txnOffsetCommit: 3
        case .heartbeat, .leaveGroup, .syncGroup, .deleteTopics, .offsetForLeaderEpoch,
            .describeConfigs: 4
        case .describeGroups, .createTopics: 5
        case .listOffsets, .offsetFetch, .joinGroup: 6
        case .offsetCommit: 8
        case .produce, .metadata: 9
        case .fetch: 12
        case .saslHandshake, .offsetDelete: nil
        }
    }

    package func isFlexible(_ version: Int16) -> Bool { firstFlexible.map { version >= $0 } ?? false }
}
