"""Methods 0x0201 and 0x0202."""
import batches
from client import MESSAGE, Refused, frame, pb
from harness import (
    case, expect, expect_code, expect_equal, expect_silence, expect_status, fresh, open_produce, produce, read_all,
    topic, values,
)


@case
def a_batch_is_acknowledged(context):
    connection = context.connect()
    name = topic(connection)
    call = open_produce(connection, name)
    call.send(pb.ProduceBatch(sequence_tag=2**64 - 1), batches.encode([b"a", b"b"]))
    ack, attachment = call.next()
    expect_equal((ack.sequence_tag, ack.base_offset), (2**64 - 1, 0), "tag and offset")
    expect_equal(ack.log_append_time_ms, -1, "the time of a topic that keeps the producer's")
    expect_equal(ack.durability, pb.DURABLE, "the durability, where none is chosen")
    expect(not ack.HasField("error") and not attachment, "neither error nor attachment")
    call.send(pb.ProduceBatch(sequence_tag=5), batches.encode([b"c"]))
    expect_equal(call.next()[0].base_offset, 2, "the next offset")
    record = batches.Record(b"value", b"key", 1234, (("h", b"1"), ("h", None)))
    call.send(pb.ProduceBatch(), batches.encode([record, batches.Record(None, None, 1235)]))
    call.next()
    found = read_all(connection, name)[3:]
    expect_equal((found[0].key, found[0].value, found[0].headers), (b"key", b"value", record.headers), "the record")
    expect_equal([one.timestamp for one in found], [1234, 1235], "the times")
    expect_equal((found[1].key, found[1].value), (None, None), "a record of nothing")


@case
def acknowledgements_come_in_the_order_of_the_batches(context):
    connection = context.connect()
    name = topic(connection, partitions=4)
    call = open_produce(connection, name)
    for number in range(800):
        batch = batches.encode([b"%d" % number] * (1 + number % 3))
        call.send(pb.ProduceBatch(partition=number % 4, sequence_tag=number * 7), batch)
    acks = [call.next(30)[0] for _ in range(800)]
    expect_equal([ack.sequence_tag for ack in acks], [number * 7 for number in range(800)], "the order")
    ends = [0] * 4
    for number, ack in enumerate(acks):
        expect_equal(ack.base_offset, ends[number % 4], "the offset of batch %d" % number)
        ends[number % 4] += 1 + number % 3
    for partition in range(4):
        wanted = [b"%d" % number for number in range(partition, 800, 4) for _ in range(1 + number % 3)]
        expect_equal(values(connection, name, partition), wanted, "partition %d" % partition)


def bad_batches():
    good = batches.encode([b"good"])
    flipped = bytearray(good)
    flipped[-1] ^= 1
    older = bytearray(good)
    older[16] = 1
    return {
        "no batch": (b"", 3), "a changed byte": (bytes(flipped), 3), "two batches": (good + good, 3),
        "a byte behind the batch": (good + b"x", 3), "half a batch": (good[:40], 3), "another format": (bytes(older), 3),
        "noise": (b"noise" * 30, 3),
    }


@case
def refused_batches_leave_the_others_alone(context):
    connection = context.connect()
    name = topic(connection, max_message_bytes=2000)
    call = open_produce(connection, name)
    cases = {what: (pb.ProduceBatch(), *rest) for what, rest in bad_batches().items()}
    cases["a large batch"] = (pb.ProduceBatch(), batches.encode([b"x" * 3000]), 8)
    cases["partition 1"] = (pb.ProduceBatch(partition=1), batches.encode([b"x"]), 5)
    cases["partition -1"] = (pb.ProduceBatch(partition=-1), batches.encode([b"x"]), 5)
    for number, (what, (message, attachment, code)) in enumerate(cases.items()):
        message.sequence_tag = number
        if attachment:
            call.send(message, attachment)
        else:
            connection.send(frame(MESSAGE, call.stream, message.SerializeToString()))
        call.send(pb.ProduceBatch(sequence_tag=1000 + number), batches.encode([b"%d" % number]))
    for number, (what, (_, _, code)) in enumerate(cases.items()):
        refusal, ack = call.next()[0], call.next()[0]
        expect_equal(refusal.sequence_tag, number, "the tag of the refused")
        expect(refusal.HasField("error"), "%s is refused" % what)
        expect_status(refusal.error, code, what)
        expect_equal((ack.sequence_tag, ack.base_offset), (1000 + number, number), "the good one after %s" % what)
    expect_equal(values(connection, name), [b"%d" % number for number in range(len(cases))], "records")


@case
def only_refusals_are_answered_where_asked(context):
    connection = context.connect()
    name = topic(connection)
    call = open_produce(connection, name, acknowledgements=pb.ACKNOWLEDGEMENTS_REFUSALS)
    for number in range(50):
        partition = 9 if number == 20 else 0
        call.send(pb.ProduceBatch(partition=partition, sequence_tag=number), batches.encode([b"%d" % number]))
    refusal = call.next()[0]
    expect_equal((refusal.sequence_tag, refusal.error.code), (20, 5), "the refusal")
    expect_silence(call, 0.3, "nothing else is answered")
    call.half_close()
    expect_equal(call.end().code, 0, "the code")
    expect_equal(len(values(connection, name)), 49, "records that are there at the END")


