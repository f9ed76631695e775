"""Apache's own kafka-clients, in a Java virtual machine inside this process (JPype)."""
import glob
import os
import sys

import jpype
import jpype.imports

from harness import Delivery, Door, Fenced, Message

ASSIGNORS = {
    "range": "RangeAssignor",
    "roundrobin": "RoundRobinAssignor",
    "sticky": "StickyAssignor",
    "cooperative-sticky": "CooperativeStickyAssignor",
}


def start_machine():
    """Flink's wheel brings the jars; slf4j without a back end logs nothing."""
    if jpype.isJVMStarted():
        return
    names = ("kafka-clients", "lz4-java", "snappy-java", "zstd-jni", "slf4j-api")
    jars = [
        path
        for folder in sys.path
        for name in names
        for path in glob.glob(os.path.join(folder, "pyflink", "lib", name + ".jar"))
    ]
    jpype.startJVM(
        "-Xmx384m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", classpath=jars,
        convertStrings=True,
    )


start_machine()

from java.time import Duration  # noqa: E402
from java.util import ArrayList, HashMap, Properties  # noqa: E402
from org.apache.kafka.clients.consumer import KafkaConsumer, OffsetAndMetadata  # noqa: E402
from org.apache.kafka.clients.producer import KafkaProducer, ProducerRecord  # noqa: E402
from org.apache.kafka.common import TopicPartition  # noqa: E402
from org.apache.kafka.common.errors import (  # noqa: E402
    InvalidProducerEpochException, ProducerFencedException
)
from org.apache.kafka.common.header.internals import RecordHeader  # noqa: E402
from org.apache.kafka.common.utils import AppInfoParser  # noqa: E402

from doors.java_admin import Admin  # noqa: E402 (it imports Java's classes)

BYTES = "org.apache.kafka.common.serialization.ByteArray"


def to_java(data):
    return None if data is None else jpype.JArray(jpype.JByte)(data)


def from_java(data):
    return None if data is None else bytes(data)


def properties(bootstrap, settings):
    made = Properties()
    made.put("bootstrap.servers", bootstrap)
    for key, value in settings.items():
        made.put(key, str(value))
    return made


def java_map(entries):
    made = HashMap()
    for key, value in entries:
        made.put(key, value)
    return made


def java_list(entries):
    made = ArrayList()
    for entry in entries:
        made.add(entry)
    return made


class JavaDoor(Door):
    NAME = "java"
    Admin = Admin
    ASSIGNORS = tuple(ASSIGNORS)
    OFFERS = frozenset(
        """produce consume deliveries idempotent timestamps headers empty-value null-value
        gzip snappy lz4 zstd murmur2 seek times pause groups static manual-commit
        metadata quick-metadata client-id transactions""".split()
    )

    @classmethod
    def version(cls):
        return "kafka-clients " + str(AppInfoParser.getVersion())

    def produce(self, topic, sends, compression="none", acks="all", idempotent=False, **options):
        client = {"client.id": options["client_id"]} if "client_id" in options else {}
        producer = KafkaProducer(
            properties(
                self.bootstrap,
                {
                    **client, "acks": acks, "compression.type": compression or "none",
                    "enable.idempotence": str(idempotent).lower(), "linger.ms": 20,
                    "batch.size": options.get("batch_bytes", 16384),
                    "max.request.size": 2 << 20, "delivery.timeout.ms": 40000,
                    "key.serializer": BYTES + "Serializer",
                    "value.serializer": BYTES + "Serializer",
                },
            )
        )
        try:
            futures = []
            for send in sends:
                headers = java_list(
                    RecordHeader(name, to_java(value)) for name, value in send.headers
                )
                record = ProducerRecord(
                    topic,
                    None if send.partition is None else jpype.java.lang.Integer(send.partition),
                    None if send.timestamp is None else jpype.java.lang.Long(send.timestamp),
                    to_java(send.key), to_java(send.value), headers,
                )
                futures.append(producer.send(record))
            producer.flush()
            found = [future.get() for future in futures]
            return [Delivery(int(one.partition()), int(one.offset())) for one in found]
        finally:
            producer.close(Duration.ofSeconds(5))

    def transactional(self, transactional_id, timeout_ms=60000):
        return Transactional(self.bootstrap, transactional_id, timeout_ms)

    def consumer(self, **options):
        return Consumer(self.bootstrap, options)


