"""Admin clients on the cluster, which is a single node."""
from harness import AdminError, Send, case, expect, expect_equal

INVALID_REPLICA_ASSIGNMENT = 39
NO_REASSIGNMENT_IN_PROGRESS = 85


@case("admin: describe cluster", "admin.describe_cluster")
def describe_cluster(context):
    admin = context.admin()
    try:
        found = admin.describe_cluster()
        host, port = context.bootstrap.rsplit(":", 1)
        expect_equal(
            [(host, int(port))], [(host, port) for _, host, port in found["nodes"]], "the nodes"
        )
        expect_equal(found["controller"], found["nodes"][0][0], "the controller")
        expect(found["id"], "the cluster id is %r" % found["id"])
        expect_equal(admin.describe_cluster(), found, "asked again")
    finally:
        admin.close()


@case("admin: log directories", "admin.describe_log_dirs")
def log_dirs(context):
    topic = context.topic(partitions=2)
    context.door.produce(topic, [Send(b"x" * 1000, partition=1)] * 10)
    admin = context.admin()
    try:
        sizes, paths = admin.describe_log_dirs()
        expect_equal(len(paths), 1, "the directories %s" % paths)
        expect(sizes.get((topic, 1), 0) > 0, "partition 1 has %s bytes" % sizes.get((topic, 1)))
        expect((topic, 0) in sizes, "the empty partition is not listed")
    finally:
        admin.close()


@case("admin: alter replica log directories", "admin.alter_replica_log_dirs", "admin.describe_log_dirs")
def alter_log_dirs(context):
    """To where a replica is: fine. To a directory that the broker has not: LOG_DIR_NOT_FOUND."""
    topic = context.topic()
    admin = context.admin()
    try:
        broker = admin.describe_cluster()["nodes"][0][0]
        _, paths = admin.describe_log_dirs()
        expect_equal(admin.alter_replica_log_dirs(topic, 0, broker, paths[0]), 0, "where it is")
        expect_equal(admin.alter_replica_log_dirs(topic, 0, broker, "/nowhere"), 57, "elsewhere")
    finally:
        admin.close()


@case("admin: describe producers", "admin.describe_producers", "idempotent")
def describe_producers(context):
    topic = context.topic()
    context.door.produce(topic, [Send(b"%d" % number, partition=0) for number in range(7)], idempotent=True)
    admin = context.admin()
    try:
        found = admin.describe_producers(topic, 0)
        expect_equal(len(found), 1, "the producers")
        producer, epoch, sequence = found[0]
        expect(producer >= 0 and epoch == 0, "producer %d epoch %d" % (producer, epoch))
        expect_equal(sequence, 6, "the last sequence")
    finally:
        admin.close()


@case("admin: elect leaders", "admin.elect_leaders")
def elect_leaders(context):
    topic = context.topic(partitions=2)
    admin = context.admin()
    try:
        found = admin.elect_leaders([(topic, 0), (topic, 1), (context.name("none"), 0)])
        codes = sorted(found.values())
        # A single node leads everything already. Java's client does not show that as an error.
        expect(codes in ([3, 84, 84], [0, 0, 3]), "the codes: %s" % found)
    finally:
        admin.close()


@case("admin: reassignments", "admin.alter_reassignments", "admin.list_reassignments")
def reassignments(context):
    topic = context.topic()
    place = (topic, 0)
    admin = context.admin()
    try:
        broker = admin.describe_cluster()["nodes"][0][0]
        expect_equal(admin.list_reassignments(), set(), "what goes on")
        expect_equal(admin.alter_reassignments({place: [broker]}), {place: 0}, "to where it is")
        expect_equal(
            admin.alter_reassignments({place: [broker + 1]}), {place: INVALID_REPLICA_ASSIGNMENT},
            "to a broker that does not exist",
        )
        expect_equal(
            admin.alter_reassignments({place: None}), {place: NO_REASSIGNMENT_IN_PROGRESS}, "cancelled"
        )
        expect_equal(admin.list_reassignments(), set(), "what goes on")
    finally:
        admin.close()


@case("admin: describe quorum", "admin.describe_quorum")
def quorum(context):
    admin = context.admin()
    try:
        found = admin.describe_quorum()
        broker = admin.describe_cluster()["nodes"][0][0]
        expect_equal(found, {"leader": broker, "voters": [broker]}, "the quorum")
    finally:
        admin.close()


@case("admin: describe features", "admin.describe_features")
def describe_features(context):
    """kafka-python's call fails where there are none at all."""
    admin = context.admin()
    try:
        for name, (lowest, highest) in admin.describe_features().items():
            expect(0 <= lowest <= highest, "%s from %d to %d" % (name, lowest, highest))
    finally:
        admin.close()


@case("admin: update features", "admin.update_features")
def update_features(context):
    admin = context.admin()
    try:
        try:
            admin.update_features({"no.such.feature": 1})
        except AdminError as error:
            expect(error.code in (42, 95), "an unknown feature: %s" % error)
        else:
            expect(False, "an unknown feature was taken")
    finally:
        admin.close()


@case("admin: unregister broker is refused", "admin.unregister_broker")
def unregister(context):
    admin = context.admin()
    try:
        broker = admin.describe_cluster()["nodes"][0][0]
        try:
            admin.unregister_broker(broker)
        except AdminError as error:
            expect(error.code > 0, "refused by %s" % error)
        else:
            expect(False, "the only broker was unregistered")
    finally:
        admin.close()
