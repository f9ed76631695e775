"""What one door writes the other reads: the native command line and a Kafka client on one topic."""
from cases.groups import joined
from harness import Send, case, expect, expect_equal, murmur2_partition, read

CODECS = ("none", "gzip", "snappy", "lz4", "zstd")


def native_lines(broker, topic, *arguments):
    """(partition, offset, key, value) of what `millrace consume` prints."""
    output = broker.command(
        "consume", topic, "--format", "%p\\t%o\\t%k\\t%s\\n", *arguments
    )
    lines = [line.split(b"\t") for line in output.splitlines()]
    return [(int(partition), int(offset), key, value) for partition, offset, key, value in lines]


@case("native producer, Kafka consumer", "consume")
def native_to_kafka(context):
    broker = context.own_broker()
    topic = context.topic(partitions=3)
    lines = b"".join(b"key %d:value %d\n" % (number, number) for number in range(60))
    for codec in CODECS:
        broker.command("produce", topic, "--key-separator", ":", "--compression", codec, input=lines)
    messages = context.door.read(topic, range(3), 300)
    expect_equal(len(messages), 300, "the records")
    for message in messages:
        expect_equal(message.value, b"value" + message.key[3:], "the value of %s" % message.key)
        expect_equal(message.partition, murmur2_partition(message.key, 3), "where %s is" % message.key)


@case("Kafka producer, native consumer", "produce")
def kafka_to_native(context):
    broker = context.own_broker()
    topic = context.topic()
    wanted = []
    for codec in CODECS:
        if codec != "none" and not context.door.offers(codec):
            continue
        values = [b"%s %d" % (codec.encode(), number) for number in range(30)]
        context.door.produce(topic, [Send(value, partition=0) for value in values], compression=codec)
        wanted += values
    found = native_lines(broker, topic)
    expect_equal([value for _, _, _, value in found], wanted, "the values")
    expect_equal([offset for _, offset, _, _ in found], list(range(len(wanted))), "the offsets")


@case("both doors write, both read the same", "produce", "consume")
def mixed(context):
    broker = context.own_broker()
    topic = context.topic()
    for round in range(4):
        context.door.produce(topic, [Send(b"kafka %d" % round, key=b"k", partition=0)])
        broker.command("produce", topic, "--partition", "0", input=b"native %d\n" % round)
    found = native_lines(broker, topic)
    wanted = [b"%s %d" % (who, round) for round in range(4) for who in (b"kafka", b"native")]
    expect_equal([value for _, _, _, value in found], wanted, "what the native door reads")
    messages = context.door.read(topic, [0], 8)
    expect_equal([message.value for message in messages], wanted, "what the Kafka door reads")
    expect_equal([message.offset for message in messages], list(range(8)), "the offsets")


@case("a group goes from one door to the other", "groups", "manual-commit")
def group_moves(context):
    broker = context.own_broker()
    topic, group = context.topic(), context.name("moving")
    context.door.produce(topic, [Send(b"%d" % number, partition=0) for number in range(30)])
    first = native_lines(broker, topic, "--group", group, "--max-records", "10")
    expect_equal([offset for _, offset, _, _ in first], list(range(10)), "the native door's part")

    consumer = context.door.consumer(group=group)
    consumer.subscribe([topic])
    try:
        messages = joined(consumer, 1)
        messages += read(consumer, 20 - len(messages))
        expect_equal(messages[0].offset, 10, "where the Kafka door went on")
        consumer.commit({(topic, 0): 25})
    finally:
        consumer.close()

    last = native_lines(broker, topic, "--group", group)
    expect_equal([offset for _, offset, _, _ in last], list(range(25, 30)), "the native door's rest")


@case("a topic made by one door is the other's", "admin.create_topics", "admin.describe_topic")
def topics(context):
    broker = context.own_broker()
    admin = context.admin()
    try:
        native, kafka = context.name("by-native"), context.name("by-kafka")
        broker.command("topic", "create", native, "--partitions", "3")
        expect_equal(len(admin.describe_topic(native)), 3, "the native topic")
        admin.create_topics({kafka: 2})
        listed = broker.command("topic", "list").decode().splitlines()
        expect("%s\t2" % kafka in listed, "topic list says %s" % listed)
    finally:
        admin.close()
