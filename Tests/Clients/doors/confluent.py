"""confluent-kafka, which is librdkafka."""
import confluent_kafka
from confluent_kafka import (
    OFFSET_BEGINNING, Consumer as RawConsumer, KafkaError, Producer, TopicPartition
)

from doors.confluent_admin import Admin
from harness import CaseFailure, Delivery, Door, Fenced, Message, eventually


FENCED = (KafkaError._FENCED, KafkaError.PRODUCER_FENCED, KafkaError.INVALID_PRODUCER_EPOCH)


class ConfluentDoor(Door):
    NAME = "confluent-kafka"
    Admin = Admin
    ASSIGNORS = ("range", "roundrobin", "cooperative-sticky")
    OFFERS = frozenset(
        """produce consume deliveries idempotent timestamps headers empty-value null-value
        gzip snappy lz4 zstd crc32 murmur2 seek times pause groups static manual-commit
        metadata quick-metadata transactions""".split()
    )

    @classmethod
    def version(cls):
        return "confluent-kafka %s (librdkafka %s)" % (
            confluent_kafka.version(), confluent_kafka.libversion()[0]
        )

    def produce(
        self, topic, sends, compression="none", acks="all", idempotent=False,
        partitioner="murmur2", **options
    ):
        partitioners = {"murmur2": "murmur2_random", "crc32": "consistent_random"}
        producer = Producer(
            {
                "bootstrap.servers": self.bootstrap,
                "acks": acks,
                "compression.type": compression or "none",
                "enable.idempotence": idempotent,
                "partitioner": partitioners[partitioner],
                "linger.ms": 20,
                "batch.size": options.get("batch_bytes", 1000000),
                "message.max.bytes": 2 << 20,
                "message.timeout.ms": 30000,
            }
        )
        found = [None] * len(sends)

        def keep(place):
            def callback(error, message):
                found[place] = error or Delivery(message.partition(), message.offset())

            return callback

        for place, send in enumerate(sends):
            settings = {}
            if send.partition is not None:
                settings["partition"] = send.partition
            if send.timestamp is not None:
                settings["timestamp"] = send.timestamp
            producer.produce(
                topic, value=send.value, key=send.key, headers=list(send.headers),
                on_delivery=keep(place), **settings
            )
        left = producer.flush(35)
        if left:
            raise CaseFailure("%d records have no answer after 35 s" % left)
        for answer in found:
            if not isinstance(answer, Delivery):
                raise confluent_kafka.KafkaException(answer)
        return [
            Delivery(one.partition, -1 if one.offset is None or one.offset < 0 else one.offset)
            for one in found
        ]

    def transactional(self, transactional_id, timeout_ms=60000):
        return Transactional(self.bootstrap, transactional_id, timeout_ms)

    def consumer(self, **options):
        return Consumer(self.bootstrap, options)


class Transactional:
    def __init__(self, bootstrap, transactional_id, timeout_ms):
        self.errors = []
        self.producer = Producer(
            {
                "bootstrap.servers": bootstrap, "transactional.id": transactional_id,
                "transaction.timeout.ms": timeout_ms, "message.timeout.ms": timeout_ms,
                "linger.ms": 5,
            }
        )
        self._call(self.producer.init_transactions, 30)

    def begin(self):
        self.errors = []
        self._call(self.producer.begin_transaction)

    def send(self, topic, sends):
        def note(error, _):
            if error:
                self.errors.append(error)

        def run():
            for send in sends:
                self.producer.produce(
                    topic, value=send.value, key=send.key, partition=send.partition, on_delivery=note
                )
            self.producer.flush(35)
            if self.errors:
                raise confluent_kafka.KafkaException(self.errors[0])

        self._call(run)

    def send_offsets(self, consumer, group, offsets):
        places = [TopicPartition(*place, offset) for place, offset in offsets.items()]
        metadata = consumer.consumer.consumer_group_metadata()
        self._call(self.producer.send_offsets_to_transaction, places, metadata, 30)

    def commit(self):
        self._call(self.producer.commit_transaction, 30)

    def abort(self):
        self._call(self.producer.abort_transaction, 30)

    def close(self):
        self.producer = None

    def _call(self, body, *arguments):
        while True:
            try:
                return body(*arguments)
            except (confluent_kafka.KafkaException, SystemError) as exception:
                # Python complains where the client calls back with an exception of its own pending.
                cause = exception.__cause__ if isinstance(exception, SystemError) else exception
                if not isinstance(cause, confluent_kafka.KafkaException):
                    raise
                error = cause.args[0]
                if error.code() in FENCED or error.fatal():
                    raise Fenced(str(error)) from exception
                if not error.retriable():
                    raise


