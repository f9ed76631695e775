"""Methods 0x0101 to 0x0108."""
import batches
from client import pb
from harness import (
    case, expect, expect_code, expect_equal, expect_status, fresh, position, produce, start_of, subscribe, topic, values,
)


def describe(connection, name):
    return connection.unary("describe topic", pb.DescribeTopicRequest(name=name))


def configs(description):
    return {config.key: config.value for config in description.configs}


@case
def create_and_describe(context):
    connection = context.connect()
    name = fresh()
    request = pb.CreateTopicRequest(name=name, partitions=3)
    request.configs.add(key="retention.ms", value="12345678")
    made = connection.unary("create topic", request)
    expect_equal(made.name, name, "the name")
    expect_equal(len(made.id), 16, "bytes of the id")
    expect(any(made.id), "the id is not 0")
    expect_equal([one.partition for one in made.partitions], [0, 1, 2], "the partitions")
    for one in made.partitions:
        numbers = (one.log_start_offset, one.high_watermark, one.log_end_offset, one.read_only_reason)
        expect_equal(numbers, (0, 0, 0, ""), "partition %d" % one.partition)
    expect_equal(configs(made)["retention.ms"], "12345678", "the setting")
    expect_equal(describe(connection, name), made, "the description")


@case
def number_of_partitions_is_left_to_the_broker(context):
    connection = context.connect()
    made = connection.unary("create topic", pb.CreateTopicRequest(name=fresh()))
    expect(len(made.partitions) >= 1, "a topic has a partition")


@case
def bad_topics_are_not_made(context):
    connection = context.connect()
    name = topic(connection)
    create = lambda **fields: connection.unary("create topic", pb.CreateTopicRequest(**fields))  # noqa: E731
    expect_code(6, lambda: create(name=name), "a name that is taken", value=name)
    for illegal in ("", ".", "..", "a b", "a/b", "x" * 250, "caf\u00e9", "a\0b"):
        expect_code(3, lambda: create(name=illegal, partitions=1), "the name %r" % illegal)
    expect_code(3, lambda: create(name=fresh(), partitions=0xFFFFFFFF), "partitions", value=0xFFFFFFFF)
    for key, value in (("no.such.setting", "1"), ("retention.ms", "soon"), ("max.message.bytes", "-5")):
        other = fresh()
        config = [pb.Config(key=key, value=value)]
        expect_code(3, lambda: create(name=other, configs=config), "%s=%s" % (key, value), value=key)
        expect_code(5, lambda: describe(connection, other), "the topic that was refused", value=other)


@case
def list_topics(context):
    connection = context.connect()
    name = topic(connection, partitions=2)
    found = {one.name: one for one in connection.unary("list topics").topics}
    expect_equal(found[name].partitions, 2, "partitions")
    expect_equal(found[name].id, describe(connection, name).id, "the id")
    expect(not [one for one in found if one.startswith("__")], "internal topics are not asked for")
    commit = pb.OffsetCommit(topic=name, offset=0)
    connection.unary("commit offsets", pb.CommitOffsetsRequest(group=fresh("group"), offsets=[commit]))
    every = connection.unary("list topics", pb.ListTopicsRequest(include_internal=True)).topics
    expect([one for one in every if one.name.startswith("__")], "internal topics are there when asked for")


@case
def delete_topic(context):
    connection = context.connect()
    name = topic(connection)
    follower = subscribe(connection, name, follow=True)
    start_of(follower)
    connection.unary("delete topic", pb.DeleteTopicRequest(name=name))
    expect_code(5, lambda: describe(connection, name), "the deleted topic", value=name)
    expect_code(5, lambda: connection.unary("delete topic", pb.DeleteTopicRequest(name=name)), "deleted twice")
    expect_status(follower.end(), 5, "a subscription of the deleted topic")
    again = connection.unary("create topic", pb.CreateTopicRequest(name=name, partitions=1))
    expect_equal(again.partitions[0].log_end_offset, 0, "a new topic of that name is empty")


@case
def the_brokers_own_topics_are_not_touched(context):
    connection = context.connect()
    name = topic(connection)
    commit = pb.OffsetCommit(topic=name, offset=0)
    connection.unary("commit offsets", pb.CommitOffsetsRequest(group=fresh("group"), offsets=[commit]))
    every = connection.unary("list topics", pb.ListTopicsRequest(include_internal=True)).topics
    own = next(one.name for one in every if one.name.startswith("__"))
    expect_code(7, lambda: connection.unary("delete topic", pb.DeleteTopicRequest(name=own)), "delete", value=own)
    status = connection.call("produce", pb.ProduceOpen(topic=own)).end()
    expect_status(status, 7, "produce to %s" % own, value=own)


