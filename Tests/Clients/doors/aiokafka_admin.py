"""aiokafka's admin client, which sends older versions than the others."""
import aiokafka.errors
from aiokafka import TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewPartitions, NewTopic, RecordsToDelete
from aiokafka.admin.config_resource import ConfigResource

from doors.aiokafka_door import Loop
from harness import AdminError, Setting

# As DescribeConfigs numbers them.
SOURCES = {
    1: "DYNAMIC_TOPIC_CONFIG", 2: "DYNAMIC_BROKER_CONFIG", 3: "DYNAMIC_DEFAULT_BROKER_CONFIG",
    4: "STATIC_BROKER_CONFIG", 5: "DEFAULT_CONFIG",
}


def answer(coroutine):
    try:
        return Loop.run(coroutine)
    except aiokafka.errors.KafkaError as error:
        if getattr(error, "errno", None) is None:
            raise
        raise AdminError(error.errno, str(error)) from error


def refuse(entries):
    """Raises the first refusal of a response's (name, code, ...) entries."""
    for entry in entries:
        if entry[1]:
            raise AdminError(entry[1], str(entry))


class Admin:
    def __init__(self, bootstrap):
        async def start():
            client = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
            await client.start()
            return client

        self.client = Loop.run(start())

    def close(self):
        Loop.run(self.client.close())

    # Topics and partitions

    def create_topics(self, topics, configs=None, validate_only=False):
        new = [NewTopic(name, count, 1, topic_configs=configs) for name, count in topics.items()]
        refuse(answer(self.client.create_topics(new, validate_only=validate_only)).topic_errors)

    def delete_topics(self, names):
        refuse(answer(self.client.delete_topics(names)).topic_error_codes)

    def list_topics(self):
        return set(answer(self.client.list_topics()))

    def describe_topic(self, name):
        found = answer(self.client.describe_topics())
        found = [topic for topic in found if topic["topic"] == name]
        if not found:
            return None
        return [partition["leader"] for partition in found[0]["partitions"]]

    def create_partitions(self, name, count):
        answer(self.client.create_partitions({name: NewPartitions(count)}))

    def delete_records(self, offsets):
        found = answer(
            self.client.delete_records(
                {
                    TopicPartition(*place): RecordsToDelete(offset)
                    for place, offset in offsets.items()
                }
            )
        )
        return {(place.topic, place.partition): low for place, low in found.items()}

    # Settings

    def describe_configs(self, kind, name):
        responses = answer(
            self.client.describe_configs([ConfigResource(kind, name)], include_synonyms=True)
        )
        code, message, _, _, entries = responses[0].resources[0]
        if code:
            raise AdminError(code, message)
        return {
            entry[0]: Setting(entry[1], SOURCES.get(entry[3], str(entry[3])), entry[2])
            for entry in entries
        }

    def alter_configs(self, kind, name, values):
        for response in answer(self.client.alter_configs([ConfigResource(kind, name, values)])):
            for code, message, _, _ in response.resources:
                if code:
                    raise AdminError(code, message)

    # The cluster

    def describe_cluster(self):
        found = answer(self.client.describe_cluster())
        return {
            "id": found["cluster_id"],
            "controller": found["controller_id"],
            "nodes": [(one["node_id"], one["host"], one["port"]) for one in found["brokers"]],
        }

    # Groups

    def list_groups(self, states=None):
        """This client's version knows no states."""
        return {name: None for name, _ in answer(self.client.list_consumer_groups())}

    def group_offsets(self, group):
        found = answer(self.client.list_consumer_group_offsets(group))
        return {
            (place.topic, place.partition): (one.offset, one.metadata)
            for place, one in found.items()
        }

    def describe_group_state(self, group):
        """The state and [(client id, host)]; the members' assignments come undecoded."""
        response = answer(self.client.describe_consumer_groups([group]))[0]
        fields = response.groups[0]
        if fields[0]:
            raise AdminError(fields[0])
        return fields[2], [(member[1], member[2]) for member in fields[5]]
