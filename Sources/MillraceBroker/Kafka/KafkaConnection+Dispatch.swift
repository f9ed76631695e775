internal import MillraceKafkaProtocol

extension KafkaConnection {
    /// The one switch between what is asked and who answers.
    func respond(to request: AnyRequest, _ call: KafkaCall) async throws {
        switch request {
        case .apiVersions(let request): answer(apiVersions(request, call), call)
        case .metadata(let request): answer(await metadata(request, call), call)
        case .fetch(let request): try await fetch(request, call)
        case .listOffsets(let request): answer(await listOffsets(request), call)
        case .offsetForLeaderEpoch(let request): answer(await offsetForLeaderEpoch(request), call)
        case .createTopics(let request): answer(await createTopics(request), call)
        case .deleteTopics(let request): answer(await deleteTopics(request, call), call)
        case .createPartitions(let request): answer(await createPartitions(request), call)
        case .deleteRecords(let request): answer(await deleteRecords(request), call)
        case .describeCluster(let request): answer(describeCluster(request), call)
        case .describeTopicPartitions(let request): answer(describeTopicPartitions(request), call)
        case .describeLogDirs(let request): answer(await describeLogDirs(request), call)
        case .electLeaders(let request): answer(electLeaders(request), call)
        case .alterPartitionReassignments(let request): answer(alterPartitionReassignments(request), call)
        case .listPartitionReassignments: answer(listPartitionReassignments(), call)
        case .describeQuorum(let request): answer(describeQuorum(request), call)
        case .updateFeatures(let request): answer(updateFeatures(request, call), call)
        case .alterReplicaLogDirs(let request): answer(alterReplicaLogDirs(request), call)
        case .unregisterBroker(let request): answer(unregisterBroker(request), call)
        case .listConfigResources(let request): answer(listConfigResources(request, call), call)
        case .initProducerID(let request): answer(await initProducerID(request), call)
        case .describeProducers(let request): answer(await describeProducers(request), call)
        case .findCoordinator(let request): answer(findCoordinator(request, call), call)
        case .joinGroup(let request): answer(try await joinGroup(request, call), call)
        case .syncGroup(let request): answer(try await syncGroup(request), call)
        case .heartbeat(let request): answer(await heartbeat(request), call)
        case .leaveGroup(let request): answer(await leaveGroup(request, call), call)
        case .offsetCommit(let request): answer(await offsetCommit(request), call)
        case .offsetFetch(let request): answer(await offsetFetch(request, call), call)
        case .offsetDelete(let request): answer(await offsetDelete(request), call)
        case .describeGroups(let request): answer(await describeGroups(request, call), call)
        case .listGroups(let request): answer(await listGroups(request), call)
        case .deleteGroups(let request): answer(await deleteGroups(request), call)
        case .describeConfigs(let request): answer(describeConfigs(request), call)
        case .alterConfigs(let request): answer(await alterConfigs(request), call)
        case .incrementalAlterConfigs(let request): answer(await incrementalAlterConfigs(request), call)
        case .describeClientQuotas(let request): answer(describeClientQuotas(request), call)
        case .alterClientQuotas(let request): answer(await alterClientQuotas(request), call)
        default: throw WireError.unknownKey(call.api.rawValue)
        }
    }
}
