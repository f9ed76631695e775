"""Transactions: all of it or nothing, for whoever reads what is committed."""
from cases.groups import joined
from harness import CaseFailure, Fenced, Send, case, eventually, expect, expect_equal, expect_refused, read

COMMITTED = "read_committed"


def values(*numbers):
    return [b"%d" % number for number in numbers]


def sends(*numbers):
    """Even numbers go to partition 0, odd ones to 1."""
    return [Send(b"%d" % number, partition=number % 2) for number in numbers]


def read_all(context, topic, count, isolation=COMMITTED):
    """The values of both partitions, sorted; no more come than `count`."""
    consumer = context.door.consumer(isolation=isolation)
    try:
        consumer.assign([(topic, 0), (topic, 1)])
        for partition in (0, 1):
            consumer.seek(topic, partition, 0)
        found = read(consumer, count)
        found += consumer.poll(1.0)
        return sorted((message.value for message in found), key=int)
    finally:
        consumer.close()


@case("transactions: commit and abort", "transactions", "seek", waits=True)
def commit_and_abort(context):
    topic = context.topic(partitions=2)
    producer = context.door.transactional(context.name("id"))
    try:
        for first, commits in ((0, True), (10, False), (20, True), (30, False)):
            producer.begin()
            producer.send(topic, sends(*range(first, first + 10)))
            producer.commit() if commits else producer.abort()
    finally:
        producer.close()
    wanted = values(*range(10), *range(20, 30))
    expect_equal(read_all(context, topic, 20), wanted, "what is committed")
    found = read_all(context, topic, 40, "read_uncommitted")
    expect(set(wanted) <= set(found), "read_uncommitted gives what is committed, too: %r" % found)


@case("transactions: what is open is not read", "transactions", "seek", waits=True)
def open_is_not_read(context):
    """Neither it nor what comes behind it, until it ends."""
    topic = context.topic(partitions=2)
    producer = context.door.transactional(context.name("id"))
    consumer = context.door.consumer(isolation=COMMITTED)
    try:
        consumer.assign([(topic, 0)])
        consumer.seek(topic, 0, 0)
        context.door.produce(topic, [Send(b"0", partition=0)])
        producer.begin()
        producer.send(topic, [Send(b"2", partition=0)])
        context.door.produce(topic, [Send(b"4", partition=0)])
        expect_equal([message.value for message in read(consumer, 1)], [b"0"], "before it")
        expect_equal(consumer.poll(1.0), [], "while it is open")
        expect_equal(consumer.ends([(topic, 0)])[(topic, 0)], 1, "the end of what is stable")
        producer.commit()
        expect_equal([message.value for message in read(consumer, 2)], [b"2", b"4"], "after it")
    finally:
        consumer.close()
        producer.close()


@case("transactions: a younger instance fences the older", "transactions", "seek", waits=True)
def fencing(context):
    topic, name = context.topic(partitions=2), context.name("id")
    older = context.door.transactional(name)
    older.begin()
    older.send(topic, sends(0, 1))
    younger = context.door.transactional(name)
    try:
        younger.begin()
        younger.send(topic, sends(2, 3))
        try:
            older.send(topic, sends(4, 5))
            older.commit()
        except Fenced:
            pass
        else:
            raise CaseFailure("the older instance committed")
        younger.commit()
    finally:
        older.close()
        younger.close()
    expect_equal(read_all(context, topic, 2), values(2, 3), "what is committed")


@case("transactions: one that takes too long is aborted", "transactions", "seek", waits=True)
def timeout(context):
    topic = context.topic(partitions=2)
    producer = context.door.transactional(context.name("id"), timeout_ms=2000)
    try:
        producer.begin()
        producer.send(topic, sends(0, 1))
        context.door.produce(topic, sends(2, 3))
        # What lies behind it is read once it is aborted.
        expect_equal(read_all(context, topic, 2), values(2, 3), "what is committed")
        try:
            producer.commit()
        except Fenced:
            pass
        else:
            raise CaseFailure("it was committed after its time")
    finally:
        producer.close()


