"""Producing: codecs, keys, headers, nothing for a value, partitions, large records, acks."""
import time

from harness import (
    Send, by_partition, case, crc32_partition, expect, expect_equal, murmur2_partition,
)


def check_deliveries(context, deliveries, messages):
    """What the producer was told is where the consumer finds it."""
    if not context.door.offers("deliveries"):
        return
    found = sorted((message.partition, message.offset) for message in messages)
    told = sorted((delivery.partition, delivery.offset) for delivery in deliveries)
    expect_equal(told, found, "where the producer was told that its records are")


def round_trip(codec):
    def body(context):
        topic = context.topic()
        values = [b"line %04d " % number + b"millrace " * 40 for number in range(200)]
        deliveries = context.door.produce(
            topic, [Send(value, partition=0) for value in values], compression=codec
        )
        messages = context.door.read(topic, [0], len(values))
        expect_equal([message.value for message in messages], values, "the values")
        expect_equal([message.offset for message in messages], list(range(200)), "the offsets")
        check_deliveries(context, deliveries, messages)

    return body


case("produce and consume, no codec", "produce", "consume")(round_trip("none"))
for _codec in ("gzip", "snappy", "lz4", "zstd"):
    case("produce and consume, " + _codec, "produce", "consume", _codec)(round_trip(_codec))


@case("keys", "produce", "consume")
def keys(context):
    topic = context.topic()
    sends = [Send(b"v%d" % number, key=b"key %d" % number, partition=0) for number in range(5)]
    context.door.produce(topic, sends)
    messages = context.door.read(topic, [0], 5)
    expect_equal([message.key for message in messages], [send.key for send in sends], "the keys")


@case("a record without a key", "produce", "consume")
def no_key(context):
    topic = context.topic()
    context.door.produce(topic, [Send(b"alone", partition=0)])
    message = context.door.read(topic, [0], 1)[0]
    # kcat prints an absent key as an empty one.
    expect(message.key in ((None, b"") if context.door.offers("kcat") else (None,)), repr(message))
    expect_equal(message.value, b"alone", "the value")


@case("headers", "produce", "consume", "headers")
def headers(context):
    topic = context.topic()
    wanted = (("trace", b"abc"), ("trace", b"again"), ("empty", b""))
    context.door.produce(topic, [Send(b"v", headers=wanted, partition=0)])
    message = context.door.read(topic, [0], 1)[0]
    expect_equal(message.headers, wanted, "the headers")


@case("an empty value", "produce", "consume", "empty-value")
def empty_value(context):
    topic = context.topic()
    context.door.produce(topic, [Send(b"", key=b"k", partition=0)])
    message = context.door.read(topic, [0], 1)[0]
    expect_equal((message.key, message.value), (b"k", b""), "key and value")


@case("a null value", "produce", "consume", "null-value")
def null_value(context):
    topic = context.topic()
    context.door.produce(topic, [Send(None, key=b"k", partition=0)])
    message = context.door.read(topic, [0], 1)[0]
    expect_equal((message.key, message.value), (b"k", None), "key and value")


@case("timestamps", "produce", "consume", "timestamps")
def timestamps(context):
    topic = context.topic()
    start = int(time.time() * 1000) - 5000
    sends = [Send(b"v", partition=0, timestamp=start + 1000 * number) for number in range(4)]
    context.door.produce(topic, sends)
    messages = context.door.read(topic, [0], 4)
    expect_equal(
        [message.timestamp for message in messages], [send.timestamp for send in sends], "times"
    )


@case("LogAppendTime", "produce", "consume", "timestamps", "admin.create_topics")
def log_append_time(context):
    topic = context.topic(config={"message.timestamp.type": "LogAppendTime"})
    before = int(time.time() * 1000)
    context.door.produce(topic, [Send(b"v", partition=0, timestamp=before - 60000)])
    message = context.door.read(topic, [0], 1)[0]
    expect(before <= message.timestamp <= before + 30000, "%d, sent at %d" % (message.timestamp, before))


@case("explicit partitions", "produce", "consume")
def explicit_partitions(context):
    topic = context.topic(partitions=3)
    for partition in range(3):
        context.door.produce(topic, [Send(b"p%d" % partition, partition=partition)] * 2)
    found = by_partition(context.door.read(topic, range(3), 6))
    for partition in range(3):
        expect_equal(
            [message.value for message in found.get(partition, [])], [b"p%d" % partition] * 2,
            "partition %d" % partition,
        )


def keyed(partitioner, place_of):
    def body(context):
        count = 5
        topic = context.topic(partitions=count)
        keys = [b"a", b"bb", b"ccc", b"dddd", b"key-%d" % 12345, b"\xc3\xbcber", b"x" * 50]
        deliveries = context.door.produce(
            topic, [Send(b"of " + key, key=key) for key in keys], partitioner=partitioner
        )
        messages = context.door.read(topic, range(count), len(keys))
        found = {message.key: message.partition for message in messages}
        expect_equal(found, {key: place_of(key, count) for key in keys}, "where keys landed")
        check_deliveries(context, deliveries, messages)

    return body


case("keys land by murmur2", "produce", "consume", "murmur2")(keyed("murmur2", murmur2_partition))
case("keys land by CRC32", "produce", "consume", "crc32")(keyed("crc32", crc32_partition))


@case("a record of 900 KB", "produce", "consume")
def large_record(context):
    topic = context.topic()
    value = bytes(ord("a") + (number * 7919 >> 3) % 26 for number in range(900_000))
    context.door.produce(topic, [Send(value, partition=0)], batch_bytes=1_000_000)
    found = context.door.read(topic, [0], 1)[0].value
    expect(found == value, "%d bytes came back, or not the same" % len(found))


@case("idempotent produce", "produce", "consume", "idempotent")
def idempotent(context):
    topic = context.topic(partitions=2)
    sends = [Send(b"%d" % number, partition=number % 2) for number in range(400)]
    if context.door.offers("kcat"):
        for partition in range(2):
            own = [send for send in sends if send.partition == partition]
            deliveries = context.door.produce(topic, own, idempotent=True)
    else:
        deliveries = context.door.produce(topic, sends, idempotent=True, batch_bytes=500)
    messages = context.door.read(topic, range(2), len(sends))
    found = by_partition(messages)
    for partition in range(2):
        expect_equal(
            [message.value for message in found[partition]],
            [send.value for send in sends if send.partition == partition],
            "partition %d" % partition,
        )
    check_deliveries(context, deliveries, messages)


def acks(level):
    def body(context):
        topic = context.topic()
        values = [b"%d" % number for number in range(20)]
        context.door.produce(topic, [Send(value, partition=0) for value in values], acks=level)
        messages = context.door.read(topic, [0], len(values))
        expect_equal([message.value for message in messages], values, "the values")

    return body


for _level in ("0", "1", "all"):
    case("acks=" + _level, "produce", "consume")(acks(_level))


@case("a topic made by its first use", "produce", "consume", "metadata")
def auto_creation(context):
    topic = context.name("made-by-use")
    context.door.produce(topic, [Send(b"first", key=b"k")])
    messages = context.door.read(topic, range(4), 1)
    expect_equal([message.value for message in messages], [b"first"], "the values")