@case
def add_partitions(context):
    connection = context.connect()
    name = topic(connection, partitions=2)
    add = lambda name, count: connection.unary(  # noqa: E731
        "add partitions", pb.AddPartitionsRequest(name=name, partitions=count)
    )
    expect_equal([one.partition for one in add(name, 5).partitions], list(range(5)), "partitions")
    produce(connection, name, [b"x"], partition=4)
    expect_code(3, lambda: add(name, 3), "fewer partitions", value=3)
    expect_code(3, lambda: add(name, 0xFFFFFFFF), "too many partitions", value=0xFFFFFFFF)
    expect_code(5, lambda: add(fresh(), 3), "no such topic")
    expect_equal(len(describe(connection, name).partitions), 5, "partitions after what was refused")


@case
def alter_topic(context):
    connection = context.connect()
    name = topic(connection, retention_ms=1000)
    change = pb.ConfigChange
    alter = lambda *changes: connection.unary(  # noqa: E731
        "alter topic", pb.AlterTopicRequest(name=name, changes=changes)
    )
    altered = configs(alter(change(key="retention.ms", value="2000"), change(key="max.message.bytes", value="5000")))
    expect_equal((altered["retention.ms"], altered["max.message.bytes"]), ("2000", "5000"), "the settings")
    changes = (change(key="retention.ms", value="3000"), change(key="no.such.setting", value="1"))
    expect_code(3, lambda: alter(*changes), "an unknown setting", value="no.such.setting")
    expect_equal(configs(describe(connection, name))["retention.ms"], "2000", "all or none: the setting")
    unset = configs(alter(change(key="retention.ms")))
    expect(unset.get("retention.ms") not in ("1000", "2000", "3000"), "left out, the default holds")
    expect_code(
        5, lambda: connection.unary("alter topic", pb.AlterTopicRequest(name=fresh())), "no such topic"
    )


@case
def trim(context):
    connection = context.connect()
    name = topic(connection)
    produce(connection, name, [b"%d" % number for number in range(10)])
    cut = lambda offset, partition=0, topic=name: connection.unary(  # noqa: E731
        "trim", pb.TrimRequest(topic=topic, partition=partition, before_offset=offset)
    ).log_start_offset
    expect_equal(cut(4), 4, "the log start offset")
    expect_equal(describe(connection, name).partitions[0].log_start_offset, 4, "the one described")
    expect_equal(values(connection, name), [b"%d" % number for number in range(4, 10)], "records")
    expect_equal(cut(2), 4, "the log start offset does not go back")
    expect_code(11, lambda: cut(11), "an offset behind the end", value=11)
    expect_code(5, lambda: cut(1, partition=7), "no such partition", value=7)
    expect_code(5, lambda: cut(1, topic=fresh()), "no such topic")
    expect_status(subscribe(connection, name, position=position(offset=2)).end(), 11, "a trimmed offset", value=2)
    expect_equal(cut(10), 10, "everything may be trimmed")
    expect_equal(values(connection, name), [], "records")


@case
def find_offsets(context):
    connection = context.connect()
    name = topic(connection)
    records = [batches.Record(b"%d" % number, timestamp=1_700_000_000_000 + 1000 * number) for number in range(10)]
    produce(connection, name, [records[:5], records[5:]])
    where = [
        position(beginning=True), position(end=True), position(offset=3), position(timestamp_ms=0),
        position(timestamp_ms=1_700_000_006_500), position(timestamp_ms=1_800_000_000_000),
    ]
    request = pb.FindOffsetsRequest()
    for one in where:
        request.positions.add(topic=name, position=one)
    request.positions.add(topic=name, position=position(offset=11))
    request.positions.add(topic=name, partition=1, position=position(end=True))
    request.positions.add(topic=fresh(), position=position(end=True))
    found = connection.unary("find offsets", request).offsets
    expect_equal([one.offset for one in found[:6]], [0, 10, 3, 0, 7, 10], "offsets")
    expect(not any(one.HasField("error") for one in found[:6]), "no error where there is an offset")
    expect_equal([one.error.code for one in found[6:]], [11, 5, 5], "codes")
