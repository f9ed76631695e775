"""What the cases share: the list of them, messages, a broker in a process of its own, and readers."""
import dataclasses
import os
import re
import signal
import socket
import subprocess
import tempfile
import threading
import time
import uuid
import zlib

CASES = []


@dataclasses.dataclass(frozen=True)
class Case:
    name: str
    # What a client must offer: a word of its OFFERS, or `admin.CALL`, a method of its Admin.
    needs: tuple
    body: object
    # Cases that kill the broker run alone, after the others.
    kills_broker: bool = False
    # Cases that mostly wait run together.
    waits: bool = False

    def is_offered_by(self, door):
        return all(door.offers(need) for need in self.needs)


@dataclasses.dataclass(frozen=True)
class Setting:
    """An entry of DescribeConfigs; the source has Kafka's name, such as DEFAULT_CONFIG."""

    value: object
    source: str
    is_read_only: bool


def case(name, *needs, **options):
    """Lists a function as a case. It is handed a Context and says with `expect` what must hold."""

    def list_it(body):
        CASES.append(Case(name, needs, body, **options))
        return body

    return list_it


class CaseFailure(Exception):
    pass


class CaseSkipped(Exception):
    """The run lacks something that the case needs, such as a broker that it may kill."""


class Fenced(Exception):
    """Another instance has taken a transactional id over, or its transaction was aborted for its time."""


class AdminError(Exception):
    """What a broker refused, by its protocol error code."""

    def __init__(self, code, message=""):
        super().__init__("error %s %s" % (code, message))
        self.code = code


def expect_refused(code, what, body):
    try:
        answer = body()
    except AdminError as error:
        expect_equal(error.code, code, what + ": the error code (%s)" % error)
    else:
        raise CaseFailure("%s: answered %s, wanted error %d" % (what, shorten(answer), code))


def expect(holds, message):
    if not holds:
        raise CaseFailure(message)


def expect_equal(found, wanted, what):
    if found != wanted:
        raise CaseFailure("%s: found %s, wanted %s" % (what, shorten(found), shorten(wanted)))


def shorten(value):
    text = repr(value)
    return text if len(text) <= 400 else text[:400] + "..."


def eventually(holds, what, seconds=15.0, pause=0.1):
    """Asks until the answer is true, and fails with `what` when time is up."""
    deadline = time.monotonic() + seconds
    while True:
        answer = holds()
        if answer:
            return answer
        if time.monotonic() > deadline:
            raise CaseFailure("not within %g s: %s" % (seconds, what() if callable(what) else what))
        time.sleep(pause)


@dataclasses.dataclass(frozen=True)
class Send:
    """A record as it is handed to a producer."""

    value: object
    key: object = None
    headers: tuple = ()
    partition: object = None
    timestamp: object = None


@dataclasses.dataclass(frozen=True)
class Message:
    """A record as a consumer gave it."""

    topic: str
    partition: int
    offset: int
    timestamp: int
    key: object
    value: object
    headers: tuple = ()


@dataclasses.dataclass(frozen=True)
class Delivery:
    """Where a producer says that a record is; the offset is -1 where it was not told."""

    partition: int
    offset: int


class Door:
    """A Kafka client behind one interface. What it lacks it does not list in OFFERS."""

    NAME = ""
    OFFERS = frozenset()
    Admin = None
    ASSIGNORS = ()

    def __init__(self, bootstrap):
        self.bootstrap = bootstrap

    @classmethod
    def offers(cls, need):
        if need.startswith("admin."):
            return cls.Admin is not None and hasattr(cls.Admin, need[len("admin.") :])
        if need.startswith("assignor."):
            return need[len("assignor.") :] in cls.ASSIGNORS
        return need in cls.OFFERS

    @classmethod
    def version(cls):
        """The client's own name and version, for the table."""
        raise NotImplementedError

    def produce(self, topic, sends, **options):
        """Sends all and waits for all acknowledgements.

        Options: compression, acks ("0", "1", "all"), idempotent, partitioner, batch_bytes,
        client_id.
        """
        raise NotImplementedError

    def transactional(self, transactional_id, timeout_ms=60000):
        """A transactional producer: begin, send, send_offsets, commit, abort, close. It raises Fenced."""
        raise NotImplementedError

    def consumer(self, **options):
        """Options: isolation ("read_committed"), group, assignor, instance, reset ("earliest"), session_ms, fetch_bytes,
        metadata_ms, client_id.
        """
        raise NotImplementedError

    def read(self, topic, partitions, count, start="earliest", seconds=20.0):
        """The next `count` messages of these partitions from "earliest" or from an offset on."""
        consumer = self.consumer()
        try:
            consumer.assign([(topic, partition) for partition in partitions])
            for partition in partitions:
                where = (topic, partition)
                first = consumer.beginning([where])[where] if start == "earliest" else start
                consumer.seek(topic, partition, first)
            return read(consumer, count, seconds)
        finally:
            consumer.close()

    def close(self):
        pass


