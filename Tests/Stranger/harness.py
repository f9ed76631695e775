"""What the cases share: the list of them, what they expect, a broker in a process of its own, and short ways."""
import os
import re
import signal
import subprocess
import tempfile
import threading
import time
import uuid

import batches
from client import Connection, Refused, TimedOut, pb

CASES = []


class Skipped(Exception):
    """The run lacks what the case needs."""


class Failed(Exception):
    pass


def case(body):
    """Lists a function as a case, which is handed a Context; its name is the function's."""
    CASES.append(body)
    return body


def expect(holds, message):
    if not holds:
        raise Failed(message)


def expect_equal(found, wanted, what):
    if found != wanted:
        raise Failed("%s: found %.300r, wanted %.300r" % (what, found, wanted))


def expect_code(code, body, what, value=None):
    """`body` is refused with the code and a sentence, and where a value is at fault, with that."""
    codes = code if isinstance(code, tuple) else (code,)
    try:
        answer = body()
    except Refused as refused:
        status = refused.status
    else:
        raise Failed("%s: answered %.200r, wanted code %s" % (what, answer, code))
    return expect_status(status, codes, what, value)


def expect_status(status, codes, what, value=None):
    codes = codes if isinstance(codes, tuple) else (codes,)
    expect(status.code in codes, "%s: code %d (%s), wanted %s" % (what, status.code, status.message, codes))
    expect(status.message, "%s: code %d without a sentence" % (what, status.code))
    if value is not None:
        named = [status.message, *status.details.values()]
        expect(any(str(value) in text for text in named), "%s: the value %r is not named in %r" % (what, value, named))
    return status


def expect_silence(call, seconds, what):
    try:
        message = call.next(seconds)
    except TimedOut:
        return
    raise Failed("%s: a message came: %.200r" % (what, message))


class Context:
    def __init__(self, address, broker):
        self.address, self.broker = address, broker
        self.connections = []

    def connect(self, address=None):
        connection = Connection(address or self.address)
        self.connections.append(connection)
        return connection

    def close(self):
        for connection in self.connections:
            connection.close()

    def own_broker(self):
        """A broker that the case may stop: its own, so that the others' goes on."""
        if self.broker is None:
            raise Skipped("needs --millrace, a broker that may be killed")
        return Broker(self.broker.executable, is_unix=self.address.startswith("unix:"))


def fresh(name="topic"):
    return "%s-%s" % (name, uuid.uuid4().hex[:12])


def topic(connection, partitions=1, **configs):
    """A new topic's name. Settings have `_` for `.` in their names."""
    name = fresh()
    request = pb.CreateTopicRequest(name=name, partitions=partitions)
    for key, value in configs.items():
        request.configs.add(key=key.replace("_", "."), value=str(value))
    connection.unary("create topic", request)
    return name


def open_produce(connection, name, options=None, **fields):
    return connection.call("produce", pb.ProduceOpen(topic=name, **fields), options)


def produce(connection, name, values, partition=0):
    """Each of `values` as a batch of its own, or of records where it is a list. Returns the base offsets."""
    call = open_produce(connection, name)
    for tag, value in enumerate(values):
        batch = batches.encode(value if isinstance(value, list) else [value])
        call.send(pb.ProduceBatch(partition=partition, sequence_tag=tag), batch)
    call.half_close()
    status = call.end()
    expect_equal(status.code, 0, "the produce call's code (%s)" % status.message)
    acks = [message for message, _ in call.received]
    expect_equal([ack.sequence_tag for ack in acks], list(range(len(values))), "the tags acknowledged")
    for ack in acks:
        expect(not ack.HasField("error"), "batch %d was refused: %s" % (ack.sequence_tag, ack.error))
    return [ack.base_offset for ack in acks]


def position(**where):
    return pb.Position(**where)


def subscribe(connection, name, partition=0, credit=1 << 20, options=None, **fields):
    request = pb.SubscribeRequest(topic=name, partition=partition, credit_bytes=credit, **fields)
    return connection.call("subscribe", request, options)


def start_of(call):
    """Of a subscription, from its first message."""
    message, attachment = call.next()
    expect(message.HasField("start_offset"), "the first message says where the subscription starts")
    expect_equal(len(attachment), 0, "bytes of the first message's attachment")
    return message.start_offset


def read_all(connection, name, partition=0, credit=1 << 20, **fields):
    """The records from a position to the high watermark, granting what was consumed."""
    call = subscribe(connection, name, partition, credit, **fields)
    first = start_of(call)
    records = []
    while (received := call.next()) is not None:
        run = received[1]
        records += [record for batch in batches.decode(run) for record in batch.records if record.offset >= first]
        if call.status is None:
            call.grant(len(run))
    return records


def values(connection, name, partition=0, **fields):
    return [record.value for record in read_all(connection, name, partition, **fields)]


def eventually(answer, what, seconds=10):
    deadline = time.monotonic() + seconds
    while not (found := answer()):
        expect(time.monotonic() < deadline, "not within %g s: %s" % (seconds, what))
        time.sleep(0.05)
    return found


class Broker:
    """`millrace serve` in a process and a directory of its own, at an address that stays over a restart."""

    def __init__(self, executable, is_unix):
        self.executable = executable
        self.directory = tempfile.TemporaryDirectory(prefix="millrace-stranger-")
        self.listen = "unix:%s/socket" % self.directory.name if is_unix else "127.0.0.1:0"
        self.process = None
        self.start()

    def start(self):
        command = [
            self.executable, "serve", "--data-dir", os.path.join(self.directory.name, "data"), "--listen", self.listen,
            "--kafka", "127.0.0.1:0", "--log-level", "notice",
        ]
        with open(os.path.join(self.directory.name, "log"), "ab") as log:
            self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, text=True)
        line = self.process.stdout.readline()
        found = re.match(r"millrace ready native=(\S+)", line)
        if not found:
            raise Failed("the broker's ready line is %r; its log: %s" % (line, self.log()))
        self.listen = self.address = found[1]
        # Nobody may fill the pipe, whatever else is printed.
        threading.Thread(target=self.process.stdout.read, daemon=True).start()

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def terminate(self):
        self.process.terminate()

    def stop(self):
        """Its exit status."""
        self.process.terminate()
        try:
            return self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.kill()
            return None

    def log(self):
        with open(os.path.join(self.directory.name, "log"), errors="replace") as file:
            return file.read()[-3000:]

    def remove(self):
        if self.process.poll() is None:
            self.kill()
        self.directory.cleanup()