@case
def produce_calls_that_cannot_be_opened(context):
    connection = context.connect()
    name = fresh()
    expect_status(open_produce(connection, name).end(), 5, "no such topic", value=name)
    for illegal in ("", "a b", ".."):
        expect_status(open_produce(connection, illegal).end(), (3, 5), "the topic %r" % illegal)


@case
def a_topic_may_stamp_its_own_time(context):
    connection = context.connect()
    name = topic(connection, message_timestamp_type="LogAppendTime")
    call = open_produce(connection, name)
    before = batches.now()
    call.send(pb.ProduceBatch(), batches.encode([batches.Record(b"x", timestamp=5)]))
    stamped = call.next()[0].log_append_time_ms
    expect(before - 1 <= stamped <= batches.now() + 1, "the time stamped is now: %d" % stamped)


@case
def relaxed_topics_say_so(context):
    connection = context.connect()
    name = topic(connection, millrace_durability="relaxed")
    call = open_produce(connection, name)
    call.send(pb.ProduceBatch(), batches.encode([b"x"]))
    expect_equal(call.next()[0].durability, pb.RELAXED, "the durability")


@case
def credit_is_granted_as_batches_are_acknowledged(context):
    """60 MB in one call and 60 MB in five, 4 MiB ahead a call and 16 MiB a connection."""
    connection = context.connect()
    name = topic(connection)
    batch = batches.encode([b"x" * 500_000])
    for count in (1, 5):
        calls = [open_produce(connection, name) for _ in range(count)]
        for number in range(120):
            calls[number % count].send(pb.ProduceBatch(sequence_tag=number), batch, seconds=60)
        for call in calls:
            call.half_close()
        for call in calls:
            expect_equal(call.end(60).code, 0, "the code")
            expect_equal(len(call.received), 120 // count, "acknowledgements")
    connection.wait(lambda: connection.credit > 8 << 20, "the connection's credit comes back")


@case
def two_producers_have_two_ids(context):
    connection = context.connect()
    first, second = connection.unary("init producer"), connection.unary("init producer")
    expect(first.producer_id != second.producer_id, "ids differ")
    expect(first.producer_id >= 0 and first.producer_epoch >= 0, "ids and epochs are not negative")


class Idempotent:
    def __init__(self, connection):
        given = connection.unary("init producer")
        self.id, self.epoch = given.producer_id, given.producer_epoch

    def batch(self, sequence, values):
        return batches.encode(values, self.id, self.epoch, sequence)


def send(call, batch, partition=0):
    call.send(pb.ProduceBatch(partition=partition), batch)
    return call.next()[0]


@case
def a_repeated_batch_is_written_once(context):
    connection = context.connect()
    name = topic(connection, partitions=2)
    producer = Idempotent(connection)
    call = open_produce(connection, name)
    first, second = producer.batch(0, [b"a", b"b"]), producer.batch(2, [b"c"])
    offsets = [send(call, batch).base_offset for batch in (first, second, first, second)]
    expect_equal(offsets, [0, 2, 0, 2], "offsets")
    other = context.connect()
    expect_equal(send(open_produce(other, name), first).base_offset, 0, "over another connection")
    expect_equal(send(call, producer.batch(0, [b"d"]), partition=1).base_offset, 0, "partitions count apart")
    expect_equal(values(connection, name), [b"a", b"b", b"c"], "records")


@case
def sequences_have_no_gaps(context):
    connection = context.connect()
    name = topic(connection)
    producer = Idempotent(connection)
    call = open_produce(connection, name)
    for sequence in range(8):
        expect_equal(send(call, producer.batch(sequence, [b"%d" % sequence])).base_offset, sequence, "the offset")
    gap = send(call, producer.batch(9, [b"late"]))
    expect_status(gap.error, 9, "a gap")
    expect_equal(gap.error.details["reason"], "out_of_order_sequence", "the reason")
    for sequence in range(3, 8):
        expect_equal(send(call, producer.batch(sequence, [b"%d" % sequence])).base_offset, sequence, "of the last five")
    older = send(call, producer.batch(0, [b"0"]))
    expect_status(older.error, 9, "an older repeat")
    expect_equal(older.error.details["reason"], "duplicate_sequence", "the reason")
    expect_equal(send(call, producer.batch(8, [b"8"])).base_offset, 8, "the call goes on")
    expect_equal(values(connection, name), [b"%d" % number for number in range(9)], "records")


@case
def a_deleted_topic_ends_its_produce_calls_or_refuses(context):
    connection = context.connect()
    name = topic(connection)
    call = open_produce(connection, name)
    send(call, batches.encode([b"x"]))
    connection.unary("delete topic", pb.DeleteTopicRequest(name=name))
    try:
        status = send(call, batches.encode([b"y"])).error
    except Refused as refused:
        status = refused.status
    expect_status(status, 5, "a batch for a deleted topic")
