"""Three consumers of a group: join, leave, crash; and static members.

Members are processes. A writer adds records all the time, and at the end every record must have been
read; one that was committed must not be read again.
"""
import time

from group_story import GroupStory
from harness import case, eventually, expect, expect_equal


def join_leave_crash(assignor):
    def body(context):
        story = GroupStory(context, assignor)
        try:
            first = story.join("first")
            story.expect_even([first], "one member owns all")
            second, third = story.join("second"), story.join("third")
            story.expect_even([first, second, third], "three members share")
            second.leave()
            seconds = story.expect_even([first, third], "two are left")
            expect(seconds < 8, "a clean leave took %.1f s, as long as a crash" % seconds)
            fourth = story.join("fourth")
            story.expect_even([first, third, fourth], "three again")
            third.kill()
            story.expect_even([first, fourth], "two are left after a crash")
            story.finish()
        finally:
            story.remove()

    return body


for _assignor in ("range", "roundrobin", "sticky", "cooperative-sticky"):
    case(
        "three members join, leave and crash, " + _assignor,
        "groups", "assignor." + _assignor, waits=True,
    )(join_leave_crash(_assignor))


@case("a static member comes back", "groups", "static", waits=True)
def static_member(context):
    """Within the session timeout it gets what it had, and nobody else is disturbed."""
    story = GroupStory(context, "range", session_ms=20000)
    try:
        first, second = story.join("first", "one"), story.join("second", "two")
        story.expect_even([first, second], "two members share")
        time.sleep(1)
        owned, changes = list(second.assigned), first.changes
        second.kill()
        again = story.join("second again", "two")
        eventually(lambda: again.assigned == owned, "the same partitions come back", 15)
        time.sleep(1)
        expect_equal(first.changes, changes, "how often the other's assignment changed")
        story.finish()
    finally:
        story.remove()
