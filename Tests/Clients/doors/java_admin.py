"""The admin client of kafka-clients. It is imported when the virtual machine runs."""
import warnings

import jpype
from java.util import ArrayList, HashMap, HashSet, Optional, Properties
from java.util.concurrent import ExecutionException, TimeUnit
from org.apache.kafka.clients.admin import (
    AbortTransactionSpec, Admin as JavaAdmin, AlterConfigOp, AlterConsumerGroupOffsetsOptions, Config, ConfigEntry,
    CreateTopicsOptions, FeatureUpdate, ListConsumerGroupsOptions, MemberToRemove, NewPartitionReassignment,
    NewPartitions, NewTopic, OffsetSpec, RecordsToDelete, RemoveMembersFromConsumerGroupOptions,
    UpdateFeaturesOptions,
)
from org.apache.kafka.clients.consumer import OffsetAndMetadata
from org.apache.kafka.common import ConsumerGroupState, ElectionType, TopicPartition, TopicPartitionReplica
from org.apache.kafka.common.config import ConfigResource
from org.apache.kafka.common.protocol import Errors
from org.apache.kafka.common.quota import (
    ClientQuotaAlteration, ClientQuotaEntity, ClientQuotaFilter, ClientQuotaFilterComponent,
)

from harness import AdminError, Setting

SPECS = {
    "earliest": OffsetSpec.earliest, "latest": OffsetSpec.latest,
    "max-timestamp": OffsetSpec.maxTimestamp,
}


def answer(future):
    try:
        return future.get(30, TimeUnit.SECONDS)
    except ExecutionException as error:
        raise refusal(error.getCause()) from None


def code(throwable):
    return 0 if throwable is None else int(Errors.forException(throwable).code())


def refusal(throwable):
    return AdminError(code(throwable), str(throwable.toString()))


def java_list(entries):
    made = ArrayList()
    for entry in entries:
        made.add(entry)
    return made


def java_map(entries):
    made = HashMap()
    for key, value in entries:
        made.put(key, value)
    return made


def places(entries):
    return java_list(TopicPartition(*entry) for entry in entries)


def place_of(place):
    return (str(place.topic()), int(place.partition()))


def codes(futures):
    """{key: error code} of a map of futures."""
    found = {}
    for entry in futures.entrySet():
        try:
            answer(entry.getValue())
            found[entry.getKey()] = 0
        except AdminError as error:
            found[entry.getKey()] = error.code
    return found


