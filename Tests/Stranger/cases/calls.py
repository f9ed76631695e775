"""What is true of calls whatever their method: multiplexing, CANCEL, deadlines, END, options, limits."""
import time

import batches
from client import END, MESSAGE, METHODS, frame, pb
from harness import (
    case, expect, expect_code, expect_equal, expect_silence, expect_status, fresh, open_produce, produce, start_of,
    subscribe, topic, values,
)


@case
def unknown_method_is_unimplemented(context):
    connection = context.connect()
    for number in (0, 0x0109, 0x0999, 0xFFFF):
        call = connection.call("health", stream=None)
        call.end()
        call.received.clear()
        stream = connection.next_stream
        connection.next_stream += 2
        other = connection.calls[stream] = type(call)(connection, stream, METHODS["health"])
        connection.send(frame(1, stream, method=number))
        expect_status(other.end(), 12, "method %#x" % number)
    connection.ping()


@case
def many_calls_share_a_connection(context):
    connection = context.connect()
    name = topic(connection, partitions=2)
    reader = subscribe(connection, name, follow=True)
    producing = open_produce(connection, name)
    calls = []
    for number in range(300):
        calls.append(connection.call("describe topic", pb.DescribeTopicRequest(name=name if number % 3 else fresh())))
        producing.send(pb.ProduceBatch(sequence_tag=number), batches.encode([b"%d" % number]))
    for number, call in enumerate(calls):
        if number % 3:
            expect_equal(connection.answer(call).name, name, "the topic described")
        else:
            expect_code(5, lambda: connection.answer(call), "no such topic")
    tags = [producing.next()[0].sequence_tag for _ in range(300)]
    expect_equal(tags, list(range(300)), "acknowledgements")
    expect_equal(start_of(reader), 0, "the start")
    found = []
    while len(found) < 300:
        found += [record.value for batch in batches.decode(reader.next()[1]) for record in batch.records]
    expect_equal(found, [b"%d" % number for number in range(300)], "what was read meanwhile")


@case
def a_thousand_calls_may_be_open(context):
    connection = context.connect()
    calls = [connection.call("watch health") for _ in range(1000)]
    for call in calls:
        call.next()
    expect_status(connection.call("health").end(), 8, "call 1,001", value=1000)
    calls[500].cancel()
    expect_equal(calls[500].end().code, 1, "the code of the cancelled call")
    connection.unary("health")
    expect(all(call.status is None for call in calls if call is not calls[500]), "the others go on")


@case
def cancel_ends_a_call(context):
    connection = context.connect()
    name = topic(connection)
    for call in (
        subscribe(connection, name, follow=True), open_produce(connection, name), connection.call("watch health"),
        connection.call("join group", pb.JoinGroupRequest(group=fresh("group"), topics=[name])),
    ):
        call.cancel()
        expect_equal(call.end().code, 1, "the code of a cancelled %#x" % call.method.number)
        # What crosses the END is ignored.
        call.cancel()
        call.half_close()
        call.grant(100)
        connection.send(frame(MESSAGE, call.stream))
    connection.ping()


@case
def cancelled_work_stays_done(context):
    connection = context.connect()
    name = topic(connection)
    call = open_produce(connection, name)
    call.send(pb.ProduceBatch(), batches.encode([b"kept"]))
    call.next()
    call.cancel()
    call.end()
    expect_equal(values(connection, name), [b"kept"], "records")


@case
def deadline_ends_a_call(context):
    connection = context.connect()
    name = topic(connection)
    options = pb.CallOptions(timeout_ms=300)
    started = time.monotonic()
    calls = [
        subscribe(connection, name, follow=True, options=options), open_produce(connection, name, options),
        connection.call("watch health", options=options),
        connection.call("join group", pb.JoinGroupRequest(group=fresh("group"), topics=[name]), options),
    ]
    for call in calls:
        expect_status(call.end(), 4, "a call of %#x that may last 300 ms" % call.method.number)
    lasted = time.monotonic() - started
    expect(0.29 <= lasted < 3, "the calls lasted %.2f s" % lasted)
    connection.ping()


@case
def deadline_spares_what_is_in_time(context):
    connection = context.connect()
    name = topic(connection)
    options = pb.CallOptions(timeout_ms=60000)
    description = connection.unary("describe topic", pb.DescribeTopicRequest(name=name), options)
    expect_equal(description.name, name, "the topic")
    # 0 is for ever, and the largest number no trap.
    for timeout in (0, 2**64 - 1):
        call = connection.call("watch health", options=pb.CallOptions(timeout_ms=timeout))
        call.next()
        time.sleep(0.2)
        expect(call.status is None, "a call with timeout_ms %d goes on" % timeout)


@case
def unknown_metadata_has_no_meaning(context):
    connection = context.connect()
    options = pb.CallOptions(metadata={"colour": "blue", "client-id": "stranger", "": ""})
    connection.unary("health", options=options)


@case
def half_close_is_answered_with_what_is_left(context):
    connection = context.connect()
    name = topic(connection)
    call = open_produce(connection, name)
    batch = batches.encode([b"x"])
    for tag in range(100):
        call.send(pb.ProduceBatch(sequence_tag=tag), batch)
    call.half_close()
    expect_equal(call.end().code, 0, "the code")
    expect_equal(len(call.received), 100, "acknowledgements before END")
    empty = open_produce(connection, name)
    empty.half_close()
    expect_equal(empty.end().code, 0, "the code of a call without batches")


@case
def frames_that_cross_the_end_are_ignored(context):
    connection = context.connect()
    call = open_produce(connection, fresh())
    batch = batches.encode([b"x"])
    connection.send(frame(MESSAGE, call.stream, attachment=batch) * 3 + frame(END, call.stream))
    expect_status(call.end(), 5, "produce to a topic that is not there")
    connection.send(frame(MESSAGE, call.stream, attachment=batch))
    connection.grant(call.stream, 5)
    connection.ping()


@case
def credit_without_use_is_ignored(context):
    connection = context.connect()
    name = topic(connection)
    call = open_produce(connection, name)
    call.grant(1000)
    call.send(pb.ProduceBatch(), batches.encode([b"x"]))
    call.next()
    connection.ping()


@case
def a_request_that_is_none(context):
    connection = context.connect()
    call = connection.call("health")
    call.end()
    stream = connection.next_stream
    other = connection.calls[stream] = type(call)(connection, stream, METHODS["describe topic"])
    connection.send(frame(1, stream, b"\xff" * 9, method=METHODS["describe topic"].number))
    connection.next_stream += 2
    expect_status(other.end(), 3, "a body that is no DescribeTopicRequest", value="DescribeTopicRequest")
    connection.ping()


@case
def who_does_not_read_keeps_nobody_waiting(context):
    connection = context.connect()
    name = topic(connection)
    produce(connection, name, [b"x" * 100_000] * 20)
    stuck = subscribe(connection, name, credit=1)
    start_of(stuck)
    stuck.next()
    expect_silence(stuck, 0.3, "credit is used up")
    expect_equal(len(values(connection, name)), 20, "records that another subscription has")
    connection.unary("health")
