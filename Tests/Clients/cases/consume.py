"""Consuming: seek, offsets by time, pause and resume, fetch sessions, the end of the log."""
from harness import Send, case, expect, expect_equal, eventually, read


def filled(context, count=20, partitions=1):
    """A topic whose record at offset N of each partition has the value N and the time 1000 + N."""
    topic = context.topic(partitions=partitions)
    context.door.produce(
        topic,
        [
            Send(b"%d" % number, partition=partition, timestamp=NOON + 1000 * number)
            for partition in range(partitions)
            for number in range(count)
        ],
    )
    return topic


# 2026-06-01 12:00 UTC
NOON = 1780315200000


@case("seek", "seek")
def seek(context):
    topic = filled(context)
    consumer = context.door.consumer()
    try:
        consumer.assign([(topic, 0)])
        consumer.seek(topic, 0, 12)
        expect_equal(read(consumer, 8)[0].offset, 12, "the first after seeking ahead")
        consumer.seek(topic, 0, 3)
        messages = read(consumer, 17)
        expect_equal([message.offset for message in messages], list(range(3, 20)), "after seeking back")
        expect_equal(consumer.position(topic, 0), 20, "the position")
    finally:
        consumer.close()


@case("first and last offset", "seek")
def watermarks(context):
    topic = filled(context, partitions=2)
    places = [(topic, 0), (topic, 1)]
    consumer = context.door.consumer()
    try:
        consumer.assign(places)
        expect_equal(consumer.beginning(places), {place: 0 for place in places}, "beginnings")
        expect_equal(consumer.ends(places), {place: 20 for place in places}, "ends")
    finally:
        consumer.close()


@case("offsets by time", "times", "timestamps")
def offsets_by_time(context):
    topic = filled(context)
    place = (topic, 0)
    consumer = context.door.consumer()
    try:
        consumer.assign([place])
        for time, wanted in [
            (NOON - 1, 0), (NOON, 0), (NOON + 1, 1), (NOON + 7000, 7), (NOON + 7001, 8),
            (NOON + 19000, 19),
        ]:
            found = consumer.offsets_for_times({place: time})[place]
            expect_equal(found, wanted, "the first offset at or after noon + %d ms" % (time - NOON))
        after = consumer.offsets_for_times({place: NOON + 19001})[place]
        # librdkafka answers with the end, whose number depends on its version.
        expect(after in (None, 20), "after the last record: %s" % after)
    finally:
        consumer.close()


@case("pause and resume", "pause")
def pause_and_resume(context):
    topic = filled(context, partitions=2)
    consumer = context.door.consumer()
    try:
        consumer.assign([(topic, 0), (topic, 1)])
        consumer.pause(topic, 0)
        # What had been fetched before the pause may still come from some clients, but not all.
        expect_equal({message.partition for message in read(consumer, 20)}, {1}, "while paused")
        for _ in range(3):
            expect_equal(consumer.poll(0.3), [], "while paused")
        consumer.resume(topic, 0)
        messages = read(consumer, 20)
        expect_equal([message.partition for message in messages], [0] * 20, "after resuming")
        expect_equal([message.offset for message in messages], list(range(20)), "after resuming")
    finally:
        consumer.close()


@case("waiting at the end of the log", "seek")
def long_poll(context):
    """Fetch sessions go on over many empty fetches, and new records come through them."""
    topic = filled(context, count=3, partitions=4)
    consumer = context.door.consumer()
    try:
        consumer.assign([(topic, partition) for partition in range(4)])
        read(consumer, 12)
        for round in range(3):
            expect_equal(consumer.poll(0.5), [], "with nothing new")
            partition = (round * 3) % 4
            context.door.produce(topic, [Send(b"new", partition=partition)])
            expect_equal(read(consumer, 1)[0].partition, partition, "the new record's partition")
    finally:
        consumer.close()


@case("a record larger than the fetch size", "seek")
def larger_than_fetch(context):
    topic = context.topic()
    context.door.produce(topic, [Send(b"x" * 100_000, partition=0)], batch_bytes=200_000)
    context.door.produce(topic, [Send(b"small", partition=0)])
    consumer = context.door.consumer(fetch_bytes=1000)
    try:
        consumer.assign([(topic, 0)])
        sizes = [len(message.value) for message in read(consumer, 2)]
        expect_equal(sizes, [100_000, 5], "the sizes")
    finally:
        consumer.close()


@case("an offset out of range", "seek")
def out_of_range(context):
    """The reset policy applies: from the first record on."""
    topic = filled(context)
    consumer = context.door.consumer(reset="earliest")
    try:
        consumer.assign([(topic, 0)])
        consumer.seek(topic, 0, 5000)
        messages = read(consumer, 20)
        expect_equal([message.offset for message in messages], list(range(20)), "the offsets")
    finally:
        consumer.close()


@case("a topic made by metadata", "metadata", "seek")
def metadata_creates(context):
    topic = context.name("made-by-metadata")
    consumer = context.door.consumer()
    try:
        # Clients ask for what they are to read; librdkafka and Java also when asked themselves.
        consumer.assign([(topic, 0)])
        consumer.poll(0.1)
        found = eventually(lambda: consumer.partition_count(topic), "the topic is there")
        expect_equal(found, 4, "the default number of partitions")
    finally:
        consumer.close()
