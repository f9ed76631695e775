"""Method 0x0301."""
import batches
from client import pb
from harness import (
    case, expect, expect_equal, expect_silence, expect_status, fresh, position, produce, read_all, start_of, subscribe,
    topic, values,
)


def numbers(first, end):
    return [b"%d" % number for number in range(first, end)]


@case
def from_every_kind_of_position(context):
    connection = context.connect()
    name = topic(connection)
    records = [batches.Record(b"%d" % number, timestamp=1_700_000_000_000 + 1000 * number) for number in range(20)]
    produce(connection, name, [records[at : at + 5] for at in range(0, 20, 5)])
    for where, first in (
        ({"beginning": True}, 0), ({"end": True}, 20), ({"offset": 0}, 0), ({"offset": 7}, 7), ({"offset": 20}, 20),
        ({"timestamp_ms": 0}, 0), ({"timestamp_ms": 1_700_000_012_000}, 12), ({"timestamp_ms": 1_700_000_012_001}, 13),
        ({"timestamp_ms": 1_800_000_000_000}, 20),
    ):
        call = subscribe(connection, name, position=position(**where))
        expect_equal(start_of(call), first, "the start of %r" % where)
        call.end()
        expect_equal(values(connection, name, position=position(**where)), numbers(first, 20), "records from %r" % where)
    expect_equal(values(connection, name), numbers(0, 20), "records where no position is given")


@case
def messages_say_where_the_log_begins_and_ends(context):
    connection = context.connect()
    name = topic(connection)
    produce(connection, name, numbers(0, 10))
    connection.unary("trim", pb.TrimRequest(topic=name, before_offset=3))
    call = subscribe(connection, name)
    expect_equal(start_of(call), 3, "the start")
    message, _ = call.next()
    expect_equal((message.high_watermark, message.log_start_offset), (10, 3), "high watermark and log start offset")
    expect(not message.HasField("start_offset"), "only the first message has a start offset")
    expect(call.next() is None, "the call ends well at the high watermark of its start")


@case
def follow_goes_on(context):
    connection = context.connect()
    name = topic(connection)
    produce(connection, name, numbers(0, 3))
    call = subscribe(connection, name, follow=True, position=position(offset=1))
    expect_equal(start_of(call), 1, "the start")
    found = []
    for end in (3, 6, 9):
        while len(found) < end - 1:
            run = call.next()[1]
            found += [one.value for batch in batches.decode(run) for one in batch.records if one.offset >= 1]
        expect_equal(found, numbers(1, end), "records")
        expect_silence(call, 0.1, "nothing comes that is not there")
        produce(context.connect(), name, numbers(end, end + 3))


def drain(call, window, wanted):
    """Reads with a window, granting a message's bytes when it has come. Returns the largest overrun, in bytes."""
    granted, taken, most, found = window, 0, 0, 0
    while found < wanted:
        run = call.next()[1]
        # The message was sent while the credit was above 0.
        expect(taken < granted, "a message came when %d of %d bytes of credit were used" % (taken, granted))
        taken += len(run)
        most = max(most, len(run))
        found += sum(len(batch.records) for batch in batches.decode(run))
        expect_silence(call, 0.02, "credit is used up") if taken >= granted else None
        granted += len(run)
        call.grant(len(run))
    return most


@case
def credit_bounds_what_is_on_its_way(context):
    connection = context.connect()
    name = topic(connection)
    produce(connection, name, [b"x" * 10_000] * 60)
    for window in (1, 9_999, 25_000, 200_000):
        call = subscribe(connection, name, credit=window, follow=True)
        start_of(call)
        largest = drain(call, window, 60)
        expect(largest < 8 << 20, "a message of %d bytes" % largest)
        call.cancel()


@case
def no_credit_no_records(context):
    connection = context.connect()
    name = topic(connection)
    produce(connection, name, [b"x" * 1000] * 5)
    call = subscribe(connection, name, credit=0)
    expect_equal(start_of(call), 0, "the start, which needs no credit")
    expect_silence(call, 0.3, "there is no credit")
    found = 0
    while found < 5:
        call.grant(1)
        found += sum(len(batch.records) for batch in batches.decode(call.next()[1]))
        # One byte of credit is one message; what it went below 0 is to be granted first.
        if found < 5:
            expect_silence(call, 0.1, "the credit is below 0")
            call.grant(1 << 16)
            while found < 5:
                found += sum(len(batch.records) for batch in batches.decode(call.next()[1]))
    expect(call.next() is None, "the call ends well")


@case
def credit_of_the_connection_bounds_all_calls(context):
    connection = context.connect()
    name = topic(connection)
    produce(connection, name, [b"x" * 10_000] * 30)
    # The first grant on stream 0 sets the connection's credit, which is without limit until then.
    connection.grant(0, 1)
    calls = [subscribe(connection, name, follow=True) for _ in range(3)]
    for call in calls:
        start_of(call)
    connection.wait(lambda: any(call.received for call in calls), "a message")
    expect_silence_of_all(connection, calls, 1)
    taken = sum(len(run) for call in calls for _, run in call.received)
    connection.grant(0, taken + 1)
    connection.wait(lambda: sum(len(call.received) for call in calls) > 1, "a second message")
    connection.grant(0, 1 << 30)
    for call in calls:
        found = 0
        while found < 30:
            found += sum(len(batch.records) for batch in batches.decode(call.next()[1]))
    connection.unary("health")


def expect_silence_of_all(connection, calls, count):
    end = batches.now() + 300
    while batches.now() < end:
        connection.take_in(0.05)
    expect_equal(sum(len(call.received) for call in calls), count, "messages while the credit is used up")


@case
def subscriptions_that_cannot_be(context):
    connection = context.connect()
    name = topic(connection)
    produce(connection, name, numbers(0, 5))
    other = fresh()
    expect_status(subscribe(connection, other).end(), 5, "no such topic", value=other)
    expect_status(subscribe(connection, name, partition=3).end(), 5, "no such partition", value=3)
    expect_status(subscribe(connection, name, partition=-1).end(), 5, "partition -1", value=-1)
    expect_status(subscribe(connection, name, position=position(offset=6)).end(), 11, "behind the end", value=6)
    expect_status(subscribe(connection, name, position=position(offset=-1)).end(), 11, "a negative offset", value=-1)
    connection.ping()


@case
def a_hundred_subscriptions_of_one_partition(context):
    connection = context.connect()
    name = topic(connection)
    calls = [subscribe(connection, name, follow=True) for _ in range(100)]
    for call in calls:
        start_of(call)
    produce(context.connect(), name, numbers(0, 10))
    for call in calls:
        found = []
        while len(found) < 10:
            found += [one.value for batch in batches.decode(call.next()[1]) for one in batch.records]
        expect_equal(found, numbers(0, 10), "records")


@case
def large_batches_travel_whole(context):
    connection = context.connect()
    name = topic(connection, max_message_bytes=20 << 20)
    large = b"y" * (9 << 20)
    produce(connection, name, [b"a", large, b"b"])
    found = [record.value for record in read_all(connection, name, credit=1000)]
    expect(found == [b"a", large, b"b"], "the records, one of 9 MiB among them")
