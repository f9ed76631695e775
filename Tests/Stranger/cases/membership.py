"""Method 0x0403: members of groups."""
import time

from cases.offsets import commit, committed
from client import TimedOut, pb
from harness import case, eventually, expect, expect_code, expect_equal, expect_status, fresh, topic

HEARTBEAT = pb.GroupCommand(heartbeat=pb.Heartbeat())
SESSION_MS = 6000


class Member:
    """A membership, over a connection of its own. What it owns is a set of (topic, partition)."""

    def __init__(self, context, group, topics, **fields):
        self.connection = context.connect()
        fields.setdefault("session_timeout_ms", SESSION_MS)
        options = fields.pop("options", None)
        request = pb.JoinGroupRequest(group=group, topics=topics, **fields)
        self.call = self.connection.call("join group", request, options)
        self.assigned = None
        self.revokes = 0

    @property
    def owned(self):
        return owned_of(self.assigned) if self.assigned else set()

    def step(self, seconds=0.05, answers=True):
        """Takes an event in, if one comes, and answers `revoke`."""
        try:
            received = self.call.next(seconds)
        except TimedOut:
            self.call.send(HEARTBEAT)
            return None
        expect(received is not None, "a membership ends with END alone")
        event = received[0]
        kind = event.WhichOneof("event")
        if kind == "assigned":
            self.assigned = event.assigned
        elif kind == "revoke":
            self.revokes += 1
            self.assigned = None
            if answers:
                self.call.send(pb.GroupCommand(revoked=pb.Revoked()))
        return event

    def commit(self, tag, *offsets):
        message = pb.MemberCommit(tag=tag)
        for name, partition, offset in offsets:
            message.offsets.add(topic=name, partition=partition, offset=offset)
        self.call.send(pb.GroupCommand(commit=message))
        while True:
            event = self.step(5)
            if event is not None and event.WhichOneof("event") == "commit":
                expect_equal(event.commit.tag, tag, "the tag")
                return event.commit

    def leave(self):
        self.call.half_close()
        return self.call.end()


def owned_of(assigned):
    return {(one.topic, partition) for one in assigned.partitions for partition in one.partitions}


def settle(members, is_so, what, seconds=15):
    """Steps all members until what they own is so."""
    deadline = time.monotonic() + seconds
    while not (all(member.assigned for member in members) and is_so()):
        expect(time.monotonic() < deadline, "%s: %r" % (what, [sorted(one.owned) for one in members]))
        for member in members:
            member.step()


def share(members, name, count, seconds=15):
    """Until the partitions are dealt out evenly and each to one member."""
    every = {(name, partition) for partition in range(count)}

    def is_so():
        sizes = [len(member.owned) for member in members]
        union = set().union(*(member.owned for member in members))
        return union == every and sum(sizes) == count and max(sizes) - min(sizes) <= 1

    settle(members, is_so, "%d partitions among %d members" % (count, len(members)), seconds)


@case
def a_lone_member_has_all(context):
    connection = context.connect()
    name, group = topic(connection, partitions=4), fresh("group")
    member = Member(context, group, [name], options=pb.CallOptions(metadata={"client-id": "stranger"}))
    share([member], name, 4)
    assigned = member.assigned
    expect(assigned.member_id and assigned.is_leader, "it has an id and leads")
    expect(assigned.generation > 0, "the generation %d" % assigned.generation)
    expect_equal(assigned.session_timeout_ms, SESSION_MS, "the session timeout")
    expect(assigned.assignor in ("range", "roundrobin", "sticky"), "the assignor %r" % assigned.assignor)
    for one in assigned.partitions:
        expect_equal(list(one.partitions), sorted(one.partitions), "partitions by number")
    description = connection.unary("describe group", pb.DescribeGroupRequest(group=group))
    expect_equal((description.state, description.protocol_type), ("Stable", "consumer"), "the group")
    (found,) = description.members
    expect_equal((found.member_id, found.client_id), (assigned.member_id, "stranger"), "the member")
    expect_equal(owned_of(found), member.owned, "its partitions")
    expect_equal(member.leave().code, 0, "the code of a member that leaves")
    eventually(
        lambda: connection.unary("describe group", pb.DescribeGroupRequest(group=group)).state == "Empty", "it is empty"
    )


