#!/usr/bin/env python3
"""Malformed and hostile traffic, while a good client goes on and must notice nothing.

    hostile.py --millrace EXECUTABLE [--attack PART] [--seed N]

A line an attack says how it went and how far the broker's memory went up.
"""
import argparse
import contextlib
import os
import random
import struct
import sys
import threading
import time
import traceback

from confluent_kafka import OFFSET_BEGINNING, Consumer, Producer, TopicPartition

import wire
from harness import Broker, CaseFailure, eventually, expect, expect_equal
from wire import API_VERSIONS, FETCH, METADATA, PRODUCE, Wire

CONNECTIONS_MAX = 150
IDLE_SECONDS = 4
PROPERTIES = [
    ("num.partitions", "1"), ("max.connections", str(CONNECTIONS_MAX)),
    ("connections.max.idle.ms", str(IDLE_SECONDS * 1000)),
]
# How far the broker's resident memory may go up in an attack, and stay.
GROWTH_BYTES = 96 << 20
# A good client waits at most so long for an answer, whatever the others do.
PATIENCE_SECONDS = 5.0
TOPIC, RECOMPRESSED = "good", "recompressed"

ATTACKS = []


def attack(function):
    ATTACKS.append(function)
    return function


class GoodClient:
    """Writes numbers and reads them again, all the time."""

    def __init__(self, bootstrap):
        self.faults = []
        self.slowest = 0.0
        self.sent = 0
        self.read = 0
        self.stopping = threading.Event()
        settings = {"bootstrap.servers": bootstrap, "error_cb": self._error}
        self.producer = Producer(
            {**settings, "enable.idempotence": True, "linger.ms": 0, "client.id": "good-writer"}
        )
        self.consumer = Consumer(
            {**settings, "group.id": "none", "enable.auto.commit": False, "client.id": "good-reader"}
        )
        self.consumer.assign([TopicPartition(TOPIC, 0, OFFSET_BEGINNING)])
        self.threads = [threading.Thread(target=self._write), threading.Thread(target=self._read)]
        for thread in self.threads:
            thread.start()

    def _error(self, error):
        self.faults.append("the good client's error: %s" % error)

    def _write(self):
        while not self.stopping.is_set():
            started, answers = time.monotonic(), []
            self.producer.produce(
                TOPIC, b"%d" % self.sent, partition=0,
                on_delivery=lambda error, message: answers.append(error),
            )
            left = self.producer.flush(30)
            if left or answers != [None]:
                self.faults.append("record %d: %s" % (self.sent, answers or "no answer"))
                return
            self.sent += 1
            self.slowest = max(self.slowest, time.monotonic() - started)
            self.stopping.wait(0.02)

    def _read(self):
        deadline = None
        while deadline is None or (self.read < self.sent and time.monotonic() < deadline):
            if deadline is None and self.stopping.is_set() and not self.threads[0].is_alive():
                deadline = time.monotonic() + 10
            for message in self.consumer.consume(100, 0.1):
                if message.error() or message.value() != b"%d" % self.read:
                    self.faults.append(
                        "read %s where %d was due" % (message.error() or message.value(), self.read)
                    )
                self.read += 1
        self.consumer.close()

    def finish(self):
        self.stopping.set()
        for thread in self.threads:
            thread.join(40)
        if self.read != self.sent:
            self.faults.append("%d records were sent and %d read" % (self.sent, self.read))


@contextlib.contextmanager
def wires(bootstrap, count, seconds=10.0):
    opened = []
    try:
        for _ in range(count):
            opened.append(Wire(bootstrap, seconds))
        yield opened
    finally:
        for one in opened:
            one.close()


def still_serves(bootstrap):
    with wires(bootstrap, 1) as (one,):
        expect(one.ask(API_VERSIONS, 0, b""), "ApiVersions gets no answer any more")


@attack
def frame_lengths(broker, dice):
    """Negative, empty, too short, and huge."""
    for length in (-1, -(1 << 31), 0, 1, 3, (1 << 31) - 1, 200 << 20):
        with wires(broker.kafka, 1) as (one,):
            one.send(struct.pack(">i", length) + b"abc")
            expect(one.is_closed_by_peer(), "a frame of %d bytes leaves the connection open" % length)


@attack
def truncated_frames(broker, dice):
    """A frame that never ends costs nobody anything."""
    with wires(broker.kafka, 50) as opened:
        for one in opened:
            one.send(struct.pack(">i", 90 << 20) + b"\0" * 100)
        still_serves(broker.kafka)


@attack
def unknown_keys(broker, dice):
    for key in (999, -1, 32767, 52):
        with wires(broker.kafka, 1) as (one,):
            one.send(wire.request(key, 0, b""))
            expect(one.is_closed_by_peer(), "API key %d leaves the connection open" % key)


