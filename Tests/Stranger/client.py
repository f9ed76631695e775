"""A client of Millrace's native protocol, written from NativeProtocol.md and millrace.proto alone.

It has no threads: what a connection receives is taken in while something is waited for.
"""
import collections
import os
import socket
import struct
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "../../.build-python/messages"))

import millrace_pb2 as pb  # noqa: E402

PREFACE = b"MLRC" + struct.pack("<HH", 1, 0)
HEADER = struct.Struct("<IIBBHI")
CALL, MESSAGE, CREDIT, END, CANCEL, PING, GOAWAY = range(1, 8)
FRAME_BYTES_MAX = (64 << 20) + (64 << 10)
BODY_BYTES_MAX = 8 << 20
OPTIONS_BYTES_MAX = 64 << 10

Method = collections.namedtuple("Method", "number request answer message")

# The table of the article: number, what the client opens the call with, what the broker sends, what the client sends.
METHODS = {
    "create topic": Method(0x0101, pb.CreateTopicRequest, pb.TopicDescription, None),
    "list topics": Method(0x0102, pb.ListTopicsRequest, pb.ListTopicsResponse, None),
    "describe topic": Method(0x0103, pb.DescribeTopicRequest, pb.TopicDescription, None),
    "delete topic": Method(0x0104, pb.DeleteTopicRequest, pb.DeleteTopicResponse, None),
    "add partitions": Method(0x0105, pb.AddPartitionsRequest, pb.TopicDescription, None),
    "alter topic": Method(0x0106, pb.AlterTopicRequest, pb.TopicDescription, None),
    "trim": Method(0x0107, pb.TrimRequest, pb.TrimResponse, None),
    "find offsets": Method(0x0108, pb.FindOffsetsRequest, pb.FindOffsetsResponse, None),
    "produce": Method(0x0201, pb.ProduceOpen, pb.ProduceAck, pb.ProduceBatch),
    "init producer": Method(0x0202, pb.InitProducerRequest, pb.InitProducerResponse, None),
    "subscribe": Method(0x0301, pb.SubscribeRequest, pb.SubscribeBatch, None),
    "commit offsets": Method(0x0401, pb.CommitOffsetsRequest, pb.CommitOffsetsResponse, None),
    "fetch offsets": Method(0x0402, pb.FetchOffsetsRequest, pb.FetchOffsetsResponse, None),
    "join group": Method(0x0403, pb.JoinGroupRequest, pb.GroupEvent, pb.GroupCommand),
    "list groups": Method(0x0404, pb.ListGroupsRequest, pb.ListGroupsResponse, None),
    "describe group": Method(0x0405, pb.DescribeGroupRequest, pb.GroupDescription, None),
    "delete group": Method(0x0406, pb.DeleteGroupRequest, pb.DeleteGroupResponse, None),
    "delete offsets": Method(0x0407, pb.DeleteOffsetsRequest, pb.DeleteOffsetsResponse, None),
    "describe broker": Method(0x0501, pb.DescribeBrokerRequest, pb.BrokerDescription, None),
    "alter broker": Method(0x0502, pb.AlterBrokerRequest, pb.BrokerDescription, None),
    "describe log directory": Method(0x0503, pb.DescribeLogDirectoryRequest, pb.LogDirectoryDescription, None),
    "health": Method(0x0601, pb.HealthRequest, pb.HealthResponse, None),
    "watch health": Method(0x0602, pb.HealthRequest, pb.HealthResponse, None),
}


class Refused(Exception):
    """A call that ended with another code than 0."""

    def __init__(self, status):
        super().__init__("code %d: %s %s" % (status.code, status.message, dict(status.details)))
        self.status = status
        self.code = status.code


class Lost(Exception):
    """The connection is closed."""


class TimedOut(Exception):
    pass


def frame(kind, stream=0, body=b"", attachment=b"", flags=0, method=0, length=None, attachment_length=None):
    """A frame, whose lengths may be others than its parts have."""
    length = len(body) + len(attachment) if length is None else length
    attachment_length = len(attachment) if attachment_length is None else attachment_length
    return HEADER.pack(length, stream, kind, flags, method, attachment_length) + body + attachment


def dial(address, seconds=10):
    """A socket to `host:port` or `unix:/path`."""
    if address.startswith("unix:"):
        connected = socket.socket(socket.AF_UNIX)
        connected.settimeout(seconds)
        connected.connect(address[len("unix:") :])
        return connected
    host, _, port = address.rpartition(":")
    connected = socket.create_connection((host.strip("[]"), int(port)), seconds)
    connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return connected


class Call:
    """An open call: what the broker has said in it, and what may be sent."""

    def __init__(self, connection, stream, method):
        self.connection, self.stream, self.method = connection, stream, method
        self.received = collections.deque()
        self.status = None
        # Of the messages of this side, in bytes of attachments.
        self.credit = 4 << 20
        self.sent_bytes = 0

    def next(self, seconds=10):
        """The next message and its attachment; None when the call has ended well."""
        self.connection.wait(lambda: self.received or self.status, "a message of call %d" % self.stream, seconds)
        if self.received:
            return self.received.popleft()
        if self.status.code:
            raise Refused(self.status)
        return None

    def end(self, seconds=10):
        """The status that the call ended with."""
        self.connection.wait(lambda: self.status, "the end of call %d" % self.stream, seconds)
        return self.status

    def send(self, message, attachment=b"", seconds=20):
        """Sends when the credit allows it."""
        if attachment:
            self.connection.wait(
                lambda: self.status or (self.credit > 0 and self.connection.credit > 0), "credit", seconds
            )
            if self.status:
                raise Refused(self.status)
            self.credit -= len(attachment)
            self.connection.credit -= len(attachment)
            self.sent_bytes += len(attachment)
        self.connection.send(frame(MESSAGE, self.stream, message.SerializeToString(), attachment))

    def half_close(self):
        self.connection.send(frame(END, self.stream))

    def cancel(self):
        self.connection.send(frame(CANCEL, self.stream))

    def grant(self, count):
        self.connection.grant(self.stream, count)


