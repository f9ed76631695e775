"""kafka-python 3."""
import kafka
from kafka import KafkaConsumer, KafkaProducer, TopicPartition
from kafka.coordinator.assignors.cooperative_sticky import CooperativeStickyAssignor
from kafka.coordinator.assignors.range import RangePartitionAssignor
from kafka.coordinator.assignors.roundrobin import RoundRobinPartitionAssignor
from kafka.errors import (
    InvalidProducerEpochError, KafkaError, ProducerFencedError, TransactionAbortedError
)
from kafka.structs import OffsetAndMetadata

from doors.kafka_python_admin import Admin
from harness import Delivery, Door, Fenced, Message

ACKS = {"0": 0, "1": 1, "all": "all"}
ASSIGNORS = {
    "range": RangePartitionAssignor,
    "roundrobin": RoundRobinPartitionAssignor,
    "cooperative-sticky": CooperativeStickyAssignor,
}


class KafkaPythonDoor(Door):
    NAME = "kafka-python"
    Admin = Admin
    ASSIGNORS = tuple(ASSIGNORS)
    OFFERS = frozenset(
        """produce consume deliveries idempotent timestamps headers empty-value null-value
        gzip snappy lz4 zstd murmur2 seek times pause groups static manual-commit metadata
        quick-metadata transactions""".split()
    )

    @classmethod
    def version(cls):
        return "kafka-python " + kafka.__version__

    def produce(self, topic, sends, compression=None, acks="all", idempotent=False, **options):
        producer = KafkaProducer(
            bootstrap_servers=self.bootstrap,
            acks=ACKS[acks],
            compression_type=None if compression == "none" else compression,
            enable_idempotence=idempotent,
            batch_size=options.get("batch_bytes", 16384),
            linger_ms=20,
            max_request_size=2 << 20,
        )
        try:
            futures = [
                producer.send(
                    topic,
                    value=send.value,
                    key=send.key,
                    headers=list(send.headers),
                    partition=send.partition,
                    timestamp_ms=send.timestamp,
                )
                for send in sends
            ]
            producer.flush(timeout=30)
            found = [future.get(timeout=30) for future in futures]
            return [Delivery(where.partition, where.offset) for where in found]
        finally:
            producer.close(timeout=5)

    def transactional(self, transactional_id, timeout_ms=60000):
        return Transactional(self.bootstrap, transactional_id, timeout_ms)

    def consumer(self, **options):
        return Consumer(self.bootstrap, options)


class Transactional:
    def __init__(self, bootstrap, transactional_id, timeout_ms):
        self.producer = KafkaProducer(
            bootstrap_servers=bootstrap, transactional_id=transactional_id,
            transaction_timeout_ms=timeout_ms, linger_ms=5,
        )
        self._call(self.producer.init_transactions)

    def begin(self):
        self._call(self.producer.begin_transaction)

    def send(self, topic, sends):
        def run():
            futures = [
                self.producer.send(topic, value=send.value, key=send.key, partition=send.partition)
                for send in sends
            ]
            self.producer.flush(timeout=30)
            for future in futures:
                future.get(timeout=30)

        self._call(run)

    def send_offsets(self, consumer, group, offsets):
        places = {TopicPartition(*place): OffsetAndMetadata(offset, "", -1) for place, offset in offsets.items()}
        self._call(
            self.producer.send_offsets_to_transaction, places, consumer.consumer.group_metadata()
        )

    def commit(self):
        self._call(self.producer.commit_transaction)

    def abort(self):
        self._call(self.producer.abort_transaction)

    def close(self):
        self.producer.close(timeout=5)

    def _call(self, body, *arguments):
        try:
            return body(*arguments)
        except (InvalidProducerEpochError, ProducerFencedError, TransactionAbortedError) as error:
            raise Fenced(str(error)) from error
        except KafkaError as error:
            if "fenced" in str(error).lower() or isinstance(error.__cause__, ProducerFencedError):
                raise Fenced(str(error)) from error
            raise


class Consumer:
    def __init__(self, bootstrap, options):
        settings = {}
        if "assignor" in options:
            settings["partition_assignment_strategy"] = (ASSIGNORS[options["assignor"]],)
        if "session_ms" in options:
            settings["session_timeout_ms"] = options["session_ms"]
            settings["heartbeat_interval_ms"] = 500
        if "metadata_ms" in options:
            settings["metadata_max_age_ms"] = options["metadata_ms"]
        self.consumer = KafkaConsumer(
            bootstrap_servers=bootstrap,
            group_id=options.get("group"),
            group_instance_id=options.get("instance"),
            auto_offset_reset=options.get("reset", "earliest"),
            enable_auto_commit=False,
            isolation_level=options.get("isolation", "read_uncommitted"),
            fetch_max_wait_ms=200,
            max_partition_fetch_bytes=options.get("fetch_bytes", 1 << 20),
            **settings,
        )

    def subscribe(self, topics):
        self.consumer.subscribe(topics)

    def assign(self, places):
        self.consumer.assign([TopicPartition(*place) for place in places])

    def assignment(self):
        return sorted((place.topic, place.partition) for place in self.consumer.assignment())

    def poll(self, seconds):
        found = self.consumer.poll(timeout_ms=int(seconds * 1000))
        return [
            Message(
                record.topic, record.partition, record.offset, record.timestamp, record.key,
                record.value, tuple((name, value) for name, value in record.headers),
            )
            for records in found.values()
            for record in records
        ]

    def seek(self, topic, partition, offset):
        self.consumer.seek(TopicPartition(topic, partition), offset)

    def position(self, topic, partition):
        return self.consumer.position(TopicPartition(topic, partition))

    def beginning(self, places):
        return self._offsets(self.consumer.beginning_offsets, places)

    def ends(self, places):
        return self._offsets(self.consumer.end_offsets, places)

    def _offsets(self, ask, places):
        found = ask([TopicPartition(*place) for place in places])
        return {(place.topic, place.partition): offset for place, offset in found.items()}

    def offsets_for_times(self, times):
        """None where no record is that late."""
        found = self.consumer.offsets_for_times(
            {TopicPartition(*place): time for place, time in times.items()}
        )
        return {
            (place.topic, place.partition): None if answer is None else answer.offset
            for place, answer in found.items()
        }

    def pause(self, topic, partition):
        self.consumer.pause(TopicPartition(topic, partition))

    def resume(self, topic, partition):
        self.consumer.resume(TopicPartition(topic, partition))

    def commit(self, offsets):
        self.consumer.commit(
            {
                TopicPartition(*place): OffsetAndMetadata(offset, "", -1)
                for place, offset in offsets.items()
            }
        )

    def committed(self, topic, partition):
        return self.consumer.committed(TopicPartition(topic, partition))

    def partition_count(self, topic):
        """None where there is no such topic yet."""
        return len(self.consumer.partitions_for_topic(topic) or ()) or None

    def close(self):
        self.consumer.close()
