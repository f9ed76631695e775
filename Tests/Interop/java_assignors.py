#!/usr/bin/env python3
"""What Kafka's Java client assigns, for random groups from a seed, as a line of JSON each.

    java_assignors.py --seed N --count N

A line has the partition counts of the topics, the members with their subscriptions as the client writes them, and what the
range and the round robin assignor make of them; `userData` is what the sticky assignor says of `owned` at `generation`.
"""
import argparse
import glob
import json
import os
import random
import sys

import jpype
import jpype.imports


def start_machine():
    """Flink's wheel brings the jars; slf4j without a back end logs nothing."""
    jars = [
        path
        for folder in sys.path
        for name in ("kafka-clients", "slf4j-api")
        for path in glob.glob(os.path.join(folder, "pyflink", "lib", name + ".jar"))
    ]
    jpype.startJVM("-Xmx256m", "-XX:+UseSerialGC", classpath=jars, convertStrings=True)


start_machine()

from java.util import ArrayList, HashMap, HashSet, Optional  # noqa: E402
from org.apache.kafka.clients.consumer import (  # noqa: E402
    ConsumerGroupMetadata, ConsumerPartitionAssignor, RangeAssignor, RoundRobinAssignor, StickyAssignor,
)
from org.apache.kafka.clients.consumer.internals import ConsumerProtocol  # noqa: E402
from org.apache.kafka.common import Cluster, Node, PartitionInfo, TopicPartition  # noqa: E402


def java_list(values):
    made = ArrayList()
    for value in values:
        made.add(value)
    return made


def hexadecimal(buffer):
    return bytes(buffer.get(at) & 0xFF for at in range(buffer.position(), buffer.limit())).hex()


def by_topic(partitions):
    found = {}
    for partition in partitions:
        found.setdefault(str(partition.topic()), []).append(int(partition.partition()))
    return {topic: sorted(numbers) for topic, numbers in found.items()}


def make_case(chance):
    names = chance.sample(["a", "B", "b", "orders", "orders-2", "orders.1", "Z_9"], chance.randint(1, 5))
    counts = {name: chance.randint(0, 9) for name in names if chance.random() < 0.9}
    members = []
    for number in range(chance.randint(1, 6)):
        topics = names if chance.random() < 0.5 else chance.sample(names, chance.randint(1, len(names)))
        owned = {
            topic: sorted(chance.sample(range(9), chance.randint(1, 4)))
            for topic in topics if chance.random() < 0.5
        }
        members.append({
            "id": "%s-%d" % (chance.choice(["c", "C", "consumer", "\U0001F600", "\uFF5E"]), number),
            "instanceID": chance.choice([None, "i%d" % number, "\uFF5E%d" % number, "\U0001F600%d" % number]),
            "topics": chance.sample(topics, len(topics)),
            "owned": owned,
            "generation": chance.randint(0, 100),
        })
    return counts, members


def answer(counts, members):
    node = Node(1, "localhost", 9092)
    nodes = jpype.JArray(Node)([node])
    infos = java_list(
        PartitionInfo(topic, number, node, nodes, nodes)
        for topic, count in counts.items() for number in range(count)
    )
    cluster = Cluster("cluster", java_list([node]), infos, HashSet(), HashSet())
    subscriptions = HashMap()
    for member in members:
        owned = java_list(
            TopicPartition(topic, number)
            for topic, numbers in member["owned"].items() for number in numbers
        )
        subscription = ConsumerPartitionAssignor.Subscription(
            java_list(member["topics"]), None, owned, member["generation"], Optional.empty())
        if member["instanceID"] is not None:
            subscription.setGroupInstanceId(Optional.of(member["instanceID"]))
        subscriptions.put(member["id"], subscription)
        member["subscription"] = hexadecimal(ConsumerProtocol.serializeSubscription(subscription))
        assignment = ConsumerPartitionAssignor.Assignment(owned)
        member["assignment"] = hexadecimal(ConsumerProtocol.serializeAssignment(assignment))
        sticky = StickyAssignor()
        metadata = ConsumerGroupMetadata("g", member["generation"], member["id"], Optional.empty())
        sticky.onAssignment(assignment, metadata)
        member["userData"] = hexadecimal(sticky.subscriptionUserData(HashSet(java_list(member["topics"]))))
    group = ConsumerPartitionAssignor.GroupSubscription(subscriptions)
    answers = {}
    for assignor in (RangeAssignor(), RoundRobinAssignor()):
        assigned = assignor.assign(cluster, group).groupAssignment()
        answers[str(assignor.name())] = {
            member["id"]: by_topic(assigned.get(member["id"]).partitions()) for member in members
        }
    return answers


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--count", type=int, required=True)
    arguments = parser.parse_args()
    chance = random.Random(arguments.seed)
    for _ in range(arguments.count):
        counts, members = make_case(chance)
        answers = answer(counts, members)
        print(json.dumps({"partitionCounts": counts, "members": members, "assignments": answers}))


main()
