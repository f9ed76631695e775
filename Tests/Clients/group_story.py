"""Members of a group as processes, and the account of what they own, read and commit."""
import json
import os
import signal
import subprocess
import sys
import threading
import time

from harness import CaseFailure, Send, eventually, expect

MEMBER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "member.py")


class Account:
    """What all members of one group said, in the order in which it was heard."""

    def __init__(self):
        self.lock = threading.Lock()
        # {partition: {offset}} of what anybody read, and how far each partition is committed.
        self.read = {}
        self.committed = {}
        self.faults = []
        self.refusals = []

    def hear_read(self, name, records):
        with self.lock:
            for partition, offset, _ in records:
                seen = self.read.setdefault(partition, set())
                if offset in seen and offset < self.committed.get(partition, 0):
                    self.faults.append(
                        "%s read partition %d offset %d again, which was committed up to %d"
                        % (name, partition, offset, self.committed[partition])
                    )
                seen.add(offset)

    def hear_committed(self, offsets):
        with self.lock:
            for partition, offset in offsets.items():
                partition = int(partition)
                self.committed[partition] = max(offset, self.committed.get(partition, 0))

    def missing(self, ends):
        with self.lock:
            return {
                partition: end - len(self.read.get(partition, ()))
                for partition, end in ends.items()
                if set(range(end)) - self.read.get(partition, set())
            }


class Member:
    def __init__(self, name, account, client, bootstrap, group, topic, assignor, session_ms, instance=None):
        self.name = name
        self.account = account
        self.assigned = []
        # How many times its assignment changed.
        self.changes = 0
        self.last_lines = []
        command = [sys.executable, MEMBER, client, bootstrap, group, topic, assignor, str(session_ms)]
        self.process = subprocess.Popen(
            command + ([instance] if instance else []),
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )
        self.threads = [
            threading.Thread(target=self._listen, daemon=True),
            threading.Thread(target=self._listen_to_errors, daemon=True),
        ]
        for thread in self.threads:
            thread.start()

    def _listen(self):
        for line in self.process.stdout:
            try:
                event = json.loads(line)
            except ValueError:
                self.last_lines.append(line)
                continue
            if "assigned" in event:
                self.assigned = event["assigned"]
                self.changes += 1
            elif "read" in event:
                self.account.hear_read(self.name, event["read"])
            elif "committed" in event:
                self.account.hear_committed(event["committed"])
            elif "refused" in event:
                self.account.refusals.append(event["refused"])

    def _listen_to_errors(self):
        for line in self.process.stderr:
            self.last_lines = self.last_lines[-30:] + [line]

    def leave(self):
        self.process.stdin.close()
        try:
            status = self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.kill()
            raise CaseFailure("%s did not leave within 20 s" % self.name) from None
        expect(status == 0, "%s: status %s: %s" % (self.name, status, "".join(self.last_lines)))

    def kill(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGKILL)
            self.process.wait()

    def check(self):
        if self.process.poll() is not None:
            raise CaseFailure("%s ended by itself: %s" % (self.name, "".join(self.last_lines)))


class GroupStory:
    """A topic that is written all the time, and a group that reads it."""

    def __init__(self, context, assignor, partitions=6, session_ms=10000):
        self.context = context
        self.assignor = assignor
        self.session_ms = session_ms
        self.partitions = partitions
        self.topic = context.topic(partitions=partitions, prefix="group")
        self.group = context.name("group-" + assignor)
        self.account = Account()
        self.members = []
        self.ends = {partition: 0 for partition in range(partitions)}
        self.stopping = threading.Event()
        self.writer = threading.Thread(target=self._write, daemon=True)
        self.writer_error = None
        self.writer.start()

    def _write(self):
        """A record a partition now and then, from the client under test."""
        try:
            while not self.stopping.is_set():
                sends = [
                    Send(b"%d" % self.ends[partition], partition=partition)
                    for partition in range(self.partitions)
                ] * 3
                self.context.door.produce(self.topic, sends)
                for partition in range(self.partitions):
                    self.ends[partition] += 3
                self.stopping.wait(0.2)
        except Exception as error:
            self.writer_error = error

    def join(self, name, instance=None):
        member = Member(
            name, self.account, self.context.door.NAME, self.context.bootstrap, self.group,
            self.topic, self.assignor, self.session_ms, instance,
        )
        self.members.append(member)
        return member

    def expect_even(self, members, what, seconds=40):
        """Every partition belongs to exactly one of these members, evenly, and stays there."""
        def holds():
            for member in members:
                member.check()
            owned = sorted(partition for member in members for partition in member.assigned)
            counts = [len(member.assigned) for member in members]
            return owned == list(range(self.partitions)) and max(counts) - min(counts) <= 1

        started = time.monotonic()
        eventually(
            holds,
            lambda: "%s: %s" % (what, {member.name: member.assigned for member in members}),
            seconds,
        )
        return time.monotonic() - started

    def finish(self):
        """Ends the writer, waits until all was read, lets all members leave, and settles the account."""
        self.stopping.set()
        self.writer.join(60)
        expect(self.writer_error is None, "the producer failed: %s" % self.writer_error)
        eventually(
            lambda: not self.account.missing(self.ends),
            lambda: "all records are read; missing: %s" % self.account.missing(self.ends),
            20,
        )
        for member in self.members:
            if member.process.poll() is None:
                member.leave()
        for member in self.members:
            for thread in member.threads:
                thread.join(5)
        expect(not self.account.faults, "; ".join(self.account.faults[:5]))

    def remove(self):
        self.stopping.set()
        for member in self.members:
            member.kill()