class Admin:
    def __init__(self, bootstrap):
        settings = Properties()
        settings.put("bootstrap.servers", bootstrap)
        self.client = JavaAdmin.create(settings)

    def close(self):
        self.client.close()

    # Topics and partitions

    def create_topics(self, topics, configs=None, validate_only=False):
        new = []
        for name, count in topics.items():
            topic = NewTopic(name, Optional.of(jpype.java.lang.Integer(count)), Optional.empty())
            new.append(topic.configs(java_map((configs or {}).items())))
        options = CreateTopicsOptions().validateOnly(validate_only)
        answer(self.client.createTopics(java_list(new), options).all())

    def delete_topics(self, names):
        answer(self.client.deleteTopics(java_list(names)).all())

    def list_topics(self):
        return {str(name) for name in answer(self.client.listTopics().names())}

    def describe_topic(self, name):
        try:
            found = answer(self.client.describeTopics(java_list([name])).allTopicNames())
        except AdminError as error:
            if error.code == 3:
                return None
            raise
        return [int(one.leader().id()) for one in found.get(name).partitions()]

    def describe_topic_partitions(self, name):
        """kafka-clients 3.9 asks with DescribeTopicPartitions where the broker serves it."""
        found = answer(self.client.describeTopics(java_list([name])).allTopicNames()).get(name)
        return [
            {
                "partition": int(one.partition()), "leader": int(one.leader().id()),
                "replicas": [int(node.id()) for node in one.replicas()],
                "isr": [int(node.id()) for node in one.isr()],
            }
            for one in found.partitions()
        ]

    def create_partitions(self, name, count):
        answer(self.client.createPartitions(java_map([(name, NewPartitions.increaseTo(count))])).all())

    def delete_records(self, offsets):
        found = self.client.deleteRecords(
            java_map(
                (TopicPartition(*place), RecordsToDelete.beforeOffset(offset))
                for place, offset in offsets.items()
            )
        ).lowWatermarks()
        return {
            place_of(entry.getKey()): int(answer(entry.getValue()).lowWatermark())
            for entry in found.entrySet()
        }

    def list_offsets(self, specs):
        found = answer(
            self.client.listOffsets(
                java_map(
                    (
                        TopicPartition(*place),
                        SPECS[spec]() if spec in SPECS else OffsetSpec.forTimestamp(spec),
                    )
                    for place, spec in specs.items()
                )
            ).all()
        )
        return {
            place_of(entry.getKey()): (int(entry.getValue().offset()), int(entry.getValue().timestamp()))
            for entry in found.entrySet()
        }

    def describe_log_dirs(self):
        broker = int(answer(self.client.describeCluster().controller()).id())
        ids = java_list([jpype.java.lang.Integer(broker)])
        found = answer(self.client.describeLogDirs(ids).allDescriptions()).get(
            jpype.java.lang.Integer(broker)
        )
        sizes, paths = {}, []
        for entry in found.entrySet():
            if entry.getValue().error() is not None:
                raise refusal(entry.getValue().error())
            paths.append(str(entry.getKey()))
            for one in entry.getValue().replicaInfos().entrySet():
                sizes[place_of(one.getKey())] = int(one.getValue().size())
        return sizes, paths

    def alter_replica_log_dirs(self, topic, partition, broker, path):
        replica = TopicPartitionReplica(topic, partition, broker)
        found = codes(self.client.alterReplicaLogDirs(java_map([(replica, path)])).values())
        return next(iter(found.values()))

    def describe_producers(self, topic, partition):
        place = TopicPartition(topic, partition)
        found = answer(self.client.describeProducers(java_list([place])).partitionResult(place))
        return [
            (int(one.producerId()), int(one.producerEpoch()), int(one.lastSequence()))
            for one in found.activeProducers()
        ]

    def list_transactions(self):
        found = answer(self.client.listTransactions().all())
        return {str(one.transactionalId()): str(one.state().toString()) for one in found}

    def describe_transaction(self, transactional_id):
        found = answer(self.client.describeTransactions(java_list([transactional_id])).description(transactional_id))
        places = sorted((str(place.topic()), int(place.partition())) for place in found.topicPartitions())
        return str(found.state().toString()), int(found.producerId()), int(found.producerEpoch()), places

    def abort_transaction(self, topic, partition, producer, epoch):
        spec = AbortTransactionSpec(
            TopicPartition(topic, partition), jpype.JLong(producer), jpype.JShort(epoch), jpype.JInt(-1)
        )
        answer(self.client.abortTransaction(spec).all())

    def elect_leaders(self, entries):
        found = answer(
            self.client.electLeaders(ElectionType.PREFERRED, HashSet(places(entries))).partitions()
        )
        return {
            place_of(entry.getKey()): code(entry.getValue().orElse(None))
            for entry in found.entrySet()
        }

    def alter_reassignments(self, reassignments):
        wanted = java_map(
            (
                TopicPartition(*place),
                Optional.of(
                    NewPartitionReassignment(
                        java_list(jpype.java.lang.Integer(one) for one in replicas)
                    )
                )
                if replicas is not None
                else Optional.empty(),
            )
            for place, replicas in reassignments.items()
        )
        found = codes(self.client.alterPartitionReassignments(wanted).values())
        return {place_of(place): error for place, error in found.items()}

    def list_reassignments(self):
        found = answer(self.client.listPartitionReassignments().reassignments())
        return {place_of(place) for place in found.keySet()}

    # Settings

    def describe_configs(self, kind, name):
        resource = ConfigResource(getattr(ConfigResource.Type, kind), name)
        found = answer(self.client.describeConfigs(java_list([resource])).all()).get(resource)
        return {
            str(one.name()): Setting(
                None if one.value() is None else str(one.value()),
                # This client has names of its own for three of Kafka's.
                str(one.source().name()), bool(one.isReadOnly()),
            )
            for one in found.entries()
        }

    def alter_configs(self, kind, name, values):
        resource = ConfigResource(getattr(ConfigResource.Type, kind), name)
        entries = java_list(ConfigEntry(key, value) for key, value in values.items())
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            future = self.client.alterConfigs(java_map([(resource, Config(entries))])).all()
        answer(future)

    def incremental_alter_configs(self, kind, name, changes):
        resource = ConfigResource(getattr(ConfigResource.Type, kind), name)
        operations = java_list(
            AlterConfigOp(ConfigEntry(key, value), getattr(AlterConfigOp.OpType, operation))
            for operation, key, value in changes
        )
        answer(self.client.incrementalAlterConfigs(java_map([(resource, operations)])).all())

    # The cluster

    def describe_cluster(self):
        found = self.client.describeCluster()
        return {
            "id": str(answer(found.clusterId())),
            "controller": int(answer(found.controller()).id()),
            "nodes": [
                (int(one.id()), str(one.host()), int(one.port())) for one in answer(found.nodes())
            ],
        }

    def describe_quorum(self):
        found = answer(self.client.describeMetadataQuorum().quorumInfo())
        return {
            "leader": int(found.leaderId()),
            "voters": [int(one.replicaId()) for one in found.voters()],
        }

    def describe_features(self):
        found = answer(self.client.describeFeatures().featureMetadata()).supportedFeatures()
        return {
            str(entry.getKey()): (int(entry.getValue().minVersion()), int(entry.getValue().maxVersion()))
            for entry in found.entrySet()
        }

    def update_features(self, updates):
        wanted = java_map(
            (name, FeatureUpdate(level, FeatureUpdate.UpgradeType.UPGRADE))
            for name, level in updates.items()
        )
        answer(self.client.updateFeatures(wanted, UpdateFeaturesOptions()).all())

    def unregister_broker(self, broker):
        answer(self.client.unregisterBroker(broker).all())

    def alter_quota(self, entity, key, value):
        """`entity` has the types client-id and user; the value None removes the quota."""
        number = None if value is None else jpype.java.lang.Double(value)
        operation = ClientQuotaAlteration.Op(key, number)
        alteration = ClientQuotaAlteration(
            ClientQuotaEntity(java_map(entity.items())), java_list([operation])
        )
        answer(self.client.alterClientQuotas(java_list([alteration])).all())

    def describe_quotas(self, entity):
        """{key: value} of exactly this entity."""
        components = java_list(
            ClientQuotaFilterComponent.ofEntity(kind, name)
            if name is not None
            else ClientQuotaFilterComponent.ofDefaultEntity(kind)
            for kind, name in entity.items()
        )
        found = answer(
            self.client.describeClientQuotas(ClientQuotaFilter.containsOnly(components)).entities()
        )
        return {
            str(entry.getKey()): float(entry.getValue())
            for quotas in found.values()
            for entry in quotas.entrySet()
        }

    # Groups

    def list_groups(self, states=None):
        options = ListConsumerGroupsOptions()
        if states:
            options.inStates(HashSet(java_list(ConsumerGroupState.parse(one) for one in states)))
        found = answer(self.client.listConsumerGroups(options).all())
        return {str(one.groupId()): str(one.state().get().toString()) for one in found}

    def describe_group(self, group):
        found = answer(self.client.describeConsumerGroups(java_list([group])).all()).get(group)
        return {
            "state": str(found.state().toString()),
            "protocol": str(found.partitionAssignor()),
            "members": [
                {
                    "id": str(one.consumerId()), "client": str(one.clientId()),
                    "host": str(one.host()),
                    "instance": one.groupInstanceId().orElse(None),
                    "places": sorted(
                        place_of(place) for place in one.assignment().topicPartitions()
                    ),
                }
                for one in found.members()
            ],
        }

    def delete_groups(self, groups):
        found = codes(self.client.deleteConsumerGroups(java_list(groups)).deletedGroups())
        return {str(group): error for group, error in found.items()}

    def group_offsets(self, group):
        found = answer(
            self.client.listConsumerGroupOffsets(group).partitionsToOffsetAndMetadata()
        )
        return {
            place_of(entry.getKey()): (int(entry.getValue().offset()), str(entry.getValue().metadata()))
            for entry in found.entrySet()
        }

    def alter_group_offsets(self, group, offsets):
        wanted = java_map(
            (TopicPartition(*place), OffsetAndMetadata(offset, "by an admin"))
            for place, offset in offsets.items()
        )
        found = self.client.alterConsumerGroupOffsets(
            group, wanted, AlterConsumerGroupOffsetsOptions()
        )
        return self._partition_codes(found, offsets)

    def delete_group_offsets(self, group, entries):
        found = self.client.deleteConsumerGroupOffsets(group, HashSet(places(entries)))
        return self._partition_codes(found, entries)

    @staticmethod
    def _partition_codes(found, entries):
        codes = {}
        for place in entries:
            try:
                answer(found.partitionResult(TopicPartition(*place)))
                codes[place] = 0
            except AdminError as error:
                codes[place] = error.code
        return codes

    def remove_members(self, group, instances):
        members = java_list(MemberToRemove(instance) for instance in instances)
        options = RemoveMembersFromConsumerGroupOptions(members)
        found = self.client.removeMembersFromConsumerGroup(group, options)
        results = []
        for member in members:
            try:
                answer(found.memberResult(member))
                results.append(0)
            except AdminError as error:
                results.append(error.code)
        return results
