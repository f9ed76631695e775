"""confluent-kafka's admin client."""
import warnings

from confluent_kafka import (
    ConsumerGroupState, ConsumerGroupTopicPartitions, ElectionType, KafkaException,
    TopicCollection, TopicPartition,
)
from confluent_kafka.admin import (
    AdminClient, AlterConfigOpType, ConfigEntry, ConfigResource, ConfigSource, NewPartitions,
    NewTopic, OffsetSpec, ResourceType,
)

from harness import AdminError, Setting

SPECS = {
    "earliest": OffsetSpec.earliest, "latest": OffsetSpec.latest,
    "max-timestamp": OffsetSpec.max_timestamp,
}


def answer(future):
    try:
        return future.result(30)
    except KafkaException as error:
        raise refusal(error) from error


def refusal(error):
    inner = error.args[0]
    return AdminError(inner.code(), inner.str())


def code(error):
    if error is None:
        return 0
    return error.args[0].code() if isinstance(error, KafkaException) else error.code()


class Admin:
    def __init__(self, bootstrap):
        self.client = AdminClient({"bootstrap.servers": bootstrap})

    def close(self):
        self.client = None

    # Topics and partitions

    def create_topics(self, topics, configs=None, validate_only=False):
        futures = self.client.create_topics(
            [NewTopic(name, count, config=configs or {}) for name, count in topics.items()],
            validate_only=validate_only,
        )
        for future in futures.values():
            answer(future)

    def delete_topics(self, names):
        for future in self.client.delete_topics(names).values():
            answer(future)

    def list_topics(self):
        return set(self.client.list_topics(timeout=10).topics)

    def describe_topic(self, name):
        future = self.client.describe_topics(TopicCollection([name]))[name]
        try:
            found = answer(future)
        except AdminError as error:
            if error.code == 3:
                return None
            raise
        return [partition.leader.id for partition in found.partitions]

    def create_partitions(self, name, count):
        answer(self.client.create_partitions([NewPartitions(name, count)])[name])

    def delete_records(self, offsets):
        futures = self.client.delete_records(
            [TopicPartition(*place, offset) for place, offset in offsets.items()]
        )
        return {
            (place.topic, place.partition): answer(future).low_watermark
            for place, future in futures.items()
        }

    def list_offsets(self, specs):
        futures = self.client.list_offsets(
            {
                TopicPartition(*place): (
                    SPECS[spec]() if spec in SPECS else OffsetSpec.for_timestamp(spec)
                )
                for place, spec in specs.items()
            }
        )
        found = {place: answer(future) for place, future in futures.items()}
        return {
            (place.topic, place.partition): (one.offset, one.timestamp)
            for place, one in found.items()
        }

    def elect_leaders(self, places):
        found = answer(
            self.client.elect_leaders(
                ElectionType.PREFERRED, [TopicPartition(*place) for place in places]
            )
        )
        return {(place.topic, place.partition): code(error) for place, error in found.items()}

    # Settings

    def describe_configs(self, kind, name):
        resource = ConfigResource(ResourceType[kind], name)
        entries = answer(self.client.describe_configs([resource])[resource])
        return {
            key: Setting(entry.value, ConfigSource(entry.source).name, entry.is_read_only)
            for key, entry in entries.items()
        }

    def alter_configs(self, kind, name, values):
        resource = ConfigResource(ResourceType[kind], name, set_config=values)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            future = self.client.alter_configs([resource])[resource]
        answer(future)

    def incremental_alter_configs(self, kind, name, changes):
        entries = [
            ConfigEntry(key, value, incremental_operation=AlterConfigOpType[operation])
            for operation, key, value in changes
        ]
        resource = ConfigResource(ResourceType[kind], name, incremental_configs=entries)
        answer(self.client.incremental_alter_configs([resource])[resource])

    # The cluster

    def describe_cluster(self):
        found = answer(self.client.describe_cluster())
        return {
            "id": found.cluster_id,
            "controller": found.controller.id,
            "nodes": [(one.id, one.host, one.port) for one in found.nodes],
        }

    # Groups

    def list_groups(self, states=None):
        options = {}
        if states:
            options["states"] = {ConsumerGroupState[state.upper()] for state in states}
        found = answer(self.client.list_consumer_groups(**options))
        if found.errors:
            raise refusal(found.errors[0])
        return {
            one.group_id: one.state.name.title().replace("_", "") for one in found.valid
        }

    def describe_group(self, group):
        found = answer(self.client.describe_consumer_groups([group])[group])
        return {
            "state": found.state.name.title().replace("_", ""),
            "protocol": found.partition_assignor,
            "members": [
                {
                    "id": one.member_id, "client": one.client_id, "host": one.host,
                    "instance": one.group_instance_id or None,
                    "places": sorted(
                        (place.topic, place.partition)
                        for place in one.assignment.topic_partitions
                    ),
                }
                for one in found.members
            ],
        }

    def delete_groups(self, groups):
        codes = {}
        for group, future in self.client.delete_consumer_groups(groups).items():
            codes[group] = code(future.exception(30))
        return codes

    def group_offsets(self, group):
        futures = self.client.list_consumer_group_offsets([ConsumerGroupTopicPartitions(group)])
        return {
            (place.topic, place.partition): (place.offset, place.metadata)
            for place in answer(futures[group]).topic_partitions
        }

    def alter_group_offsets(self, group, offsets):
        places = [
            TopicPartition(*place, offset, "by an admin") for place, offset in offsets.items()
        ]
        futures = self.client.alter_consumer_group_offsets(
            [ConsumerGroupTopicPartitions(group, places)]
        )
        return {
            (place.topic, place.partition): code(place.error)
            for place in answer(futures[group]).topic_partitions
        }
