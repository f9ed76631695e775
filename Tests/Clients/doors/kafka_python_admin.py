"""kafka-python's admin client."""
import kafka.errors
from kafka import KafkaAdminClient, TopicPartition
from kafka.admin import AlterConfigOp, ConfigResource, MemberToRemove, OffsetSpec, OffsetTimestamp
from kafka.admin._transactions import AbortTransactionSpec
from kafka.structs import OffsetAndMetadata

from harness import AdminError, Setting

SPECS = {
    "earliest": OffsetSpec.EARLIEST, "latest": OffsetSpec.LATEST,
    "max-timestamp": OffsetSpec.MAX_TIMESTAMP,
}


def refusals(call):
    """Hands on what the broker refused as an AdminError."""

    def wrapped(*arguments, **options):
        try:
            return call(*arguments, **options)
        except kafka.errors.KafkaError as error:
            if getattr(error, "errno", None) is None:
                raise
            raise AdminError(error.errno, str(error)) from error

    return wrapped


def code(error):
    return 0 if error is None else error.errno


class Admin:
    def __init__(self, bootstrap):
        self.client = KafkaAdminClient(bootstrap_servers=bootstrap)

    def close(self):
        self.client.close()

    # Topics and partitions

    @refusals
    def create_topics(self, topics, configs=None, validate_only=False):
        self.client.create_topics(
            {
                name: {"num_partitions": count, "configs": configs or {}}
                for name, count in topics.items()
            },
            validate_only=validate_only,
        )

    @refusals
    def delete_topics(self, names):
        self.client.delete_topics(names)

    def list_topics(self):
        return set(self.client.list_topics())

    def describe_topic(self, name):
        """The leaders of its partitions, or None where it does not exist."""
        found = self.client.describe_topics([name])[0]
        if found["error_code"] != 0:
            return None
        return [partition["leader_id"] for partition in found["partitions"]]

    @refusals
    def create_partitions(self, name, count):
        self.client.create_partitions({name: count})

    @refusals
    def delete_records(self, offsets):
        found = self.client.delete_records(
            {TopicPartition(*place): offset for place, offset in offsets.items()}
        )
        return {tuple(place): answer["low_watermark"] for place, answer in found.items()}

    @refusals
    def list_offsets(self, specs):
        found = self.client.list_partition_offsets(
            {
                TopicPartition(*place): SPECS[spec] if spec in SPECS else OffsetTimestamp(spec)
                for place, spec in specs.items()
            }
        )
        return {tuple(place): (answer.offset, answer.timestamp) for place, answer in found.items()}

    def describe_topic_partitions(self, name):
        found = self.client.describe_topic_partitions([name])["topics"][0]
        if found["error_code"]:
            raise AdminError(found["error_code"])
        return [
            {
                "partition": one["partition_index"], "leader": one["leader_id"],
                "replicas": one["replica_nodes"], "isr": one["isr_nodes"],
            }
            for one in found["partitions"]
        ]

    def describe_log_dirs(self):
        """{(topic, partition): bytes} and the directories' paths."""
        sizes, paths = {}, []
        for broker in self.client.describe_log_dirs():
            for directory in broker["log_dirs"]:
                if directory["error_code"]:
                    raise AdminError(directory["error_code"])
                paths.append(directory["log_dir"])
                for topic in directory["topics"]:
                    for one in topic["partitions"]:
                        sizes[topic["name"], one["partition_index"]] = one["partition_size"]
        return sizes, paths

    def alter_replica_log_dirs(self, topic, partition, broker, path):
        """The error code of the answer."""
        found = self.client.alter_replica_log_dirs({(topic, partition, broker): path})
        return code(next(iter(found.values())))

    @refusals
    def describe_producers(self, topic, partition):
        """[(producer id, epoch, last sequence)]"""
        found = self.client.describe_producers([TopicPartition(topic, partition)])
        return [
            (one.producer_id, one.producer_epoch, one.last_sequence)
            for one in found[TopicPartition(topic, partition)].active_producers
        ]

    @refusals
    def list_transactions(self):
        """{transactional id: state}"""
        found = self.client.list_transactions()
        return {one.transactional_id: one.state.value for ones in found.values() for one in ones}

    @refusals
    def describe_transaction(self, transactional_id):
        """(state, producer id, epoch, [(topic, partition)])"""
        found = self.client.describe_transactions([transactional_id])[transactional_id]
        places = sorted((place.topic, place.partition) for place in found.topic_partitions)
        return found.state.value, found.producer_id, found.producer_epoch, places

    @refusals
    def abort_transaction(self, topic, partition, producer, epoch):
        self.client.abort_transaction(AbortTransactionSpec(TopicPartition(topic, partition), producer, epoch))

    def elect_leaders(self, places):
        """{(topic, partition): error code}"""
        topics = {}
        for topic, partition in places:
            topics.setdefault(topic, []).append(partition)
        found = self.client.elect_leaders(0, topics, raise_errors=False)
        found = found if isinstance(found, dict) else found.to_dict()
        return {
            (result["topic"], one["partition_id"]): one["error_code"]
            for result in found["replica_election_results"]
            for one in result["partition_result"]
        }

    def alter_reassignments(self, reassignments):
        """{(topic, partition): error code}"""
        found = self.client.alter_partition_reassignments(
            {TopicPartition(*place): replicas for place, replicas in reassignments.items()}
        )
        return {tuple(place): code(error) for place, error in found.items()}

    @refusals
    def list_reassignments(self):
        return {tuple(place) for place in self.client.list_partition_reassignments()}

    # Settings

    def describe_configs(self, kind, name):
        found = self.client.describe_configs([ConfigResource(kind, name)], config_filter="all")
        return {
            key: Setting(entry["value"], entry["config_source"], entry["read_only"])
            for key, entry in found[kind.lower()][name].items()
        }

    def alter_configs(self, kind, name, values):
        self._alter(kind, name, values, incremental=False)

    def incremental_alter_configs(self, kind, name, changes):
        """`changes` is a list of (SET | DELETE | APPEND | SUBTRACT, key, value)."""
        entries = {key: (AlterConfigOp[operation], value) for operation, key, value in changes}
        self._alter(kind, name, entries, incremental=True)

    @refusals
    def _alter(self, kind, name, entries, incremental):
        found = self.client.alter_configs(
            [ConfigResource(kind, name, entries)], incremental=incremental, raise_on_unknown=False
        )
        answer = found[kind.lower()][name]
        if answer != "OK":
            raise refusal_in(answer)

    @refusals
    def list_config_resources(self, kind):
        return set(self.client.list_config_resources([kind]).get(kind.lower(), []))

    # The cluster

    def describe_cluster(self):
        found = self.client.describe_cluster()
        return {
            "id": found["cluster_id"],
            "controller": found["controller_id"],
            "nodes": [(one["broker_id"], one["host"], one["port"]) for one in found["brokers"]],
        }

    @refusals
    def describe_quorum(self):
        partition = self.client.describe_metadata_quorum()["topics"][0]["partitions"][0]
        if partition["error"]:
            raise AdminError(-1, partition["error"])
        voters = [one["replica_id"] for one in partition["current_voters"]]
        return {"leader": partition["leader_id"], "voters": voters}

    @refusals
    def update_features(self, updates):
        for name, answer in self.client.update_features(updates).items():
            if answer != "OK":
                raise refusal_in(answer)

    # Groups

    @refusals
    def list_groups(self, states=None):
        return {
            one["group_id"]: one.get("group_state")
            for one in self.client.list_groups(states_filter=states)
        }

    def describe_group(self, group):
        found = self.client.describe_groups([group])[group]
        return {
            "state": found["group_state"],
            "protocol": found["protocol_data"],
            "members": [
                {
                    "id": one["member_id"], "client": one["client_id"], "host": one["client_host"],
                    "instance": one.get("group_instance_id"),
                    "places": places_of(one["member_assignment"]),
                }
                for one in found["members"]
            ],
        }

    def delete_groups(self, groups):
        """{group: error code}"""
        found = self.client.delete_groups(groups)
        return {
            group: 0 if answer == "OK" else getattr(kafka.errors, answer).errno
            for group, answer in found.items()
        }

    @refusals
    def group_offsets(self, group):
        """{(topic, partition): (offset, metadata)}"""
        found = self.client.list_group_offsets(group)[group]
        return {tuple(place): (one.offset, one.metadata) for place, one in found.items()}

    def alter_group_offsets(self, group, offsets):
        """{(topic, partition): error code}"""
        found = self.client.alter_group_offsets(
            group,
            {
                TopicPartition(*place): OffsetAndMetadata(offset, "by an admin", -1)
                for place, offset in offsets.items()
            },
        )
        return {tuple(place): code(error) for place, error in found.items()}

    @refusals
    def delete_group_offsets(self, group, places):
        """{(topic, partition): error code}"""
        found = self.client.delete_group_offsets(
            group, [TopicPartition(*place) for place in places]
        )
        return {tuple(place): code(error) for place, error in found.items()}

    @refusals
    def remove_members(self, group, instances):
        """[error code]"""
        found = self.client.remove_group_members(
            group, [MemberToRemove(group_instance_id=instance) for instance in instances]
        )
        return [code(error) for error in found.values()]


def refusal_in(answer):
    """kafka-python gives some refusals as text, such as `[Error 40] InvalidConfigurationError: ...`."""
    text = str(answer)
    number = "".join(character for character in text.split("]")[0] if character.isdigit())
    return AdminError(int(number) if number else -1, text)


def places_of(assignment):
    fields = assignment if isinstance(assignment, dict) else {}
    return sorted(
        (topic["topic"], partition)
        for topic in fields.get("assigned_partitions", [])
        for partition in topic["partitions"]
    )
