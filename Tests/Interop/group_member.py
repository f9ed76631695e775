#!/usr/bin/env python3
"""A member of a consumer group by librdkafka, until its input ends.

    group_member.py PORT GROUP TOPIC ASSIGNOR

It prints what it is assigned as a line of JSON, and null when it gives that up.
"""
import json
import select
import sys

from confluent_kafka import Consumer


def main():
    port, group, topic, assignor = sys.argv[1:5]
    consumer = Consumer({
        "bootstrap.servers": "127.0.0.1:" + port,
        "group.id": group,
        "partition.assignment.strategy": assignor,
        "heartbeat.interval.ms": 100,
        "session.timeout.ms": 30000,
    })

    def assigned(_, partitions):
        print(json.dumps(["%s-%d" % (each.topic, each.partition) for each in partitions]), flush=True)

    def revoked(_, __):
        print("null", flush=True)

    consumer.subscribe([topic], on_assign=assigned, on_revoke=revoked)
    while not select.select([sys.stdin], [], [], 0)[0]:
        consumer.poll(0.05)
    consumer.close()


main()