def read(consumer, count, seconds=20.0):
    """Polls until there are `count` messages."""
    deadline = time.monotonic() + seconds
    messages = []
    while len(messages) < count:
        if time.monotonic() > deadline:
            raise CaseFailure("%d of %d messages within %g s" % (len(messages), count, seconds))
        messages += consumer.poll(0.5)
    return messages


def by_partition(messages):
    partitions = {}
    for message in messages:
        partitions.setdefault(message.partition, []).append(message)
    return partitions


def crc32_partition(key, count):
    """Where librdkafka's `consistent_random` puts a key."""
    return zlib.crc32(key) % count


def murmur2_partition(key, count):
    """Where Java's default partitioner puts a key, written from the algorithm's description."""
    length, mask = len(key), 0xFFFFFFFF
    m = 0x5BD1E995
    h = (0x9747B28C ^ length) & mask
    whole = length // 4 * 4
    for at in range(0, whole, 4):
        k = int.from_bytes(key[at : at + 4], "little") * m & mask
        k = (k ^ (k >> 24)) * m & mask
        h = (h * m & mask) ^ k
    for place, byte in enumerate(key[whole:]):
        h ^= byte << (8 * place)
    if length > whole:
        h = h * m & mask
    h = (h ^ (h >> 13)) * m & mask
    h ^= h >> 15
    return (h & 0x7FFFFFFF) % count


class Broker:
    """`millrace serve` on ports of its own, which stay the same over a restart."""

    def __init__(self, executable, properties=(), flags=()):
        self.executable = executable
        self.directory = tempfile.TemporaryDirectory(prefix="millrace-clients-")
        self.kafka = "127.0.0.1:%d" % free_port()
        self.native = "127.0.0.1:%d" % free_port()
        self.flags = list(flags)
        self.log_path = os.path.join(self.directory.name, "broker.log")
        self.process = None
        if properties:
            path = os.path.join(self.directory.name, "server.properties")
            with open(path, "w") as file:
                file.writelines("%s=%s\n" % entry for entry in properties)
            self.flags += ["--config", path]
        self.start()

    def start(self):
        command = [self.executable, "serve", "--data-dir", os.path.join(self.directory.name, "data")]
        command += ["--kafka", self.kafka, "--listen", self.native, "--log-level", "notice"]
        log = open(self.log_path, "ab")
        self.process = subprocess.Popen(
            command + self.flags, stdout=subprocess.PIPE, stderr=log, text=True
        )
        log.close()
        line = self.process.stdout.readline()
        found = re.match(r"millrace ready native=(\S+) kafka=(\S+)", line)
        if not found:
            raise CaseFailure("the broker's ready line is %r; its log: %s" % (line, self.log()))
        self.native, self.kafka = found.groups()
        # Nobody may fill the pipe, whatever else is printed.
        threading.Thread(target=self.process.stdout.read, daemon=True).start()

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def stop(self):
        """Stops it cleanly and returns its status."""
        self.process.terminate()
        try:
            return self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.kill()
            return None

    def is_alive(self):
        return self.process.poll() is None

    def resident_bytes(self):
        with open("/proc/%d/status" % self.process.pid) as file:
            for line in file:
                if line.startswith("VmRSS:"):
                    return int(line.split()[1]) * 1024
        return 0

    def log(self):
        with open(self.log_path, errors="replace") as file:
            return file.read()[-4000:]

    def command(self, *arguments, input=None):
        """Runs another `millrace` command against it and returns its standard output."""
        done = subprocess.run(
            [self.executable, *arguments, "--bootstrap", self.native],
            input=input, capture_output=True, timeout=60,
        )
        if done.returncode != 0:
            raise CaseFailure(
                "millrace %s: status %d: %s"
                % (" ".join(arguments), done.returncode, done.stderr.decode(errors="replace"))
            )
        return done.stdout

    def remove(self):
        if self.process and self.is_alive():
            self.stop()
        self.directory.cleanup()


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


@dataclasses.dataclass
class Context:
    """What a case is handed."""

    door: Door
    bootstrap: str
    # None when the broker was started by hand.
    broker: object = None

    def name(self, prefix="case"):
        """A topic's or group's name that nothing else has."""
        return "%s-%s-%s" % (prefix, self.door.NAME, uuid.uuid4().hex[:8])

    def topic(self, partitions=1, prefix="case", config=None):
        """A new topic: of the native command, or of an admin client where settings are needed."""
        name = self.name(prefix)
        if self.broker and not config:
            self.broker.command("topic", "create", name, "--partitions", str(partitions))
            return name
        kind = self.door.Admin
        if kind is None:
            from doors.kafka_python_admin import Admin as kind
        admin = kind(self.bootstrap)
        try:
            admin.create_topics({name: partitions}, config or {})
        finally:
            admin.close()
        return name

    def admin(self):
        return self.door.Admin(self.bootstrap)

    def own_broker(self):
        if self.broker is None:
            raise CaseSkipped("--bootstrap names a broker that this run must not kill")
        return self.broker
