#!/usr/bin/env python3
"""200 connections on a topic of 5 partitions, steadily: nothing lost, nothing twice, memory flat.

    steady.py --millrace EXECUTABLE --seconds 60 [--clients 200]

Nine of ten clients are idempotent producers, each with a sequence of its own in every partition; the
rest are consumers, each of one partition, which must see every producer's sequence whole and in order.
The last line says how it went: `connections: figures`.
"""
import argparse
import os
import sys
import threading
import time

from confluent_kafka import OFFSET_BEGINNING, Consumer, Producer, TopicPartition

from harness import Broker

PARTITIONS = 5
TOPIC = "steady"
# Records a producer sends to each partition in a second.
RATE = 5
# What the broker may grow by once all clients have been served for a while.
GROWTH_BYTES = 32 << 20


class Figures:
    def __init__(self):
        self.lock = threading.Lock()
        self.faults = []
        self.sent = {}
        self.read = 0

    def fault(self, text):
        with self.lock:
            if len(self.faults) < 20:
                self.faults.append(text)


class Writer(threading.Thread):
    def __init__(self, name, bootstrap, figures, ends):
        super().__init__(daemon=True)
        self.writer, self.figures, self.ends = name, figures, ends
        self.producer = Producer(
            {
                "bootstrap.servers": bootstrap, "enable.idempotence": True, "linger.ms": 5,
                "client.id": "writer-%d" % name, "error_cb": lambda error: None,
            }
        )

    def run(self):
        sequence = 0
        start = time.monotonic() + (self.writer % 100) / 100 / RATE
        while time.monotonic() < self.ends:
            pause = start + sequence / RATE - time.monotonic()
            self.producer.poll(max(0.0, pause))
            if time.monotonic() < start + sequence / RATE:
                continue
            for partition in range(PARTITIONS):
                value = b"%d %d " % (self.writer, sequence) + b"x" * 80
                self.producer.produce(TOPIC, value, partition=partition, on_delivery=self.told)
            sequence += 1
        left = self.producer.flush(30)
        if left:
            self.figures.fault("writer %d: %d records have no answer" % (self.writer, left))
        with self.figures.lock:
            self.figures.sent[self.writer] = sequence

    def told(self, error, message):
        if error:
            self.figures.fault("writer %d: %s" % (self.writer, error))


class Reader(threading.Thread):
    """Reads one partition until it has all that was sent."""

    def __init__(self, name, bootstrap, figures):
        super().__init__(daemon=True)
        self.reader, self.figures = name, figures
        self.partition = name % PARTITIONS
        self.next = {}
        self.wanted = None
        self.stopping = threading.Event()
        self.consumer = Consumer(
            {
                "bootstrap.servers": bootstrap, "group.id": "none", "enable.auto.commit": False,
                "client.id": "reader-%d" % name, "fetch.wait.max.ms": 200,
            }
        )
        self.consumer.assign([TopicPartition(TOPIC, self.partition, OFFSET_BEGINNING)])

    def run(self):
        while not self.stopping.is_set() and not self.is_done():
            for message in self.consumer.consume(500, 0.2):
                if message.error():
                    self.figures.fault("reader %d: %s" % (self.reader, message.error()))
                    continue
                writer, sequence, _ = message.value().split(b" ", 2)
                writer, sequence = int(writer), int(sequence)
                if sequence != self.next.get(writer, 0):
                    self.figures.fault(
                        "partition %d: writer %d's record %d came where %d was due"
                        % (self.partition, writer, sequence, self.next.get(writer, 0))
                    )
                self.next[writer] = sequence + 1
                with self.figures.lock:
                    self.figures.read += 1
        self.consumer.close()

    def is_done(self):
        return self.wanted is not None and self.next == self.wanted


def connection_count(address):
    port = int(address.rsplit(":", 1)[1])
    with open("/proc/net/tcp") as file:
        rows = [line.split() for line in file.readlines()[1:]]
    return sum(1 for row in rows if row[3] == "01" and int(row[1].split(":")[1], 16) == port)


def run(broker, seconds, clients):
    figures = Figures()
    broker.command("topic", "create", TOPIC, "--partitions", str(PARTITIONS))
    ends = time.monotonic() + seconds
    readers = [Reader(name, broker.kafka, figures) for name in range(clients // 10)]
    writers = [Writer(name, broker.kafka, figures, ends) for name in range(clients - len(readers))]
    for thread in readers + writers:
        thread.start()
    time.sleep(seconds * 0.3)
    start_bytes, connections = broker.resident_bytes(), connection_count(broker.kafka)
    for writer in writers:
        writer.join(seconds + 60)
    end_bytes = broker.resident_bytes()
    wanted = {writer: count for writer, count in figures.sent.items() if count}
    for reader in readers:
        reader.wanted = wanted
    deadline = time.monotonic() + 20
    for reader in readers:
        reader.join(max(0.1, deadline - time.monotonic()))
        if reader.is_alive():
            missing = sum(wanted.values()) - sum(reader.next.values())
            figures.fault("partition %d: %d records are missing" % (reader.partition, missing))
            reader.stopping.set()
    if connections < clients:
        figures.fault("there were only %d connections" % connections)
    if end_bytes > start_bytes + GROWTH_BYTES:
        figures.fault("the broker grew from %d to %d bytes" % (start_bytes, end_bytes))
    sent = PARTITIONS * sum(wanted.values())
    line = "connections: %d clients, %d connections, %d partitions, %d s: %d records sent (%d/s), %d read" % (
        clients, connections, PARTITIONS, seconds, sent, sent // seconds, figures.read
    )
    line += ", resident %.1f -> %.1f MB, " % (start_bytes / 1e6, end_bytes / 1e6)
    return figures.faults, line + ("none lost, none twice" if not figures.faults else "FAULTS")


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--millrace", required=True)
    parser.add_argument("--seconds", type=int, default=10)
    parser.add_argument("--clients", type=int, default=200)
    arguments = parser.parse_args()
    broker = Broker(arguments.millrace)
    try:
        faults, line = run(broker, arguments.seconds, arguments.clients)
        if not broker.is_alive():
            faults.append("the broker died: " + broker.log())
        elif broker.stop() != 0:
            faults.append("the broker did not stop: " + broker.log())
    finally:
        broker.remove()
    for fault in faults:
        print("fault: " + fault, flush=True)
    print(line, flush=True)
    sys.stdout.flush()
    os._exit(1 if faults else 0)


if __name__ == "__main__":
    main()
