#!/usr/bin/env python3
"""A group member in a process of its own, so that it can be killed.

    member.py CLIENT BOOTSTRAP GROUP TOPIC ASSIGNOR SESSION_MS [INSTANCE]

It prints a line of JSON for all that happens: {"assigned": [partition, ...]}, {"read": [[partition,
offset, value], ...]}, {"committed": {partition: offset}}, {"refused": "..."}; it commits after each
poll. When its standard input ends it leaves the group and exits.
"""
import faulthandler
import json
import os
import signal
import sys
import threading

from run import door


def say(**event):
    sys.stdout.write(json.dumps(event) + "\n")
    sys.stdout.flush()


def main():
    client, bootstrap, group, topic, assignor, session_ms = sys.argv[1:7]
    options = {"group": group, "assignor": assignor, "session_ms": int(session_ms)}
    if len(sys.argv) > 7:
        options["instance"] = sys.argv[7]
    # A story that waits in vain asks where its members hang.
    faulthandler.register(signal.SIGUSR1)
    leave = threading.Event()

    def wait_for_the_end():
        # Not through sys.stdin: its lock would be held while Python shuts down.
        while os.read(0, 4096):
            continue
        leave.set()

    threading.Thread(target=wait_for_the_end, daemon=True).start()
    consumer = door(client)(bootstrap).consumer(**options)
    consumer.subscribe([topic])
    assigned = None
    while not leave.is_set():
        messages = consumer.poll(0.2)
        if messages:
            say(read=[[one.partition, one.offset, (one.value or b"").decode()] for one in messages])
        now = [partition for _, partition in consumer.assignment()]
        if now != assigned:
            assigned = now
            say(assigned=now)
        if messages:
            commit(consumer, topic, messages)
    consumer.close()
    say(left=True)
    os._exit(0)


def commit(consumer, topic, messages):
    offsets = {}
    for message in messages:
        offsets[message.partition] = max(offsets.get(message.partition, 0), message.offset + 1)
    try:
        consumer.commit({(topic, partition): offset for partition, offset in offsets.items()})
    except Exception as error:
        # The group is rebalancing, or the partition is another's by now: it is read again.
        say(refused="%s: %s" % (type(error).__name__, error))
    else:
        say(committed=offsets)


if __name__ == "__main__":
    main()
