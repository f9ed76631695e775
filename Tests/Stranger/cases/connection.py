"""Preface, frames and their rules, PING and GOAWAY."""
import struct

import batches
from client import (
    BODY_BYTES_MAX, CALL, CANCEL, CREDIT, END, FRAME_BYTES_MAX, GOAWAY, HEADER, MESSAGE, METHODS, OPTIONS_BYTES_MAX,
    PING, PREFACE, Connection, dial, frame, pb, status_of,
)
from harness import case, expect, expect_equal, expect_status, fresh, open_produce, subscribe, topic

HEALTH = METHODS["health"].number


def read_to_end(connected):
    connected.settimeout(10)
    data = b""
    try:
        while piece := connected.recv(1 << 16):
            data += piece
    except ConnectionError:
        pass
    return data


def expect_goaway(connection, what):
    """The broker says why and closes."""
    connection.wait(lambda: connection.is_closed or connection.goaway, "%s: GOAWAY" % what)
    expect(connection.goaway, "%s: the connection was closed without a GOAWAY" % what)
    expect_status(connection.goaway, 3, what)
    connection.wait(lambda: connection.is_closed, "%s: the end of the connection" % what)
    return connection.goaway


@case
def preface_is_answered(context):
    with dial(context.address) as connected:
        connected.sendall(PREFACE)
        connected.settimeout(10)
        expect_equal(connected.recv(100), PREFACE, "the broker's preface")


@case
def preface_and_frames_in_pieces(context):
    with dial(context.address) as connected:
        for byte in PREFACE + frame(PING, body=b"12345678"):
            connected.sendall(bytes([byte]))
        connected.settimeout(10)
        data = b""
        while len(data) < 32:
            data += connected.recv(100)
        expect_equal(data, PREFACE + frame(PING, body=b"12345678", flags=1), "preface and answer")


@case
def other_first_bytes_are_closed(context):
    for first in (b"GET / HTTP/1.1\r\n\r\n", b"\0" * 8, b"MLRX\1\0\0\0", b"MLRC\1\0\7\0", b"X"):
        with dial(context.address) as connected:
            connected.sendall(first)
            expect_refusal(read_to_end(connected), first)


def expect_refusal(data, first):
    """A preface and a GOAWAY that says why, and nothing else."""
    expect_equal(data[:8], PREFACE, "the preface that answers %r" % first)
    length, stream, kind, flags, method, attachment = HEADER.unpack_from(data, 8)
    expect_equal((kind, stream, flags, method, attachment), (GOAWAY, 0, 0, 0, 0), "the frame that answers %r" % first)
    expect_equal(len(data), 8 + HEADER.size + length, "bytes that answer %r" % first)
    expect_status(status_of(data[8 + HEADER.size :]), 3, "what answers %r" % first)


@case
def other_version_is_told_ours(context):
    with dial(context.address) as connected:
        connected.sendall(b"MLRC" + struct.pack("<HH", 2, 0))
        expect_refusal(read_to_end(connected), "version 2")


@case
def ping_is_answered(context):
    connection = context.connect()
    for payload in (b"\0" * 8, b"\xff" * 8, b"12345678"):
        connection.ping(payload)
    # The answer to none.
    connection.send(frame(PING, body=b"87654321", flags=1))
    connection.ping()


