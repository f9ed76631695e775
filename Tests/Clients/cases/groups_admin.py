"""Admin clients on groups: what they show agrees with what ran, and what they alter takes effect."""
from cases.groups import joined
from harness import AdminError, Send, case, eventually, expect, expect_equal, read

UNKNOWN_MEMBER = 25
NON_EMPTY_GROUP = 68
GROUP_ID_NOT_FOUND = 69
GROUP_SUBSCRIBED_TO_TOPIC = 86


class Running:
    """A group with one member, which has read and committed."""

    def __init__(self, context, committed=(3, 5), instance=None):
        self.topic, self.group = context.topic(partitions=2), context.name("shown")
        context.door.produce(
            self.topic, [Send(b"%d" % number, partition=number % 2) for number in range(20)]
        )
        options = {"instance": instance} if instance else {}
        self.consumer = context.door.consumer(group=self.group, assignor="range", **options)
        self.consumer.subscribe([self.topic])
        messages = joined(self.consumer, 2)
        read(self.consumer, 20 - len(messages))
        self.places = [(self.topic, 0), (self.topic, 1)]
        self.consumer.commit(dict(zip(self.places, committed)))

    def close(self):
        if self.consumer:
            self.consumer.close()
            self.consumer = None


@case("admin: list and describe groups", "admin.list_groups", "admin.describe_group", "groups")
def describe(context):
    running, admin = Running(context), context.admin()
    try:
        expect_equal(admin.list_groups().get(running.group), "Stable", "the listed state")
        expect(running.group in admin.list_groups(states=["Stable"]), "not among the stable")
        expect(running.group not in admin.list_groups(states=["Empty"]), "among the empty")
        found = admin.describe_group(running.group)
        expect_equal((found["state"], found["protocol"]), ("Stable", "range"), "the group")
        expect_equal(len(found["members"]), 1, "the members")
        member = found["members"][0]
        expect_equal(member["places"], running.places, "the member's partitions")
        expect(member["id"] and member["client"] in member["id"], "the member: %s" % member)
        expect("127.0.0.1" in member["host"], "the member's host: %s" % member["host"])
        running.close()
        eventually(lambda: admin.list_groups().get(running.group) == "Empty", "the group is empty", 5)
        expect(running.group in admin.list_groups(states=["Empty"]), "not among the empty")
        found = admin.describe_group(running.group)
        expect_equal((found["state"], found["members"]), ("Empty", []), "the group without members")
    finally:
        admin.close()
        running.close()


@case("admin: list groups in older versions", "admin.describe_group_state", "groups")
def describe_old(context):
    running, admin = Running(context), context.admin()
    try:
        expect(running.group in admin.list_groups(), "the group is not listed")
        state, members = admin.describe_group_state(running.group)
        expect_equal((state, len(members)), ("Stable", 1), "the group")
        running.close()
        expect_equal(admin.describe_group_state(running.group)[0], "Empty", "without members")
    finally:
        admin.close()
        running.close()


@case("admin: a group's offsets", "admin.group_offsets", "groups")
def offsets(context):
    """Lag is what the log's end and the commit say."""
    running, admin = Running(context), context.admin()
    try:
        found = admin.group_offsets(running.group)
        committed = {place: offset for place, (offset, _) in found.items()}
        expect_equal(committed, dict(zip(running.places, (3, 5))), "the commits")
        ends = running.consumer.ends(running.places)
        lag = {place: ends[place] - committed[place] for place in running.places}
        expect_equal(lag, dict(zip(running.places, (7, 5))), "the lag")
    finally:
        admin.close()
        running.close()


@case("admin: alter a group's offsets", "admin.alter_group_offsets", "admin.group_offsets", "groups")
def alter_offsets(context):
    running, admin = Running(context), context.admin()
    wanted = dict(zip(running.places, (8, 9)))
    try:
        codes = alter_codes(admin, running.group, wanted)
        expect_equal(set(codes), {UNKNOWN_MEMBER}, "altered under a member")
        running.close()
        eventually(lambda: admin.list_groups().get(running.group) == "Empty", "the group is empty", 5)
        expect_equal(set(alter_codes(admin, running.group, wanted)), {0}, "altered")
        found = admin.group_offsets(running.group)
        expect_equal(
            {place: found[place] for place in running.places},
            {place: (offset, "by an admin") for place, offset in wanted.items()}, "the commits",
        )
        consumer = context.door.consumer(group=running.group)
        consumer.subscribe([running.topic])
        messages = joined(consumer, 2)
        messages += read(consumer, 3 - len(messages))
        consumer.close()
        expect_equal(
            sorted((one.partition, one.offset) for one in messages), [(0, 8), (0, 9), (1, 9)],
            "where the group went on",
        )
    finally:
        admin.close()
        running.close()


def alter_codes(admin, group, offsets):
    try:
        return list(admin.alter_group_offsets(group, offsets).values())
    except AdminError as error:
        return [error.code]


@case("admin: delete a group's offsets", "admin.delete_group_offsets", "groups")
def delete_offsets(context):
    running, admin = Running(context), context.admin()
    try:
        expect_equal(
            admin.delete_group_offsets(running.group, running.places[:1]),
            {running.places[0]: GROUP_SUBSCRIBED_TO_TOPIC}, "deleted under a member",
        )
        running.close()
        eventually(lambda: admin.list_groups().get(running.group) == "Empty", "the group is empty", 5)
        expect_equal(
            admin.delete_group_offsets(running.group, running.places[:1]), {running.places[0]: 0},
            "deleted",
        )
        found = admin.group_offsets(running.group)
        expect_equal(
            {place for place, (offset, _) in found.items() if offset >= 0}, {running.places[1]},
            "what is left",
        )
    finally:
        admin.close()
        running.close()


@case("admin: remove members", "admin.remove_members", "static", "groups")
def remove_members(context):
    running, admin = Running(context, instance="the-one"), context.admin()
    try:
        found = admin.describe_group(running.group)
        expect_equal([one["instance"] for one in found["members"]], ["the-one"], "the instances")
        # A static member's close leaves it in the group.
        running.close()
        expect_equal(len(admin.describe_group(running.group)["members"]), 1, "after its close")
        expect_equal(admin.remove_members(running.group, ["the-one"]), [0], "removed")
        found = admin.describe_group(running.group)
        expect_equal((found["state"], found["members"]), ("Empty", []), "the group")
        expect_equal(
            admin.remove_members(running.group, ["nobody"]), [UNKNOWN_MEMBER], "an unknown member"
        )
    finally:
        admin.close()
        running.close()


@case("admin: delete groups", "admin.delete_groups", "groups")
def delete_groups(context):
    running, admin = Running(context), context.admin()
    try:
        expect_equal(
            admin.delete_groups([running.group]), {running.group: NON_EMPTY_GROUP}, "with a member"
        )
        running.close()
        eventually(lambda: admin.list_groups().get(running.group) == "Empty", "the group is empty", 5)
        expect_equal(admin.delete_groups([running.group]), {running.group: 0}, "when empty")
        expect(running.group not in admin.list_groups(), "the group is still listed")
        nobody = context.name("nobody")
        expect_equal(admin.delete_groups([nobody]), {nobody: GROUP_ID_NOT_FOUND}, "an unknown group")
    finally:
        admin.close()
        running.close()