@attack
def unknown_versions(broker, dice):
    """ApiVersions is answered in version 0 with error 35; any other closes the connection."""
    with wires(broker.kafka, 1) as (one,):
        answer = one.ask(API_VERSIONS, 99, b"", correlation=41, flexible=True)
        correlation, code, count = struct.unpack_from(">ihi", answer)
        expect_equal((correlation, code), (41, 35), "the answer to ApiVersions version 99")
        keys = {struct.unpack_from(">hhh", answer, 10 + 6 * at) for at in range(count)}
        expect(API_VERSIONS in {key for key, _, _ in keys}, "the answer has no ApiVersions")
        expect_equal(len(answer), 10 + 6 * count, "the answer's length in version 0")
        expect(one.ask(API_VERSIONS, 0, b""), "the connection does not go on")
    for key in (METADATA, PRODUCE, FETCH):
        with wires(broker.kafka, 1) as (one,):
            one.send(wire.request(key, 99, b"\0" * 40))
            expect(one.is_closed_by_peer(), "version 99 of key %d leaves it open" % key)


def served(bootstrap):
    with wires(bootstrap, 1) as (one,):
        answer = one.ask(API_VERSIONS, 0, b"")
    count = struct.unpack_from(">i", answer, 6)[0]
    return [struct.unpack_from(">hhh", answer, 10 + 6 * at) for at in range(count)]


def poke(bootstrap, frame):
    """Sends a frame on a connection of its own; an answer, a close and silence are all fine."""
    with wires(bootstrap, 1, seconds=0.05) as (one,):
        one.send(frame)
        with contextlib.suppress(TimeoutError):
            one.receive()


@attack
def truncated_bodies(broker, dice):
    """Every request that is served, with no body at all and with the start of one."""
    for key, lowest, highest in served(broker.kafka):
        for version in {lowest, highest}:
            for body in (b"", b"\0", b"\0\0\0\1", b"\x02"):
                poke(broker.kafka, wire.request(key, version, body, flexible=dice.random() < 0.5))
    still_serves(broker.kafka)


@attack
def arrays_longer_than_the_frame(broker, dice):
    """2^31 - 1 topics in a frame of 20 bytes, in both ways to write a length."""
    huge = struct.pack(">i", (1 << 31) - 1)
    for key, lowest, highest in served(broker.kafka):
        for count in (huge, huge * 4, b"\xff\xff\xff\xff\x0f", b"\0" * 12 + huge):
            for version in {lowest, highest}:
                poke(broker.kafka, wire.request(key, version, count, flexible=version == highest))
    still_serves(broker.kafka)