class Transactional:
    def __init__(self, bootstrap, transactional_id, timeout_ms):
        self.producer = KafkaProducer(
            properties(
                bootstrap,
                {
                    "transactional.id": transactional_id, "transaction.timeout.ms": timeout_ms,
                    "linger.ms": 5, "delivery.timeout.ms": 40000,
                    "key.serializer": BYTES + "Serializer",
                    "value.serializer": BYTES + "Serializer",
                },
            )
        )
        self._call(self.producer.initTransactions)

    def begin(self):
        self._call(self.producer.beginTransaction)

    def send(self, topic, sends):
        def run():
            futures = [
                self.producer.send(
                    ProducerRecord(
                        topic, jpype.java.lang.Integer(send.partition), to_java(send.key),
                        to_java(send.value),
                    )
                )
                for send in sends
            ]
            self.producer.flush()
            for future in futures:
                future.get()

        self._call(run)

    def send_offsets(self, consumer, group, offsets):
        places = java_map(
            (TopicPartition(*place), OffsetAndMetadata(offset)) for place, offset in offsets.items()
        )
        self._call(
            self.producer.sendOffsetsToTransaction, places, consumer.consumer.groupMetadata()
        )

    def commit(self):
        self._call(self.producer.commitTransaction)

    def abort(self):
        self._call(self.producer.abortTransaction)

    def close(self):
        self.producer.close(Duration.ofSeconds(5))

    def _call(self, body, *arguments):
        try:
            return body(*arguments)
        except jpype.JException as exception:
            cause = exception
            while cause is not None:
                if isinstance(cause, (InvalidProducerEpochException, ProducerFencedException)):
                    raise Fenced(str(exception)) from exception
                cause = cause.getCause()
            raise


class Consumer:
    def __init__(self, bootstrap, options):
        settings = {
            "enable.auto.commit": "false",
            "isolation.level": options.get("isolation", "read_uncommitted"),
            "auto.offset.reset": options.get("reset", "earliest"),
            "fetch.max.wait.ms": 200,
            "max.partition.fetch.bytes": options.get("fetch_bytes", 1 << 20),
            "key.deserializer": BYTES + "Deserializer",
            "value.deserializer": BYTES + "Deserializer",
        }
        if "client_id" in options:
            settings["client.id"] = options["client_id"]
        if "group" in options:
            settings["group.id"] = options["group"]
        if "assignor" in options:
            kind = ASSIGNORS[options["assignor"]]
            settings["partition.assignment.strategy"] = (
                "org.apache.kafka.clients.consumer." + kind
            )
        if "instance" in options:
            settings["group.instance.id"] = options["instance"]
        if "session_ms" in options:
            settings["session.timeout.ms"] = options["session_ms"]
            settings["heartbeat.interval.ms"] = 500
        if "metadata_ms" in options:
            settings["metadata.max.age.ms"] = options["metadata_ms"]
        self.consumer = KafkaConsumer(properties(bootstrap, settings))

    def subscribe(self, topics):
        self.consumer.subscribe(java_list(topics))

    def assign(self, places):
        self.consumer.assign(java_list(TopicPartition(*place) for place in places))

    def assignment(self):
        return sorted(place_of(place) for place in self.consumer.assignment())

    def poll(self, seconds):
        found = self.consumer.poll(Duration.ofMillis(int(seconds * 1000)))
        return [
            Message(
                str(one.topic()), int(one.partition()), int(one.offset()), int(one.timestamp()),
                from_java(one.key()), from_java(one.value()),
                tuple((str(h.key()), from_java(h.value())) for h in one.headers()),
            )
            for one in found
        ]

    def seek(self, topic, partition, offset):
        self.consumer.seek(TopicPartition(topic, partition), jpype.JLong(offset))

    def position(self, topic, partition):
        return int(self.consumer.position(TopicPartition(topic, partition)))

    def beginning(self, places):
        return self._offsets(self.consumer.beginningOffsets, places)

    def ends(self, places):
        return self._offsets(self.consumer.endOffsets, places)

    def _offsets(self, ask, places):
        found = ask(java_list(TopicPartition(*place) for place in places))
        return {place_of(entry.getKey()): int(entry.getValue()) for entry in found.entrySet()}

    def offsets_for_times(self, times):
        found = self.consumer.offsetsForTimes(
            java_map(
                (TopicPartition(*place), jpype.java.lang.Long(time))
                for place, time in times.items()
            )
        )
        return {
            place_of(entry.getKey()): (
                None if entry.getValue() is None else int(entry.getValue().offset())
            )
            for entry in found.entrySet()
        }

    def pause(self, topic, partition):
        self.consumer.pause(java_list([TopicPartition(topic, partition)]))

    def resume(self, topic, partition):
        self.consumer.resume(java_list([TopicPartition(topic, partition)]))

    def commit(self, offsets):
        self.consumer.commitSync(
            java_map(
                (TopicPartition(*place), OffsetAndMetadata(offset))
                for place, offset in offsets.items()
            )
        )

    def committed(self, topic, partition):
        places = jpype.java.util.HashSet(java_list([TopicPartition(topic, partition)]))
        found = self.consumer.committed(places).get(TopicPartition(topic, partition))
        return None if found is None else int(found.offset())

    def partition_count(self, topic):
        return len(self.consumer.partitionsFor(topic)) or None

    def close(self):
        self.consumer.close(Duration.ofSeconds(5))


def place_of(place):
    return (str(place.topic()), int(place.partition()))
