"""kcat, Debian's: librdkafka 2.0.2 behind a command line. It takes and gives text only."""
import json
import subprocess

from harness import CaseFailure, Door, Message


class KcatDoor(Door):
    NAME = "kcat"
    OFFERS = frozenset(
        """produce consume headers empty-value null-value idempotent gzip snappy lz4 zstd crc32
        murmur2 metadata kcat""".split()
    )

    @classmethod
    def version(cls):
        return "kcat (Debian's)"

    def run(self, *arguments, input=None, seconds=40):
        command = ["kcat", "-b", self.bootstrap, *arguments]
        done = subprocess.run(command, input=input, capture_output=True, timeout=seconds)
        if done.returncode != 0:
            raise CaseFailure(
                "%s: status %d: %s"
                % (" ".join(command), done.returncode, done.stderr.decode(errors="replace"))
            )
        return done.stdout

    def produce(
        self, topic, sends, compression="none", acks="all", idempotent=False,
        partitioner="murmur2", **options
    ):
        """One kcat a record, since headers, a key's absence and a null value hold for all of a run."""
        partitioners = {"murmur2": "murmur2_random", "crc32": "consistent_random"}
        settings = [
            "-P", "-t", topic, "-z", compression or "none", "-X", "acks=" + acks,
            "-X", "topic.partitioner=" + partitioners[partitioner],
            "-X", "enable.idempotence=%s" % ("true" if idempotent else "false"),
            "-X", "message.max.bytes=%d" % (2 << 20), "-D", "\x01",
        ]
        simple = [send for send in sends if send.value and send.key is None and not send.headers]
        if len(simple) == len(sends) and len({send.partition for send in sends}) == 1:
            partition = sends[0].partition
            where = [] if partition is None else ["-p", str(partition)]
            self.run(*settings, *where, input=b"\x01".join(send.value for send in sends))
            return []
        for send in sends:
            arguments = [] if send.partition is None else ["-p", str(send.partition)]
            for name, value in send.headers:
                arguments += ["-H", "%s=%s" % (name, value.decode())]
            key = b"" if send.key is None else send.key
            if send.key is not None or not send.value:
                arguments += ["-K", "\x02"]
                line = key + b"\x02" + (send.value or b"")
            else:
                line = send.value
            if send.value is None:
                arguments.append("-Z")
            self.run(*settings, *arguments, input=line)
        return []

    def read(self, topic, partitions, count, start="earliest", seconds=20.0):
        messages = []
        for partition in partitions:
            where = "beginning" if start == "earliest" else str(start)
            output = self.run(
                "-C", "-t", topic, "-p", str(partition), "-o", where, "-e", "-q", "-J",
                seconds=seconds,
            )
            messages += [self._message(json.loads(line)) for line in output.splitlines()]
        if len(messages) < count:
            raise CaseFailure("%d of %d messages" % (len(messages), count))
        return messages

    @staticmethod
    def _message(fields):
        def encoded(text):
            return None if text is None else text.encode()

        flat = fields.get("headers") or []
        return Message(
            fields["topic"], fields["partition"], fields["offset"], fields["ts"],
            encoded(fields["key"]), encoded(fields["payload"]),
            tuple((flat[at], encoded(flat[at + 1])) for at in range(0, len(flat), 2)),
        )
