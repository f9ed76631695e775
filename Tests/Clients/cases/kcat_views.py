"""What kcat shows: metadata, offsets by time, a group's member. It is checked against an admin client."""
import json
import re
import signal
import subprocess
import time

from harness import Send, case, eventually, expect, expect_equal


def admin_of(context):
    from doors.kafka_python_admin import Admin

    return Admin(context.bootstrap)


@case("kcat -L", "kcat")
def metadata(context):
    topic = context.topic(partitions=3)
    found = json.loads(context.door.run("-L", "-J", "-t", topic))
    host = context.bootstrap
    expect_equal([one["name"] for one in found["brokers"]], [host], "the brokers")
    broker = found["brokers"][0]["id"]
    partitions = found["topics"][0]["partitions"]
    expect_equal([one["partition"] for one in partitions], [0, 1, 2], "the partitions")
    expect_equal([one["leader"] for one in partitions], [broker] * 3, "the leaders")
    text = context.door.run("-L").decode()
    expect('topic "%s" with 3 partitions' % topic in text, "the list of all topics: %s" % text)


@case("kcat -Q", "kcat")
def offsets_by_time(context):
    topic = context.topic()
    times = []
    for number in range(3):
        times.append(int(time.time() * 1000))
        context.door.produce(topic, [Send(b"%d" % number, partition=0)])
        time.sleep(0.05)

    def ask(when):
        output = context.door.run("-Q", "-t", "%s:0:%d" % (topic, when)).decode()
        return int(re.search(r"\[0\] offset (-?\d+)", output).group(1))

    expect_equal([ask(when) for when in times], [0, 1, 2], "the offsets at the times of sending")
    expect_equal((ask(-2), ask(-1)), (0, 3), "beginning and end")


@case("kcat -G", "kcat")
def group_member(context):
    """While it runs an admin client shows it as the member; its commit is what it printed."""
    topic, group = context.topic(partitions=2), context.name("kcat-group")
    context.door.produce(topic, [Send(b"a%d" % number, partition=0) for number in range(5)])
    context.door.produce(topic, [Send(b"b%d" % number, partition=1) for number in range(7)])
    admin = admin_of(context)
    process = subprocess.Popen(
        ["kcat", "-b", context.bootstrap, "-G", group, "-u", "-q", "-X", "auto.offset.reset=earliest",
         "-X", "client.id=the-kcat", "-X", "auto.commit.interval.ms=500",
         "-f", "%p %o %s\n", topic],
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
    )
    try:
        lines = sorted(process.stdout.readline().strip() for _ in range(12))
        wanted = ["0 %d a%d" % (number, number) for number in range(5)]
        wanted += ["1 %d b%d" % (number, number) for number in range(7)]
        expect_equal(lines, wanted, "what kcat printed")
        found = admin.describe_group(group)
        expect_equal(found["state"], "Stable", "the group's state")
        expect_equal([one["client"] for one in found["members"]], ["the-kcat"], "the members")
        expect_equal(found["members"][0]["places"], [(topic, 0), (topic, 1)], "its partitions")
        wanted = {(topic, 0): 5, (topic, 1): 7}
        eventually(
            lambda: {place: offset for place, (offset, _) in admin.group_offsets(group).items()} == wanted,
            "the commits are what was printed", 20)
        process.send_signal(signal.SIGINT)
        # It leaves the group first.
        process.wait(20)
        eventually(lambda: admin.list_groups().get(group) == "Empty", "the group is empty", 10)
    finally:
        process.kill()
        process.wait()
        admin.close()