class Consumer:
    def __init__(self, bootstrap, options):
        settings = {
            "bootstrap.servers": bootstrap,
            # librdkafka wants a group even where none is joined.
            "group.id": options.get("group", "none"),
            "auto.offset.reset": options.get("reset", "earliest"),
            "enable.auto.commit": False,
            "isolation.level": options.get("isolation", "read_uncommitted"),
            "enable.partition.eof": False,
            "fetch.wait.max.ms": 200,
            "max.partition.fetch.bytes": options.get("fetch_bytes", 1 << 20),
            "allow.auto.create.topics": True,
            "topic.metadata.refresh.interval.ms": options.get("metadata_ms", 300000),
        }
        if "assignor" in options:
            settings["partition.assignment.strategy"] = options["assignor"]
        if "instance" in options:
            settings["group.instance.id"] = options["instance"]
        if "session_ms" in options:
            settings["session.timeout.ms"] = options["session_ms"]
            settings["heartbeat.interval.ms"] = 500
        self.consumer = RawConsumer(settings)
        # Where an assignment starts that nothing has been read from yet.
        self.starts = None

    def subscribe(self, topics):
        self.consumer.subscribe(topics)

    def assign(self, places):
        self.starts = {place: OFFSET_BEGINNING for place in places}
        self._assign()

    def _assign(self):
        self.consumer.assign(
            [TopicPartition(*place, offset) for place, offset in self.starts.items()]
        )

    def assignment(self):
        return sorted((place.topic, place.partition) for place in self.consumer.assignment())

    def poll(self, seconds):
        messages = []
        self.starts = None
        message = self.consumer.poll(seconds)
        while message is not None:
            if message.error():
                raise confluent_kafka.KafkaException(message.error())
            messages.append(
                Message(
                    message.topic(), message.partition(), message.offset(),
                    message.timestamp()[1], message.key(), message.value(),
                    tuple(message.headers() or ()),
                )
            )
            message = self.consumer.poll(0) if len(messages) < 500 else None
        return messages

    def seek(self, topic, partition, offset):
        if self.starts is not None:
            self.starts[topic, partition] = offset
            self._assign()
            return

        # librdkafka refuses it for a moment after each assignment.
        def accepted():
            try:
                self.consumer.seek(TopicPartition(topic, partition, offset))
                return True
            except confluent_kafka.KafkaException:
                return False

        eventually(accepted, "a seek is accepted", seconds=5)

    def position(self, topic, partition):
        return self.consumer.position([TopicPartition(topic, partition)])[0].offset

    def beginning(self, places):
        return {place: self._watermarks(place)[0] for place in places}

    def ends(self, places):
        return {place: self._watermarks(place)[1] for place in places}

    def _watermarks(self, place):
        return self.consumer.get_watermark_offsets(TopicPartition(*place), timeout=10, cached=False)

    def offsets_for_times(self, times):
        found = self.consumer.offsets_for_times(
            [TopicPartition(*place, time) for place, time in times.items()], timeout=10
        )
        return {
            (place.topic, place.partition): place.offset if place.offset >= 0 else None
            for place in found
        }

    def pause(self, topic, partition):
        self.consumer.pause([TopicPartition(topic, partition)])

    def resume(self, topic, partition):
        self.consumer.resume([TopicPartition(topic, partition)])

    def commit(self, offsets):
        answers = self.consumer.commit(
            offsets=[TopicPartition(*place, offset) for place, offset in offsets.items()],
            asynchronous=False,
        )
        for answer in answers:
            if answer.error:
                raise confluent_kafka.KafkaException(answer.error)

    def committed(self, topic, partition):
        found = self.consumer.committed([TopicPartition(topic, partition)], timeout=10)[0]
        if found.error:
            raise confluent_kafka.KafkaException(found.error)
        return found.offset if found.offset >= 0 else None

    def partition_count(self, topic):
        found = self.consumer.list_topics(topic, timeout=10).topics[topic]
        return None if found.error else len(found.partitions)

    def close(self):
        self.consumer.close()
