"""kill -9 of the broker: what was acknowledged and committed is there afterwards."""
from cases.groups import joined
from harness import Send, case, expect_equal, read


@case("commit, kill -9 the broker, restart, resume", "groups", "manual-commit", kills_broker=True)
def commit_kill_resume(context):
    broker = context.own_broker()
    topic, group = context.topic(partitions=2), context.name("group")
    sends = [Send(b"%d" % number, partition=number % 2) for number in range(40)]
    context.door.produce(topic, sends)
    consumer = context.door.consumer(group=group, session_ms=6000)
    consumer.subscribe([topic])
    messages = joined(consumer, 2)
    messages += read(consumer, 40 - len(messages))
    consumer.commit({(topic, 0): 15, (topic, 1): 7})
    consumer.close()

    broker.kill()
    broker.start()
    context.door.produce(topic, [Send(b"after", partition=1)])
    consumer = context.door.consumer(group=group, session_ms=6000)
    consumer.subscribe([topic])
    try:
        messages = joined(consumer, 2)
        wanted = [(0, offset) for offset in range(15, 20)] + [(1, offset) for offset in range(7, 21)]
        messages += read(consumer, len(wanted) - len(messages))
        found = sorted((message.partition, message.offset) for message in messages)
        expect_equal(found, wanted, "where it went on")
    finally:
        consumer.close()


@case("a member stays through kill -9 of the broker", "groups", "manual-commit", kills_broker=True)
def member_survives(context):
    """The client reconnects, joins again and goes on from its commit, without a new consumer."""
    broker = context.own_broker()
    topic, group = context.topic(), context.name("group")
    context.door.produce(topic, [Send(b"%d" % number, partition=0) for number in range(10)])
    consumer = context.door.consumer(group=group, session_ms=6000)
    consumer.subscribe([topic])
    try:
        messages = joined(consumer, 1)
        messages += read(consumer, 10 - len(messages))
        consumer.commit({(topic, 0): 10})
        broker.kill()
        broker.start()
        context.door.produce(topic, [Send(b"after %d" % number, partition=0) for number in range(5)])
        found = read(consumer, 5, seconds=40)
        expect_equal([message.offset for message in found], list(range(10, 15)), "the offsets")
    finally:
        consumer.close()


@case("an idempotent producer's records survive kill -9 once", "idempotent", "seek", kills_broker=True)
def producer_state_survives(context):
    broker = context.own_broker()
    topic = context.topic()
    for round in range(3):
        sends = [Send(b"%d/%d" % (round, number), partition=0) for number in range(50)]
        deliveries = context.door.produce(topic, sends, idempotent=True, batch_bytes=600)
        expect_equal(
            [delivery.offset for delivery in deliveries],
            list(range(50 * round, 50 * round + 50)), "the offsets",
        )
        broker.kill()
        broker.start()
    found = context.door.read(topic, [0], 150)
    wanted = [b"%d/%d" % (round, number) for round in range(3) for number in range(50)]
    expect_equal([message.value for message in found], wanted, "the values")