@case
def two_members_share_and_one_leaves(context):
    name, group = topic(context.connect(), partitions=4), fresh("group")
    first = Member(context, group, [name])
    share([first], name, 4)
    second = Member(context, group, [name])
    share([first, second], name, 4)
    expect(first.revokes >= 1, "the first was told to give up its partitions")
    expect_equal(first.assigned.generation, second.assigned.generation, "the generation")
    expect_equal(first.assigned.is_leader + second.assigned.is_leader, 1, "leaders")
    second.leave()
    share([first], name, 4)
    third = Member(context, group, [name])
    share([first, third], name, 4)
    third.call.cancel()
    expect_equal(third.call.end().code, 1, "the code of a cancelled membership")
    share([first], name, 4)


@case
def assignors_share_as_they_say(context):
    connection = context.connect()
    one, two = sorted([topic(connection, partitions=3), topic(connection, partitions=3)])
    for assignor, shares in (("range", [[2, 2], [1, 1]]), ("roundrobin", [[2, 1], [1, 2]]), ("sticky", None)):
        group = fresh("group")
        members = [Member(context, group, [one, two], assignors=[assignor]) for _ in range(2)]
        every = {(name, partition) for name in (one, two) for partition in range(3)}
        settle(members, lambda: set().union(*(m.owned for m in members)) == every, assignor)
        expect_equal([m.assigned.assignor for m in members], [assignor] * 2, "the assignor")
        expect_equal(sum(len(m.owned) for m in members), 6, "partitions, each with one member")
        found = sorted([[sum(1 for t, _ in m.owned if t == name) for name in (one, two)] for m in members], reverse=True)
        if shares:
            expect_equal(found, shares, "shares of the two topics with %s" % assignor)
        else:
            before = [m.owned for m in members]
            third = Member(context, group, [one, two], assignors=[assignor])
            settle(members + [third], lambda: all(len(m.owned) == 2 for m in members + [third]), "two each")
            for member, had in zip(members, before):
                expect(member.owned < had, "a member keeps what it had: %r of %r" % (member.owned, had))


@case
def bad_joins(context):
    connection = context.connect()
    name = topic(connection)
    join = lambda **fields: connection.call("join group", pb.JoinGroupRequest(**fields)).end()  # noqa: E731
    expect_status(join(group="", topics=[name]), 3, "a group without a name")
    expect_status(join(group=fresh("group"), topics=["a b"]), 3, "an illegal topic", value="a b")
    expect_status(join(group=fresh("group"), topics=[name], assignors=["fair"]), 3, "no such assignor", value="fair")
    expect_status(join(group=fresh("group"), topics=[name], session_timeout_ms=1), 3, "a session of 1 ms", value=1)
    status = expect_status(join(group=fresh("group"), topics=[name], member_id="nobody"), 10, "an id of nobody")
    expect_equal(status.details["reason"], "unknown_member", "the reason")
    group = fresh("group")
    member = Member(context, group, [name], assignors=["range"])
    share([member], name, 1)
    expect_status(join(group=group, topics=[name], assignors=["roundrobin"]), 9, "no assignor in common")


@case
def members_commit(context):
    connection = context.connect()
    name, group = topic(connection, partitions=2), fresh("group")
    member = Member(context, group, [name])
    share([member], name, 2)
    expect(not member.commit(7, (name, 0, 5), (name, 1, 6)).HasField("error"), "the commit is accepted")
    expect_equal(committed(connection, group), {(name, 0): 5, (name, 1): 6}, "offsets")
    unknown = fresh()
    expect_status(member.commit(8, (name, 0, 9), (unknown, 0, 1)).error, 5, "a commit for no topic", value=unknown)
    expect_equal(committed(connection, group)[(name, 0)], 5, "all or none: the offset")
    expect_code(9, lambda: commit(connection, group, (name, 0, 1)), "a commit from outside", value=group)
    request = pb.DeleteGroupRequest(group=group)
    expect_code(9, lambda: connection.unary("delete group", request), "to delete a group with members", value=group)
    request = pb.DeleteOffsetsRequest(group=group, topics=[pb.TopicPartitions(topic=name)])
    expect_code(9, lambda: connection.unary("delete offsets", request), "to delete offsets that a member reads")
    # Commits are accepted until `revoked` is said.
    second = Member(context, group, [name])
    while member.revokes == 0:
        member.step(answers=False)
    expect(not member.commit(9, (name, 0, 8)).HasField("error"), "a commit between revoke and revoked")
    member.call.send(pb.GroupCommand(revoked=pb.Revoked()))
    share([member, second], name, 2)
    expect_equal(committed(connection, group)[(name, 0)], 8, "the offset")