class Connection:
    def __init__(self, address, seconds=10):
        self.address = address
        self.socket = dial(address, seconds)
        self.buffer = bytearray()
        self.calls = {}
        self.next_stream = 1
        self.credit = 16 << 20
        self.goaway = None
        self.is_closed = False
        self.has_preface = False
        self.pongs = []
        # For tests that write frames of their own.
        self.ignores_unknown_calls = False
        self.send(PREFACE)

    def close(self):
        self.socket.close()
        self.is_closed = True

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def send(self, data):
        """Takes in what comes meanwhile, since the broker stops to read from a client that does not."""
        view = memoryview(data)
        while view:
            self.socket.settimeout(0.05 if len(view) < 1 << 16 else 0.002)
            try:
                view = view[self.socket.send(view) :]
            except (TimeoutError, BlockingIOError):
                self.take_in(0)
            except OSError as error:
                self.take_in(0.2)
                raise Lost(self.why(error)) from None

    def why(self, error="closed"):
        if self.goaway:
            return "GOAWAY code %d: %s" % (self.goaway.code, self.goaway.message)
        return str(error)

    # Calls

    def call(self, name, request=None, options=None, stream=None):
        method = METHODS[name]
        if stream is None:
            stream = self.next_stream
            self.next_stream += 2
        call = self.calls[stream] = Call(self, stream, method)
        body = (request or method.request()).SerializeToString()
        attachment = options.SerializeToString() if options else b""
        self.send(frame(CALL, stream, body, attachment, method=method.number))
        return call

    def unary(self, name, request=None, options=None, seconds=20):
        call = self.call(name, request, options)
        return self.answer(call, seconds)

    def answer(self, call, seconds=20):
        """Of a unary call: exactly one message and a good END, or END alone with another code."""
        status = call.end(seconds)
        if status.code:
            if call.received:
                raise AssertionError("a message came before END with code %d" % status.code)
            raise Refused(status)
        if len(call.received) != 1:
            raise AssertionError("%d messages came for a unary call" % len(call.received))
        return call.received.popleft()[0]

    def grant(self, stream, count):
        self.send(frame(CREDIT, stream, struct.pack("<I", count)))

    def ping(self, payload=b"8 bytes.", seconds=10):
        self.send(frame(PING, body=payload))
        self.wait(lambda: payload in self.pongs, "the answer to a PING", seconds)
        self.pongs.remove(payload)

    # What comes

    def wait(self, is_so, what, seconds=10):
        deadline = time.monotonic() + seconds
        while not is_so():
            if self.is_closed:
                raise Lost("%s did not come: %s" % (what, self.why()))
            left = deadline - time.monotonic()
            if left <= 0:
                raise TimedOut("%s did not come within %g s" % (what, seconds))
            self.take_in(min(left, 1))

    def take_in(self, seconds):
        """Receives once, and handles the frames that are whole."""
        self.socket.settimeout(max(seconds, 0.001))
        try:
            data = self.socket.recv(1 << 18)
        except (TimeoutError, BlockingIOError):
            return
        except OSError:
            data = b""
        if not data:
            self.is_closed = True
            return
        self.buffer += data
        at = 0
        if not self.has_preface:
            if len(self.buffer) < len(PREFACE):
                return
            if self.buffer[:8] != PREFACE:
                raise AssertionError("the broker's preface is %s" % self.buffer[:8].hex(" "))
            self.has_preface, at = True, 8
        while len(self.buffer) - at >= HEADER.size:
            length, stream, kind, flags, method, attachment = HEADER.unpack_from(self.buffer, at)
            end = at + HEADER.size + length
            if end > len(self.buffer):
                break
            middle = end - attachment
            self.handle(
                kind, stream, flags, method, bytes(self.buffer[at + HEADER.size : middle]),
                bytes(self.buffer[middle:end]),
            )
            at = end
        del self.buffer[:at]

    def handle(self, kind, stream, flags, method, body, attachment):
        if method or (flags and (kind, flags) != (PING, 1)):
            raise AssertionError("a frame of kind %d has the method %d and flags %d" % (kind, method, flags))
        call = self.calls.get(stream)
        if call is None and kind in (MESSAGE, END) and self.ignores_unknown_calls:
            return
        if kind in (MESSAGE, END) and (call is None or call.status):
            raise AssertionError("a frame of kind %d came on stream %d, where no call is open" % (kind, stream))
        if kind == MESSAGE:
            message = call.method.answer()
            message.ParseFromString(body)
            call.received.append((message, attachment))
        elif kind == END:
            call.status = status_of(body)
        elif kind == CREDIT:
            (count,) = struct.unpack("<I", body)
            if stream == 0:
                self.credit += count
            elif call:
                call.credit += count
        elif kind == PING:
            if flags == 1:
                self.pongs.append(body)
            else:
                self.send(frame(PING, body=body, flags=1))
        elif kind == GOAWAY:
            self.goaway = status_of(body)
        else:
            raise AssertionError("the broker sent a frame of kind %d" % kind)


def status_of(body):
    status = pb.Status()
    status.ParseFromString(body)
    return status
