"""Admin and health, 0x05 and 0x06."""
from client import pb
from harness import case, expect, expect_code, expect_equal, produce, topic


def settings(description):
    return {one.key: one for one in description.settings}


@case
def broker_is_described(context):
    description = context.connect().unary("describe broker")
    expect(description.cluster_id, "the cluster has an id")
    expect(len(description.settings) > 5, "there are settings")
    for one in description.settings:
        expect(one.key and one.documentation, "%r is documented" % one.key)


@case
def broker_is_altered(context):
    connection = context.connect()
    before = settings(connection.unary("describe broker"))
    change = pb.ConfigChange
    alter = lambda *changes: connection.unary("alter broker", pb.AlterBrokerRequest(changes=changes))  # noqa: E731
    key, one = next((key, one) for key, one in sorted(before.items()) if not one.is_read_only and one.value.isdigit())
    other = str(int(one.value) + 1)
    expect_equal(settings(alter(change(key=key, value=other)))[key].value, other, key)
    refused = (change(key=key, value=one.value), change(key="no.such.setting", value="1"))
    expect_code(3, lambda: alter(*refused), "an unknown setting", value="no.such.setting")
    expect_equal(settings(connection.unary("describe broker"))[key].value, other, "all or none: %s" % key)
    expect_code(3, lambda: alter(change(key=key, value="many")), "no number", value="many")
    expect_equal(settings(alter(change(key=key)))[key].value, one.default_value, "left out, the default holds")
    fixed = next(key for key, one in before.items() if one.is_read_only)
    expect_code(3, lambda: alter(change(key=fixed, value="1")), "a setting that is read-only", value=fixed)


@case
def log_directory_is_described(context):
    connection = context.connect()
    name = topic(connection, partitions=2)
    produce(connection, name, [b"x" * 5000], partition=1)
    description = connection.unary("describe log directory")
    expect(description.path, "it has a path")
    expect(0 < description.usable_bytes <= description.total_bytes, "the file system's size")
    sizes = {one.partition: one.size_bytes for one in description.partitions if one.topic == name}
    expect_equal(sorted(sizes), [0, 1], "partitions")
    expect(sizes[1] > 5000 and sizes[0] == 0, "their sizes: %r" % sizes)


@case
def health_is_told(context):
    connection = context.connect()
    expect_equal(connection.unary("health").status, pb.HealthResponse.SERVING, "health")
    call = connection.call("watch health")
    expect_equal(call.next()[0].status, pb.HealthResponse.SERVING, "the first of a watch")
