"""aiokafka, run on an event loop in a thread of its own."""
import asyncio
import threading

import aiokafka
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition, errors
from aiokafka.coordinator.assignors.range import RangePartitionAssignor
from aiokafka.coordinator.assignors.roundrobin import RoundRobinPartitionAssignor
from aiokafka.coordinator.assignors.sticky.sticky_assignor import StickyPartitionAssignor

from harness import Delivery, Door, Fenced, Message

ACKS = {"0": 0, "1": 1, "all": "all"}
ASSIGNORS = {
    "range": RangePartitionAssignor,
    "roundrobin": RoundRobinPartitionAssignor,
    "sticky": StickyPartitionAssignor,
}


class Loop:
    """One event loop for the process; its methods are called from any thread."""

    _lock = threading.Lock()
    _loop = None

    @classmethod
    def run(cls, coroutine, seconds=60):
        with cls._lock:
            if cls._loop is None:
                cls._loop = asyncio.new_event_loop()
                threading.Thread(target=cls._loop.run_forever, daemon=True).start()
        return asyncio.run_coroutine_threadsafe(coroutine, cls._loop).result(seconds)


from doors.aiokafka_admin import Admin  # noqa: E402 (it runs on Loop)


class AiokafkaDoor(Door):
    NAME = "aiokafka"
    Admin = Admin
    ASSIGNORS = tuple(ASSIGNORS)
    OFFERS = frozenset(
        """produce consume deliveries idempotent timestamps headers empty-value null-value
        gzip snappy lz4 zstd murmur2 seek times pause groups static manual-commit
        metadata quick-metadata transactions""".split()
    )

    @classmethod
    def version(cls):
        return "aiokafka " + aiokafka.__version__

    def produce(self, topic, sends, compression=None, acks="all", idempotent=False, **options):
        async def run():
            producer = AIOKafkaProducer(
                bootstrap_servers=self.bootstrap,
                acks=ACKS[acks],
                compression_type=None if compression == "none" else compression,
                enable_idempotence=idempotent,
                max_batch_size=options.get("batch_bytes", 16384),
                max_request_size=2 << 20,
                linger_ms=20,
            )
            await producer.start()
            try:
                futures = [
                    await producer.send(
                        topic, value=send.value, key=send.key, partition=send.partition,
                        timestamp_ms=send.timestamp, headers=list(send.headers),
                    )
                    for send in sends
                ]
                await producer.flush()
                return [await future for future in futures]
            finally:
                await producer.stop()

        return [
            Delivery(where.partition, where.offset) if where else Delivery(-1, -1)
            for where in Loop.run(run())
        ]

    def transactional(self, transactional_id, timeout_ms=60000):
        return Transactional(self.bootstrap, transactional_id, timeout_ms)

    def consumer(self, **options):
        return Consumer(self.bootstrap, options)


class Transactional:
    def __init__(self, bootstrap, transactional_id, timeout_ms):
        async def start():
            producer = AIOKafkaProducer(
                bootstrap_servers=bootstrap, transactional_id=transactional_id,
                transaction_timeout_ms=timeout_ms, linger_ms=5,
            )
            await producer.start()
            return producer

        self.producer = self._call(start())

    def begin(self):
        self._call(self.producer.begin_transaction())

    def send(self, topic, sends):
        async def run():
            futures = [
                await self.producer.send(topic, value=send.value, key=send.key, partition=send.partition)
                for send in sends
            ]
            await self.producer.flush()
            for future in futures:
                await future

        self._call(run())

    def send_offsets(self, consumer, group, offsets):
        places = {TopicPartition(*place): offset for place, offset in offsets.items()}
        self._call(self.producer.send_offsets_to_transaction(places, group))

    def commit(self):
        self._call(self.producer.commit_transaction())

    def abort(self):
        self._call(self.producer.abort_transaction())

    def close(self):
        try:
            self._call(self.producer.stop())
        except Fenced:
            pass  # It ends a transaction that is open, where it may.

    def _call(self, coroutine):
        try:
            return Loop.run(coroutine)
        except (errors.ProducerFenced, errors.InvalidProducerEpoch) as error:
            raise Fenced(str(error)) from error


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

        async def start():
            consumer = AIOKafkaConsumer(
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
            await consumer.start()
            return consumer

        self.consumer = Loop.run(start())

    def subscribe(self, topics):
        async def run():
            self.consumer.subscribe(topics)

        Loop.run(run())

    def assign(self, places):
        async def run():
            self.consumer.assign([TopicPartition(*place) for place in places])

        Loop.run(run())

    def assignment(self):
        return sorted((place.topic, place.partition) for place in self.consumer.assignment())

    def poll(self, seconds):
        found = Loop.run(self.consumer.getmany(timeout_ms=int(seconds * 1000), max_records=500))
        return [
            Message(
                record.topic, record.partition, record.offset, record.timestamp, record.key,
                record.value, tuple(record.headers),
            )
            for records in found.values()
            for record in records
        ]

    def seek(self, topic, partition, offset):
        async def run():
            self.consumer.seek(TopicPartition(topic, partition), offset)

        Loop.run(run())

    def position(self, topic, partition):
        return Loop.run(self.consumer.position(TopicPartition(topic, partition)))

    def beginning(self, places):
        return self._offsets(self.consumer.beginning_offsets, places)

    def ends(self, places):
        return self._offsets(self.consumer.end_offsets, places)

    def _offsets(self, ask, places):
        found = Loop.run(ask([TopicPartition(*place) for place in places]))
        return {(place.topic, place.partition): offset for place, offset in found.items()}

    def offsets_for_times(self, times):
        found = Loop.run(
            self.consumer.offsets_for_times(
                {TopicPartition(*place): time for place, time in times.items()}
            )
        )
        return {
            (place.topic, place.partition): None if answer is None else answer.offset
            for place, answer in found.items()
        }

    def pause(self, topic, partition):
        async def run():
            self.consumer.pause(TopicPartition(topic, partition))

        Loop.run(run())

    def resume(self, topic, partition):
        async def run():
            self.consumer.resume(TopicPartition(topic, partition))

        Loop.run(run())

    def commit(self, offsets):
        Loop.run(
            self.consumer.commit(
                {TopicPartition(*place): offset for place, offset in offsets.items()}
            )
        )

    def committed(self, topic, partition):
        return Loop.run(self.consumer.committed(TopicPartition(topic, partition)))

    def partition_count(self, topic):
        async def run():
            await self.consumer._client.force_metadata_update()
            return self.consumer.partitions_for_topic(topic)

        return len(Loop.run(run()) or ()) or None

    def close(self):
        Loop.run(self.consumer.stop())
