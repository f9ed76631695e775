"""Admin clients on settings of topics and of the broker."""
from harness import Send, case, expect, expect_equal, expect_refused

INVALID_CONFIG = 40
UNKNOWN_TOPIC = 3

# Entries that any Kafka topic shows.
TOPIC_KEYS = {
    "cleanup.policy", "compression.type", "max.message.bytes", "message.timestamp.type",
    "min.insync.replicas", "retention.bytes", "retention.ms", "segment.bytes", "segment.ms",
}


def broker_name(admin):
    return str(admin.describe_cluster()["nodes"][0][0])


@case("admin: describe a topic's settings", "admin.describe_configs")
def describe_topic(context):
    topic = context.topic(config={"retention.ms": "3600000"})
    admin = context.admin()
    try:
        found = admin.describe_configs("TOPIC", topic)
        expect(TOPIC_KEYS <= set(found), "missing: %s" % sorted(TOPIC_KEYS - set(found)))
        expect_equal(found["retention.ms"].value, "3600000", "retention.ms")
        expect_equal(found["retention.ms"].source, "DYNAMIC_TOPIC_CONFIG", "its source")
        expect_equal(found["cleanup.policy"].value, "delete", "cleanup.policy")
        expect(found["cleanup.policy"].source != "DYNAMIC_TOPIC_CONFIG", "a default has its own source")
        expect_refused(
            UNKNOWN_TOPIC, "no such topic",
            lambda: admin.describe_configs("TOPIC", context.name("none")),
        ) if context.door.NAME != "kafka-python" else None
    finally:
        admin.close()


@case("admin: describe the broker's settings", "admin.describe_configs")
def describe_broker(context):
    admin = context.admin()
    try:
        found = admin.describe_configs("BROKER", broker_name(admin))
        expect_equal(found["num.partitions"].value, "4", "num.partitions")
    finally:
        admin.close()


@case("admin: alter settings", "admin.alter_configs")
def alter(context):
    """The old call replaces all of a topic's settings; kafka-python first fills in what it has."""
    topic = context.topic(config={"segment.bytes": "1048576"})
    admin = context.admin()
    try:
        admin.alter_configs("TOPIC", topic, {"retention.ms": "7200000"})
        found = admin.describe_configs("TOPIC", topic)
        expect_equal(found["retention.ms"].value, "7200000", "retention.ms")
        if context.door.NAME != "kafka-python":
            source = found["segment.bytes"].source
            expect(source != "DYNAMIC_TOPIC_CONFIG", "segment.bytes is still %s" % source)
    finally:
        admin.close()


@case("admin: incremental settings", "admin.incremental_alter_configs", "admin.describe_configs")
def incremental(context):
    topic = context.topic(config={"segment.bytes": "1048576"})
    admin = context.admin()

    def change(*changes):
        admin.incremental_alter_configs("TOPIC", topic, list(changes))
        return admin.describe_configs("TOPIC", topic)

    try:
        found = change(("SET", "retention.ms", "7200000"))
        expect_equal(found["retention.ms"].value, "7200000", "retention.ms")
        expect_equal(found["segment.bytes"].value, "1048576", "segment.bytes, left alone")
        found = change(("DELETE", "segment.bytes", None if context.door.NAME != "java" else ""))
        expect(found["segment.bytes"].source != "DYNAMIC_TOPIC_CONFIG", "segment.bytes is not reset")
        # A list is not given what it has, nor rid of what it has not.
        for operation, value, after in [
            ("APPEND", "delete", {"delete"}),
            ("SUBTRACT", "compact", {"delete"}),
            ("APPEND", "compact", {"compact", "delete"}),
            ("SUBTRACT", "delete", {"compact"}),
        ]:
            found = change((operation, "cleanup.policy", value))
            expect_equal(set(found["cleanup.policy"].value.split(",")), after, "cleanup.policy")
        for key, value in [("retention.ms", "soon"), ("cleanup.policy", "burn"), ("no.such", "1")]:
            expect_refused(
                INVALID_CONFIG, "%s=%s" % (key, value), lambda: change(("SET", key, value))
            )
        expect_refused(
            INVALID_CONFIG, "APPEND to a number", lambda: change(("APPEND", "retention.ms", "1"))
        )
    finally:
        admin.close()


@case("admin: a smaller message limit takes effect", "admin.incremental_alter_configs", "deliveries")
def message_limit(context):
    topic = context.topic()
    admin = context.admin()
    try:
        context.door.produce(topic, [Send(b"x" * 5000, partition=0)])
        admin.incremental_alter_configs("TOPIC", topic, [("SET", "max.message.bytes", "1000")])
        try:
            context.door.produce(topic, [Send(b"x" * 5000, partition=0)])
        except Exception as error:
            text = (type(error).__name__ + str(error)).lower().replace(" ", "")
            expect("toolarge" in text or "larger" in text, "refused otherwise: %r" % error)
        else:
            expect(False, "a record above the limit was taken")
        context.door.produce(topic, [Send(b"x" * 500, partition=0)])
        messages = context.door.read(topic, [0], 2)
        expect_equal([len(message.value) for message in messages], [5000, 500], "the sizes")
    finally:
        admin.close()


@case("admin: recompression to the topic's codec", "admin.create_topics", "produce", "consume")
def recompression(context):
    topic = context.topic(config={"compression.type": "zstd"})
    values = [b"millrace " * 100 + b"%d" % number for number in range(50)]
    context.door.produce(topic, [Send(value, partition=0) for value in values], compression="gzip")
    messages = context.door.read(topic, [0], 50)
    expect_equal([message.value for message in messages], values, "the values")


@case("admin: broker settings", "admin.incremental_alter_configs", "admin.describe_configs")
def broker_settings(context):
    admin = context.admin()
    try:
        name = broker_name(admin)
        key = "log.retention.ms"
        before = admin.describe_configs("BROKER", name)[key].value
        admin.incremental_alter_configs("BROKER", name, [("SET", key, "86400000")])
        found = admin.describe_configs("BROKER", name)[key]
        expect_equal((found.value, found.source), ("86400000", "DYNAMIC_BROKER_CONFIG"), key)
        admin.incremental_alter_configs(
            "BROKER", name, [("DELETE", key, None if context.door.NAME != "java" else "")]
        )
        expect_equal(admin.describe_configs("BROKER", name)[key].value, before, key + " again")
    finally:
        admin.close()


@case("admin: list config resources", "admin.list_config_resources")
def list_resources(context):
    topic = context.topic()
    admin = context.admin()
    try:
        expect(topic in admin.list_config_resources("TOPIC"), "the topic is not listed")
        expect_equal(
            admin.list_config_resources("BROKER"), {broker_name(admin)}, "the brokers"
        )
    finally:
        admin.close()