@attack
def bad_varints(broker, dice):
    """Compact lengths that never end, or end beyond what fits."""
    for key, _, highest in served(broker.kafka):
        for body in (b"\xff" * 30, b"\x80" * 200, b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\x7f"):
            poke(broker.kafka, wire.request(key, highest, body, flexible=True))
    still_serves(broker.kafka)


@attack
def random_bodies(broker, dice):
    keys = served(broker.kafka)
    for _ in range(300):
        key, lowest, highest = dice.choice(keys)
        body = dice.randbytes(dice.choice((3, 20, 100, 1000)))
        # Small numbers get further into a parser than random ones.
        if dice.random() < 0.5:
            body = bytes(byte & dice.choice((1, 3, 7)) for byte in body)
        version = dice.randint(lowest, highest)
        poke(broker.kafka, wire.request(key, version, body, flexible=dice.random() < 0.5))
    still_serves(broker.kafka)


@attack
def bad_batches(broker, dice):
    """Each gets an error code, and the connection goes on."""
    good = wire.batch(wire.record(b"fine"), 1)
    bad = {
        "a wrong checksum": wire.batch(wire.record(b"v"), 1, crc=1),
        "no records": b"",
        "half a batch": good[:40],
        "a length beyond the data": good[:8] + struct.pack(">i", 1 << 30) + good[12:],
        "a negative length": good[:8] + struct.pack(">i", -5) + good[12:],
        "an old format": good[:16] + b"\1" + good[17:],
        "more records said than there": wire.batch(wire.record(b"v"), 1000),
        "a record longer than the batch": wire.batch(wire.varint(1 << 20) + b"\0" * 10, 1),
    }
    with wires(broker.kafka, 1) as (one,):
        for what, data in bad.items():
            answer = one.ask(PRODUCE, 7, wire.produce("hostile", data))
            expect(answer is not None, "%s closes the connection" % what)
            code = wire.produce_error(answer)
            expect(code in (2, 10, 42, 43, 87), "%s: error code %d" % (what, code))
        answer = one.ask(PRODUCE, 7, wire.produce("hostile", good))
        expect_equal(wire.produce_error(answer), 0, "a good batch afterwards")


@attack
def compressed_bombs(broker, dice):
    """900 MB of zeros in 900 KB, to a topic that is recompressed and to one that is not."""
    data = wire.bomb(900_000_000)
    expect(len(data) < 1_000_000, "the bomb has %d bytes" % len(data))
    with wires(broker.kafka, 1, seconds=30) as (one,):
        for topic in (RECOMPRESSED, "hostile"):
            for what, batch in (("a bomb", data), ("no gzip at all", wire.false_bomb())):
                answer = one.ask(PRODUCE, 7, wire.produce(topic, batch))
                expect(answer is not None, "%s to %s closes the connection" % (what, topic))
                code = wire.produce_error(answer)
                if topic == RECOMPRESSED:
                    expect(code in (2, 10, 87), "%s to %s: error code %d" % (what, topic, code))


@attack
def idle_connections(broker, dice):
    """Nothing is ever said on them, or half a request: the idle timeout ends them."""
    with wires(broker.kafka, 60, seconds=IDLE_SECONDS + 6) as opened:
        for one in opened[::2]:
            one.send(wire.request(API_VERSIONS, 0, b"")[:9])
        for one in opened:
            expect(one.is_closed_by_peer(), "an idle connection is still open")


@attack
def slow_readers(broker, dice):
    """Each asks for far more than it ever reads."""
    value = dice.randbytes(500_000)
    batch = wire.batch(wire.record(value), 1)
    with wires(broker.kafka, 1) as (one,):
        for _ in range(10):
            answer = one.ask(PRODUCE, 7, wire.produce("slow", batch))
            expect_equal(wire.produce_error(answer), 0, "filling the topic")
    ask = wire.request(FETCH, 4, wire.fetch("slow", partition_bytes=5 << 20))
    before = broker.resident_bytes()
    with wires(broker.kafka, 40, seconds=1.0) as opened:
        for one in opened:
            with contextlib.suppress(TimeoutError):
                one.send(ask * 50)
        time.sleep(2)
        grown = broker.resident_bytes() - before
        # All they asked for is 10 GB.
        expect(grown < 400 << 20, "40 slow readers cost %d MB" % (grown >> 20))
        still_serves(broker.kafka)


@attack
def connection_flood(broker, dice):
    """Those beyond max.connections are closed; those there go on."""
    opened = []
    try:
        closed = 0
        for _ in range(CONNECTIONS_MAX * 3):
            try:
                opened.append(Wire(broker.kafka, 0.5))
            except ConnectionResetError:
                closed += 1
        time.sleep(0.5)
        for one in opened:
            one.socket.settimeout(0.001)
            closed += one.is_closed_by_peer()
        expect(closed >= CONNECTIONS_MAX * 2 - 5, "only %d of %d were closed" % (closed, CONNECTIONS_MAX * 3))
    finally:
        for one in opened:
            one.close()
    eventually(lambda: serves_again(broker), "there is room again", 10)


def serves_again(broker):
    try:
        still_serves(broker.kafka)
        return True
    except (CaseFailure, OSError, TimeoutError):
        return False


def run(broker, arguments):
    seed = arguments.seed if arguments.seed is not None else random.SystemRandom().getrandbits(32)
    print("hostile seed %d" % seed, flush=True)
    broker.command("topic", "create", TOPIC, "--partitions", "1")
    broker.command("topic", "create", "hostile", "--partitions", "1")
    broker.command("topic", "create", "slow", "--partitions", "1")
    broker.command(
        "topic", "create", RECOMPRESSED, "--partitions", "1", "--config", "compression.type=lz4"
    )
    good = GoodClient(broker.kafka)
    failed = 0
    wanted = [one for one in ATTACKS if (arguments.attack or "") in one.__name__]
    for function in wanted:
        before, good.slowest, reason = broker.resident_bytes(), 0.0, ""
        known_faults = len(good.faults)
        started = time.monotonic()
        try:
            function(broker, random.Random(seed))
            expect(broker.is_alive() and broker.resident_bytes(), "the broker died")
            eventually(
                lambda: broker.resident_bytes() < before + GROWTH_BYTES,
                lambda: "memory went from %d to %d MB and stays"
                % (before >> 20, broker.resident_bytes() >> 20), 5,
            )
            expect(len(good.faults) == known_faults, "; ".join(good.faults[known_faults:][:3]))
            expect(good.slowest < PATIENCE_SECONDS, "the good client waited %.1f s" % good.slowest)
        except Exception as error:
            failed += 1
            # A crash writes its backtrace before the process is gone.
            time.sleep(0 if broker.resident_bytes() else 3)
            reason = ": %s%s" % (error, "" if broker.is_alive() else "; the broker died with %s: %s" % (broker.process.returncode, broker.log()))
            if not isinstance(error, CaseFailure):
                traceback.print_exc()
        grown = (broker.resident_bytes() - before) / 1e6 if broker.is_alive() else 0
        print(
            "%s hostile %s (%.1f s, memory %+.1f MB, the good client's longest wait %.2f s)%s"
            % ("failed" if reason else "passed", function.__name__.replace("_", " "),
               time.monotonic() - started, grown, good.slowest, reason), flush=True,
        )
        if not broker.is_alive():
            break
    good.finish()
    for fault in good.faults[:5]:
        failed += 1
        print("failed hostile: %s" % fault, flush=True)
    print("%d passed, %d failed" % (len(wanted) - failed, failed), flush=True)
    return failed


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--millrace", required=True)
    parser.add_argument("--attack")
    parser.add_argument("--seed", type=int)
    arguments = parser.parse_args()
    broker = Broker(arguments.millrace, properties=PROPERTIES)
    try:
        failed = run(broker, arguments)
    finally:
        broker.remove()
    sys.stdout.flush()
    os._exit(1 if failed else 0)


if __name__ == "__main__":
    main()