RULES = {
    "an unknown kind": frame(8, 1),
    "kind 0": frame(0, 1),
    "a flag in CALL": frame(CALL, 1, flags=1, method=HEALTH),
    "an unknown flag in PING": frame(PING, body=b"12345678", flags=2),
    "a method in MESSAGE": frame(MESSAGE, 1, method=7),
    "an attachment longer than the frame": frame(CALL, 1, b"12", method=HEALTH, attachment_length=3),
    "an oversized frame": frame(MESSAGE, 1, length=FRAME_BYTES_MAX + 1, attachment_length=FRAME_BYTES_MAX),
    "the largest length": frame(MESSAGE, 1, length=0xFFFFFFFF, attachment_length=0xFFFFFFFF),
    "an oversized body": frame(CALL, 1, method=HEALTH, length=BODY_BYTES_MAX + 1),
    "oversized options": frame(
        CALL, 1, method=HEALTH, length=OPTIONS_BYTES_MAX + 1, attachment_length=OPTIONS_BYTES_MAX + 1
    ),
    "CREDIT of 3 bytes": frame(CREDIT, 0, b"123"),
    "CREDIT with an attachment": frame(CREDIT, 0, attachment=b"1234"),
    "CANCEL with a body": frame(CANCEL, 1, b"1"),
    "PING of 7 bytes": frame(PING, body=b"1234567"),
    "PING on a call": frame(PING, 1, b"12345678"),
    "a client's GOAWAY": frame(GOAWAY),
    "CALL on stream 0": frame(CALL, 0, method=HEALTH),
    "CALL with an even number": frame(CALL, 2, method=HEALTH),
    "MESSAGE on a stream that was not opened": frame(MESSAGE, 9),
    "a stream id used twice": frame(CALL, 1, method=HEALTH) * 2,
    "a stream id lower than the last": frame(CALL, 5, method=HEALTH) + frame(CALL, 3, method=HEALTH),
    "END with a body": frame(CALL, 1, method=METHODS["produce"].number) + frame(END, 1, b"12"),
    "CANCEL of a call that was not opened": frame(CANCEL, 9),
    "END of a call that was not opened": frame(END, 9),
    "CREDIT for a call that was not opened": frame(CREDIT, 9, b"1234"),
    "MESSAGE in a call that takes none": frame(CALL, 1, method=METHODS["watch health"].number) + frame(MESSAGE, 1),
    "options that are none": frame(CALL, 1, attachment=b"\xff" * 9, method=HEALTH),
    "END with an attachment": frame(CALL, 1, method=METHODS["produce"].number) + frame(END, 1, attachment=b"12"),
}


@case
def broken_rules_end_the_connection(context):
    for what, sent in RULES.items():
        with Connection(context.address) as connection:
            # What is before the frame at fault may be answered.
            connection.ignores_unknown_calls = True
            connection.send(sent)
            expect_goaway(connection, what)


@case
def messages_that_do_not_belong_end_the_connection(context):
    name = topic(context.connect())
    batch = batches.encode([b"x"])
    heartbeat = pb.GroupCommand(heartbeat=pb.Heartbeat()).SerializeToString()
    join = pb.JoinGroupRequest(group=fresh("group"), topics=[name])
    for what, method, request, sent in (
        ("MESSAGE behind END", "produce", pb.ProduceOpen(topic=name), [frame(END, 1), frame(MESSAGE, 1, b"", batch)]),
        ("no ProduceBatch", "produce", pb.ProduceOpen(topic=name), [frame(MESSAGE, 1, b"\xff" * 9, batch)]),
        ("no GroupCommand", "join group", join, [frame(MESSAGE, 1, b"\xff" * 9)]),
        ("a heartbeat with an attachment", "join group", join, [frame(MESSAGE, 1, heartbeat, batch)]),
        ("MESSAGE to a subscription", "subscribe", pb.SubscribeRequest(topic=name, follow=True), [frame(MESSAGE, 1)]),
    ):
        connection = context.connect()
        connection.call(method, request)
        connection.send(b"".join(sent))
        expect_goaway(connection, what)


@case
def goaway_names_the_value(context):
    connection = context.connect()
    connection.send(RULES["an oversized frame"])
    status = expect_goaway(connection, "an oversized frame")
    for number in (FRAME_BYTES_MAX + 1, FRAME_BYTES_MAX):
        expect(str(number) in status.message, "%d is in %r" % (number, status.message))


@case
def credit_overflow_ends_the_connection(context):
    setup = context.connect()
    name = topic(setup)
    for on_connection in (True, False):
        connection = context.connect()
        call = subscribe(connection, name, follow=True)
        call.next()
        for _ in range(257):
            connection.grant(0 if on_connection else call.stream, 0xFFFFFFFF)
        expect_goaway(connection, "2^40 of credit exceeded")


@case
def sending_against_no_credit_ends_the_connection(context):
    connection = context.connect()
    name = topic(connection, max_message_bytes=8 << 20)
    call = open_produce(connection, name)
    large = batches.encode([b"x" * (5 << 20)])
    small = batches.encode([b"y"])
    sent = frame(MESSAGE, call.stream, attachment=large) + frame(MESSAGE, call.stream, attachment=small)
    connection.send(sent)
    expect_goaway(connection, "a message against a credit below 0")


@case
def half_a_frame_disturbs_nobody(context):
    hanging = dial(context.address)
    hanging.sendall(PREFACE + frame(CALL, 1, b"x" * 50, method=HEALTH)[:30])
    connection = context.connect()
    expect_equal(connection.unary("health").status, pb.HealthResponse.SERVING, "health")
    hanging.close()
    connection.ping()
