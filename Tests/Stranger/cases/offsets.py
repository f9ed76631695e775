"""Methods 0x0401, 0x0402 and 0x0404 to 0x0407, of groups without members."""
from client import pb
from harness import case, expect, expect_code, expect_equal, fresh, produce, topic


def commit(connection, group, *offsets):
    request = pb.CommitOffsetsRequest(group=group)
    for name, partition, offset in offsets:
        request.offsets.add(topic=name, partition=partition, offset=offset, metadata="at %d" % offset)
    return connection.unary("commit offsets", request)


def committed(connection, group, *topics):
    request = pb.FetchOffsetsRequest(group=group)
    for name, partitions in topics:
        request.topics.add(topic=name, partitions=partitions)
    found = connection.unary("fetch offsets", request).offsets
    return {(one.topic, one.partition): one.offset for one in found}


@case
def commit_and_fetch(context):
    connection = context.connect()
    name, other, group = topic(connection, partitions=3), topic(connection), fresh("group")
    expect_equal(committed(connection, group), {}, "offsets of a group that nobody knows")
    commit(connection, group, (name, 0, 5), (name, 2, 7), (other, 0, 1))
    expect_equal(committed(connection, group), {(name, 0): 5, (name, 2): 7, (other, 0): 1}, "every offset")
    expect_equal(committed(connection, group, (name, [])), {(name, 0): 5, (name, 2): 7}, "those of a topic")
    expect_equal(committed(connection, group, (name, [1, 2])), {(name, 2): 7}, "those of partitions")
    expect_equal(committed(connection, group, (fresh(), [])), {}, "those of no topic")
    commit(connection, group, (name, 0, 6))
    expect_equal(committed(connection, group, (name, [0])), {(name, 0): 6}, "the later one")
    request = pb.FetchOffsetsRequest(group=group)
    texts = [one.metadata for one in connection.unary("fetch offsets", request).offsets if one.topic == other]
    expect_equal(texts, ["at 1"], "the metadata")


@case
def bad_commits(context):
    connection = context.connect()
    name, group = topic(connection), fresh("group")
    unknown = fresh()
    expect_code(5, lambda: commit(connection, group, (name, 0, 1), (unknown, 0, 1)), "no such topic", value=unknown)
    expect_equal(committed(connection, group), {}, "all or none: offsets")
    expect_code(5, lambda: commit(connection, group, (name, 4, 1)), "no such partition", value=4)
    expect_code(3, lambda: commit(connection, group, (name, 0, -2)), "a negative offset", value=-2)
    expect_code(3, lambda: commit(connection, "", (name, 0, 1)), "a group without a name")
    long = pb.CommitOffsetsRequest(group=group, offsets=[pb.OffsetCommit(topic=name, metadata="m" * 100_000)])
    expect_code(3, lambda: connection.unary("commit offsets", long), "metadata of 100,000 bytes")


@case
def groups_are_listed_and_described(context):
    connection = context.connect()
    name, group = topic(connection, partitions=2), fresh("group")
    produce(connection, name, [b"x"] * 9, partition=1)
    commit(connection, group, (name, 1, 4))
    listed = {one.group: one for one in connection.unary("list groups").groups}
    expect_equal(listed[group].state, "Empty", "the state")
    expect_equal(listed[group].protocol_type, "", "the protocol type where nobody has joined")
    for states, is_there in ((["Empty"], True), (["empty", "Stable"], True), (["Stable"], False)):
        found = connection.unary("list groups", pb.ListGroupsRequest(states=states)).groups
        expect_equal(group in [one.group for one in found], is_there, "the group among those that are %s" % states)
    description = connection.unary("describe group", pb.DescribeGroupRequest(group=group))
    expect_equal((description.group, description.state, len(description.members)), (group, "Empty", 0), "the group")
    (offset,) = description.offsets
    expect_equal((offset.committed.partition, offset.committed.offset, offset.lag), (1, 4, 5), "offset and lag")
    # Another offset keeps the group when that of a deleted topic is forgotten.
    commit(connection, group, (topic(connection), 0, 0))
    connection.unary("delete topic", pb.DeleteTopicRequest(name=name))
    description = connection.unary("describe group", pb.DescribeGroupRequest(group=group))
    lags = [one.lag for one in description.offsets if one.committed.topic == name]
    expect(all(lag == -1 for lag in lags), "the lag where the partition is gone, as long as its offset is there")
    unknown = fresh("group")
    request = pb.DescribeGroupRequest(group=unknown)
    expect_code(5, lambda: connection.unary("describe group", request), "no such group", value=unknown)


@case
def a_state_that_is_none(context):
    connection = context.connect()
    request = pb.ListGroupsRequest(states=["Happy"])
    expect_code(3, lambda: connection.unary("list groups", request), "no such state", value="Happy")


@case
def groups_are_deleted(context):
    connection = context.connect()
    name, group = topic(connection), fresh("group")
    commit(connection, group, (name, 0, 4))
    connection.unary("delete group", pb.DeleteGroupRequest(group=group))
    expect_equal(committed(connection, group), {}, "offsets")
    request = pb.DeleteGroupRequest(group=group)
    expect_code(5, lambda: connection.unary("delete group", request), "deleted twice", value=group)


@case
def offsets_are_deleted(context):
    connection = context.connect()
    name, other, group = topic(connection, partitions=2), topic(connection), fresh("group")
    commit(connection, group, (name, 0, 4), (name, 1, 5), (other, 0, 6))
    delete = lambda group, *topics: connection.unary(  # noqa: E731
        "delete offsets", pb.DeleteOffsetsRequest(group=group, topics=topics)
    )
    delete(group, pb.TopicPartitions(topic=name, partitions=[1]))
    expect_equal(committed(connection, group), {(name, 0): 4, (other, 0): 6}, "offsets")
    delete(group, pb.TopicPartitions(topic=name))
    expect_equal(committed(connection, group), {(other, 0): 6}, "offsets, none of the topic's left")
    unknown = fresh("group")
    expect_code(5, lambda: delete(unknown, pb.TopicPartitions(topic=name)), "no such group", value=unknown)