@case("transactions: offsets are committed with the records", "transactions", "groups", "seek", waits=True)
def offsets(context):
    """Read, transform, write: once committed, once aborted."""
    source, target, group = context.topic(partitions=2), context.topic(partitions=2), context.name("group")
    context.door.produce(source, sends(*range(20)))
    producer = context.door.transactional(context.name("id"))
    consumer = context.door.consumer(group=group, isolation=COMMITTED)
    try:
        consumer.subscribe([source])
        messages = joined(consumer, 2)
        messages += read(consumer, 20 - len(messages))
        for end, commits in ((4, True), (8, False)):
            producer.begin()
            producer.send(target, [
                Send(message.value, partition=message.partition)
                for message in messages if end - 4 <= message.offset < end
            ])
            producer.send_offsets(consumer, group, {(source, 0): end, (source, 1): end})
            producer.commit() if commits else producer.abort()
    finally:
        producer.close()
        consumer.close()
    expect_equal(read_all(context, target, 8), values(*range(8)), "what is written")
    consumer = context.door.consumer(group=group)
    try:
        consumer.subscribe([source])
        messages = joined(consumer, 2)
        messages += read(consumer, 12 - len(messages))
        expect_equal(min(message.offset for message in messages), 4, "where the group goes on")
    finally:
        consumer.close()


@case(
    "admin: list, describe and abort transactions", "transactions", "admin.list_transactions",
    "admin.describe_transaction", "admin.abort_transaction", "admin.describe_producers",
)
def admin_calls(context):
    topic, name = context.topic(partitions=2), context.name("id")
    producer = context.door.transactional(name)
    admin = context.admin()
    try:
        expect_equal(admin.list_transactions().get(name), "Empty", "before it begins")
        producer.begin()
        producer.send(topic, sends(0, 1))
        expect_equal(admin.list_transactions().get(name), "Ongoing", "while it is open")
        state, number, epoch, places = admin.describe_transaction(name)
        expect_equal((state, places), ("Ongoing", [(topic, 0), (topic, 1)]), "what it is")
        expect_equal([one[:2] for one in admin.describe_producers(topic, 0)], [(number, epoch)], "who writes")
        context.door.produce(topic, [Send(b"2", partition=0)])
        # Readers are let go on behind a transaction that hangs.
        admin.abort_transaction(topic, 0, number, epoch)
        expect_equal([message.value for message in read_partition(context, topic, 1)], [b"2"], "what is read")
        producer.abort()
        expect_equal(admin.list_transactions().get(name), "CompleteAbort", "after its end")
    finally:
        producer.close()
        admin.close()
    expect_refused(105, "an id that nobody has", lambda: refused_description(context))


def refused_description(context):
    admin = context.admin()
    try:
        return admin.describe_transaction(context.name("none"))
    finally:
        admin.close()


def read_partition(context, topic, count):
    consumer = context.door.consumer(isolation=COMMITTED)
    try:
        consumer.assign([(topic, 0)])
        consumer.seek(topic, 0, 0)
        return read(consumer, count)
    finally:
        consumer.close()


@case("transactions: they survive kill -9", "transactions", "seek", kills_broker=True)
def survive(context):
    """What was committed and aborted stays so; the one that was open goes on and is committed."""
    broker = context.own_broker()
    topic = context.topic(partitions=2)
    producer = context.door.transactional(context.name("id"), timeout_ms=60000)
    try:
        for first, commits in ((0, True), (10, False)):
            producer.begin()
            producer.send(topic, sends(*range(first, first + 10)))
            producer.commit() if commits else producer.abort()
        producer.begin()
        producer.send(topic, sends(20, 21))
        broker.kill()
        broker.start()
        expect_equal(read_all(context, topic, 10), values(*range(10)), "before the open one ends")
        producer.send(topic, sends(22, 23))
        producer.commit()
        expect_equal(read_all(context, topic, 14), values(*range(10), *range(20, 24)), "after it")
    finally:
        producer.close()


@case("transactions: an id's next instance goes on after kill -9", "transactions", "seek", kills_broker=True)
def next_instance(context):
    """The transaction that an instance has left behind is aborted, and its offsets do not count."""
    broker = context.own_broker()
    topic, name = context.topic(partitions=2), context.name("id")
    left = context.door.transactional(name)
    left.begin()
    left.send(topic, sends(0, 1))
    broker.kill()
    broker.start()
    producer = context.door.transactional(name)
    try:
        producer.begin()
        producer.send(topic, sends(2, 3))
        producer.commit()
    finally:
        producer.close()
    expect_equal(read_all(context, topic, 2), values(2, 3), "what is committed")
    eventually(lambda: is_fenced(left, topic), "the one that was left is fenced")
    left.close()


def is_fenced(producer, topic):
    try:
        producer.send(topic, sends(4, 5))
        producer.commit()
    except Fenced:
        return True
    return False