@case
def a_silent_member_is_dropped(context):
    name, group = topic(context.connect(), partitions=2), fresh("group")
    silent, lively = Member(context, group, [name]), Member(context, group, [name])
    share([silent, lively], name, 2)
    started = time.monotonic()
    share([lively], name, 2, seconds=SESSION_MS / 1000 + 10)
    expect(time.monotonic() - started > SESSION_MS / 1000 / 2, "a silent member is not dropped before its time")
    while (status := silent.call.status) is None:
        silent.connection.take_in(1)
    expect_status(status, 10, "the end of the silent member's call")
    expect_equal(status.details["reason"], "unknown_member", "the reason")


@case
def a_member_that_lives_stays(context):
    name, group = topic(context.connect()), fresh("group")
    member = Member(context, group, [name])
    share([member], name, 1)
    end = time.monotonic() + SESSION_MS / 1000 + 2
    while time.monotonic() < end:
        member.step(1.5)
    expect(member.assigned and member.revokes == 0, "nothing is revoked from a member that sends heartbeats")


@case
def a_lost_connection_does_not_end_the_membership(context):
    name, group = topic(context.connect(), partitions=4), fresh("group")
    lost, other = Member(context, group, [name]), Member(context, group, [name])
    share([lost, other], name, 4)
    before, revokes = lost.assigned, other.revokes
    lost.connection.close()
    for _ in range(10):
        other.step()
    owned = [pb.TopicPartitions(topic=one.topic, partitions=one.partitions) for one in before.partitions]
    again = Member(context, group, [name], member_id=before.member_id, owned=owned)
    share([again, other], name, 4)
    expect_equal(again.assigned.member_id, before.member_id, "the id")
    expect_equal(again.assigned.generation, before.generation, "the generation: nothing was rebalanced")
    expect_equal(again.owned, owned_of(before), "the partitions")
    for _ in range(10):
        other.step()
        again.step()
    expect_equal(other.revokes, revokes, "what the other was told to give up meanwhile")


@case
def a_static_member_finds_its_partitions_again(context):
    name, group = topic(context.connect(), partitions=4), fresh("group")
    static = Member(context, group, [name], instance_id="one")
    other = Member(context, group, [name], instance_id="two")
    share([static, other], name, 4)
    before, revokes = static.owned, other.revokes
    static.connection.close()
    again = Member(context, group, [name], instance_id="one")
    share([again, other], name, 4)
    expect_equal(again.owned, before, "the partitions")
    expect_equal(other.revokes, revokes, "what the other was told to give up meanwhile")
    newest = Member(context, group, [name], instance_id="one")
    status = expect_status(again.call.end(), 10, "the older of two with an instance id")
    expect_equal(status.details["reason"], "fenced_instance", "the reason")
    share([newest, other], name, 4)


@case
def topics_come_and_grow(context):
    connection = context.connect()
    name, later, group = topic(connection), fresh(), fresh("group")
    member = Member(context, group, [name, later])
    share([member], name, 1)
    connection.unary("add partitions", pb.AddPartitionsRequest(name=name, partitions=3))
    share([member], name, 3)
    connection.unary("create topic", pb.CreateTopicRequest(name=later, partitions=2))
    every = {(name, 0), (name, 1), (name, 2), (later, 0), (later, 1)}
    settle([member], lambda: member.owned == every, "a topic that was made later")
    connection.unary("delete topic", pb.DeleteTopicRequest(name=name))
    settle([member], lambda: member.owned == {(later, 0), (later, 1)}, "a topic that was deleted")


@case
def members_change_their_topics(context):
    connection = context.connect()
    one, two, group = topic(connection, partitions=2), topic(connection, partitions=2), fresh("group")
    member = Member(context, group, [one])
    share([member], one, 2)
    member.call.send(pb.GroupCommand(change_topics=pb.ChangeTopics(topics=[two])))
    share([member], two, 2)
