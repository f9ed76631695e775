"""Commits: what is committed is where the next member goes on."""
from harness import Send, case, eventually, expect_equal, read


def joined(consumer, count):
    """Polls until the group has given this member `count` partitions; what was read on the way."""
    messages = []

    def holds():
        messages.extend(consumer.poll(0.2))
        return len(consumer.assignment()) == count

    eventually(holds, "the group gives %d partitions" % count, 20, pause=0)
    return messages


@case("commit and go on", "groups", "manual-commit")
def commit_and_resume(context):
    topic, group = context.topic(partitions=2), context.name("group")
    context.door.produce(
        topic, [Send(b"%d" % number, partition=number % 2) for number in range(20)]
    )
    consumer = context.door.consumer(group=group)
    consumer.subscribe([topic])
    messages = joined(consumer, 2)
    messages += read(consumer, 20 - len(messages))
    consumer.commit({(topic, 0): 4, (topic, 1): 10})
    consumer.close()

    consumer = context.door.consumer(group=group)
    consumer.subscribe([topic])
    try:
        messages = joined(consumer, 2)
        messages += read(consumer, 6 - len(messages))
        found = sorted((message.partition, message.offset) for message in messages)
        expect_equal(found, [(0, offset) for offset in range(4, 10)], "where it went on")
        expect_equal(consumer.committed(topic, 0), 4, "partition 0's commit")
        expect_equal(consumer.committed(topic, 1), 10, "partition 1's commit")
    finally:
        consumer.close()


@case("a commit without a group member", "manual-commit")
def standalone_commit(context):
    """A consumer that assigns itself commits under a group's name without joining it."""
    topic, group = context.topic(partitions=2), context.name("group")
    context.door.produce(topic, [Send(b"v", partition=0)] * 5)
    consumer = context.door.consumer(group=group)
    try:
        consumer.assign([(topic, 0), (topic, 1)])
        read(consumer, 5)
        consumer.commit({(topic, 0): 3})
        expect_equal(consumer.committed(topic, 0), 3, "the commit")
        expect_equal(consumer.committed(topic, 1), None, "a partition that nobody committed")
    finally:
        consumer.close()


@case("new partitions reach the group", "groups", "admin.create_partitions", "quick-metadata")
def new_partitions(context):
    topic, group = context.topic(partitions=1), context.name("group")
    consumer = context.door.consumer(group=group, metadata_ms=1000)
    consumer.subscribe([topic])
    try:
        joined(consumer, 1)
        admin = context.admin()
        admin.create_partitions(topic, 3)
        admin.close()
        joined(consumer, 3)
        context.door.produce(topic, [Send(b"new", partition=2)])
        expect_equal(read(consumer, 1)[0].partition, 2, "the new record's partition")
    finally:
        consumer.close()
