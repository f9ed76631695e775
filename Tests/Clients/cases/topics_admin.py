"""Admin clients on topics, partitions and records. Error codes are the protocol's."""
from harness import (
    Send, by_partition, case, eventually, expect, expect_equal, expect_refused,
)

UNKNOWN_TOPIC = 3
INVALID_TOPIC = 17
TOPIC_EXISTS = 36
INVALID_PARTITIONS = 37
INVALID_CONFIG = 40
OFFSET_OUT_OF_RANGE = 1


@case("admin: create and delete topics", "admin.create_topics", "admin.delete_topics")
def create_and_delete(context):
    admin = context.admin()
    try:
        names = [context.name("made"), context.name("made")]
        admin.create_topics({names[0]: 3, names[1]: 1})
        expect(set(names) <= admin.list_topics(), "the new topics are not listed")
        expect_equal(len(admin.describe_topic(names[0])), 3, "the partitions")
        expect_refused(TOPIC_EXISTS, "made again", lambda: admin.create_topics({names[0]: 3}))
        admin.delete_topics(names)
        eventually(lambda: not set(names) & admin.list_topics(), "the topics are gone", 5)
        expect_equal(admin.describe_topic(names[0]), None, "the deleted topic")
        expect_refused(UNKNOWN_TOPIC, "deleted again", lambda: admin.delete_topics([names[0]]))
        # The name is free again.
        admin.create_topics({names[0]: 2})
        expect_equal(len(admin.describe_topic(names[0])), 2, "the partitions of the second")
    finally:
        admin.close()


@case("admin: refused topics", "admin.create_topics")
def refused_topics(context):
    admin = context.admin()
    try:
        name = context.name("refused")
        expect_refused(INVALID_TOPIC, "a bad name", lambda: admin.create_topics({"no/slash": 1}))
        expect_refused(INVALID_PARTITIONS, "0 partitions", lambda: admin.create_topics({name: 0}))
        expect_refused(
            INVALID_CONFIG, "a bad setting",
            lambda: admin.create_topics({name: 1}, {"retention.ms": "soon"}),
        )
        admin.create_topics({name: 1}, validate_only=True)
        expect(name not in admin.list_topics(), "a validated topic was made")
    finally:
        admin.close()


@case("admin: create partitions", "admin.create_partitions")
def create_partitions(context):
    topic = context.topic(partitions=2)
    context.door.produce(topic, [Send(b"old", partition=1)])
    admin = context.admin()
    try:
        admin.create_partitions(topic, 5)
        eventually(lambda: len(admin.describe_topic(topic)) == 5, "five partitions", 5)
        context.door.produce(topic, [Send(b"new", partition=4)])
        found = by_partition(context.door.read(topic, range(5), 2))
        expect_equal(sorted(found), [1, 4], "the partitions with records")
        for count in (5, 3):
            expect_refused(
                INVALID_PARTITIONS, "%d instead of 5" % count,
                lambda: admin.create_partitions(topic, count),
            )
        expect_refused(
            UNKNOWN_TOPIC, "no such topic",
            lambda: admin.create_partitions(context.name("none"), 3),
        )
    finally:
        admin.close()


@case("admin: delete records", "admin.delete_records", "seek")
def delete_records(context):
    topic = context.topic(partitions=2)
    place = (topic, 0)
    context.door.produce(topic, [Send(b"%d" % number, partition=0) for number in range(30)])
    admin = context.admin()
    try:
        expect_equal(admin.delete_records({place: 12}), {place: 12}, "the new first offset")
        messages = context.door.read(topic, [0], 18)
        expect_equal([message.offset for message in messages], list(range(12, 30)), "what is left")
        expect_refused(
            OFFSET_OUT_OF_RANGE, "beyond the end", lambda: admin.delete_records({place: 31})
        )
        # -1 stands for the high watermark.
        expect_equal(admin.delete_records({place: -1}), {place: 30}, "all deleted")
        consumer = context.door.consumer()
        consumer.assign([place])
        expect_equal(consumer.beginning([place]), {place: 30}, "the first offset")
        consumer.close()
    finally:
        admin.close()


@case("admin: list offsets", "admin.list_offsets", "timestamps")
def list_offsets(context):
    topic = context.topic()
    place, noon = (topic, 0), 1780315200000
    times = [noon, noon + 5000, noon + 2000]
    for time in times:
        context.door.produce(topic, [Send(b"v", partition=0, timestamp=time)])
    admin = context.admin()
    try:
        expect_equal(admin.list_offsets({place: "earliest"})[place][0], 0, "earliest")
        expect_equal(admin.list_offsets({place: "latest"})[place][0], 3, "latest")
        expect_equal(
            admin.list_offsets({place: "max-timestamp"})[place], (1, noon + 5000), "max timestamp"
        )
        expect_equal(admin.list_offsets({place: noon + 1})[place][0], 1, "by time")
    finally:
        admin.close()


@case("admin: describe topic partitions", "admin.describe_topic_partitions")
def describe_topic_partitions(context):
    topic = context.topic(partitions=3)
    admin = context.admin()
    try:
        found = sorted(admin.describe_topic_partitions(topic), key=lambda one: one["partition"])
        expect_equal([one["partition"] for one in found], [0, 1, 2], "the partitions")
        for one in found:
            expect_equal(list(one["replicas"]), [one["leader"]], "replicas")
            expect_equal(list(one["isr"]), [one["leader"]], "in-sync replicas")
        expect_refused(
            UNKNOWN_TOPIC, "no such topic",
            lambda: admin.describe_topic_partitions(context.name("none")),
        )
    finally:
        admin.close()
