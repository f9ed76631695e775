"""A broker that stops, and one that is killed in the middle."""
import batches
from cases.membership import Member, share
from client import Connection, Lost, pb
from harness import (
    case, expect, expect_equal, expect_status, fresh, open_produce, position, start_of, subscribe, topic, values,
)


class Sender:
    """An idempotent producer of one partition that goes on over connections."""

    def __init__(self, connection, name, count):
        given = connection.unary("init producer")
        self.name = name
        self.batches = [
            batches.encode([b"%d" % number], given.producer_id, given.producer_epoch, number) for number in range(count)
        ]
        self.acknowledged = 0

    def run(self, connection, until):
        """At most five batches are under way; raises Lost where the connection is."""
        call = open_produce(connection, self.name)
        sent = self.acknowledged
        while self.acknowledged < until:
            while sent < len(self.batches) and sent < self.acknowledged + 5:
                call.send(pb.ProduceBatch(sequence_tag=sent), self.batches[sent])
                sent += 1
            ack = call.next()[0]
            expect(not ack.HasField("error"), "batch %d: %s" % (ack.sequence_tag, ack.error))
            expect_equal((ack.sequence_tag, ack.base_offset), (self.acknowledged,) * 2, "tag and offset")
            self.acknowledged += 1
        return call, sent


@case
def a_killed_broker_loses_nothing_and_repeats_nothing(context):
    broker = context.own_broker()
    try:
        connection = Connection(broker.address)
        name = topic(connection)
        sender = Sender(connection, name, 400)
        reader = subscribe(connection, name, follow=True, credit=1 << 30)
        expect_equal(start_of(reader), 0, "the start")
        found, next_offset = [], 0
        for round in range(1, 5):
            call, sent = sender.run(connection, 80 * round)
            if sent > sender.acknowledged:
                broker.kill()
                try:
                    while call.next():
                        sender.acknowledged += 1
                except Lost:
                    pass
                expect(connection.is_closed, "the connection is lost")
            for message, run in reader.received:
                for batch in batches.decode(run) if run else []:
                    found += [one.value for one in batch.records if one.offset >= next_offset]
                    next_offset = batch.next_offset
            broker.start()
            connection = Connection(broker.address)
            reader = subscribe(connection, name, follow=True, credit=1 << 30, position=position(offset=next_offset))
            expect_equal(start_of(reader), next_offset, "where the subscription goes on")
        sender.run(connection, 400)
        wanted = [b"%d" % number for number in range(400)]
        while len(found) < 400:
            found += [one.value for batch in batches.decode(reader.next()[1]) for one in batch.records]
        expect_equal(found, wanted, "what the subscription has seen")
        expect_equal(values(connection, name), wanted, "what is there")
        connection.close()
    finally:
        broker.remove()


@case
def a_membership_outlives_a_killed_broker(context):
    broker = context.own_broker()
    try:
        own = type(context)(broker.address, broker)
        connection = own.connect()
        name, group = topic(connection, partitions=2), fresh("group")
        member = Member(own, group, [name])
        share([member], name, 2)
        expect(not member.commit(1, (name, 0, 5)).HasField("error"), "the commit is accepted")
        broker.kill()
        broker.start()
        again = Member(own, group, [name], member_id=member.assigned.member_id)
        share([again], name, 2)
        found = own.connect().unary("fetch offsets", pb.FetchOffsetsRequest(group=group)).offsets
        expect_equal([(one.partition, one.offset) for one in found], [(0, 5)], "the offsets")
        own.close()
    finally:
        broker.remove()


@case
def a_broker_that_stops_says_so(context):
    broker = context.own_broker()
    try:
        own = type(context)(broker.address, broker)
        connection = own.connect()
        name = topic(connection)
        member = Member(own, fresh("group"), [name])
        share([member], name, 1)
        reader, watch = subscribe(connection, name, follow=True), connection.call("watch health")
        start_of(reader)
        expect_equal(watch.next()[0].status, pb.HealthResponse.SERVING, "health")
        producing = open_produce(connection, name)
        for tag in range(50):
            producing.send(pb.ProduceBatch(sequence_tag=tag), batches.encode([b"x"]))
        while len(producing.received) < 1:
            connection.take_in(1)
        broker.terminate()
        connection.wait(lambda: connection.is_closed, "the end of the connection", 20)
        expect(connection.goaway, "a GOAWAY came")
        expect_status(connection.goaway, 14, "GOAWAY")
        for call, what in ((reader, "a subscription"), (watch, "a health watch")):
            expect(call.status, "%s has an END" % what)
            expect_status(call.status, 14, what)
        expect_status(member.call.end(), 14, "a membership")
        written = len(producing.received)
        expect_equal(broker.process.wait(20), 0, "the broker's exit status")
        broker.start()
        again = own.connect()
        expect(len(values(again, name)) >= written, "what was acknowledged is there")
        own.close()
    finally:
        broker.remove()
