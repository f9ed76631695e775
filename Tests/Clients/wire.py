"""A socket and a few requests by hand, for bytes that no client would send."""
import gzip
import socket
import struct
import zlib

import crc32c

PRODUCE, FETCH, LIST_OFFSETS, METADATA, API_VERSIONS = 0, 1, 2, 3, 18


def text(value):
    return struct.pack(">h", -1) if value is None else struct.pack(">h", len(value)) + value.encode()


def request(key, version, body, correlation=7, client="hostile", flexible=False):
    """A whole frame with header version 1, or 2 when flexible."""
    header = struct.pack(">hhi", key, version, correlation) + text(client)
    frame = header + (b"\0" if flexible else b"") + body
    return struct.pack(">i", len(frame)) + frame


class Wire:
    def __init__(self, bootstrap, seconds=10.0):
        host, port = bootstrap.rsplit(":", 1)
        self.socket = socket.create_connection((host, int(port)), seconds)
        self.socket.settimeout(seconds)

    def send(self, data):
        """False where the other side has closed."""
        try:
            self.socket.sendall(data)
            return True
        except (BrokenPipeError, ConnectionResetError):
            return False

    def receive(self):
        """The next frame without its length, or None where the other side has closed."""
        length = self._exactly(4)
        return None if length is None else self._exactly(struct.unpack(">i", length)[0])

    def _exactly(self, count):
        data = b""
        while len(data) < count:
            try:
                part = self.socket.recv(count - len(data))
            except ConnectionResetError:
                return None
            if not part:
                return None
            data += part
        return data

    def ask(self, *arguments, **options):
        return self.receive() if self.send(request(*arguments, **options)) else None

    def is_closed_by_peer(self):
        """Waits, as long as the socket's timeout, for the other side to close without a word."""
        try:
            return self.socket.recv(1) == b""
        except ConnectionResetError:
            return True
        except TimeoutError:
            return False

    def close(self):
        self.socket.close()


def varint(number):
    """Zigzag, as records write it."""
    return unsigned_varint((number << 1) ^ (number >> 63) if number < 0 else number << 1)


def unsigned_varint(number):
    out = b""
    while number > 0x7F:
        out += bytes([number & 0x7F | 0x80])
        number >>= 7
    return out + bytes([number])


def batch(payload, count, codec=0, crc=None):
    """A record batch of format 2 around these (compressed) records."""
    checked = struct.pack(
        ">hiqqqhii", codec, count - 1, 1780315200000, 1780315200000, -1, -1, -1, count
    ) + payload
    crc = crc32c.crc32c(checked) if crc is None else crc
    rest = struct.pack(">ibI", -1, 2, crc) + checked
    return struct.pack(">qi", 0, len(rest)) + rest


def record(value):
    body = b"\0" + varint(0) + varint(0) + varint(-1) + varint(len(value)) + value + varint(0)
    return varint(len(body)) + body


def bomb(size):
    """One record with a value of `size` zero bytes, as gzip makes them small."""
    head = b"\0" + varint(0) + varint(0) + varint(-1) + varint(size)
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    out = packer.compress(varint(len(head) + size + 1) + head)
    block = bytes(1 << 20)
    for start in range(0, size, len(block)):
        out += packer.compress(block[: min(len(block), size - start)])
    return batch(out + packer.compress(b"\0") + packer.flush(), 1, codec=1)


def false_bomb():
    """Records that say that they are gzip and are something else."""
    return batch(gzip.compress(b"\xff" * 100)[:20], 1, codec=1)


def produce(topic, data, partition=0, acks=-1):
    """The body of a Produce request, version 7."""
    body = text(None) + struct.pack(">hi", acks, 10000) + struct.pack(">i", 1) + text(topic)
    return body + struct.pack(">iii", 1, partition, len(data)) + data


def produce_error(answer):
    """The error code in the answer to a Produce request of one partition, version 7."""
    at = 4 + 4
    length = struct.unpack_from(">h", answer, at)[0]
    return struct.unpack_from(">h", answer, at + 2 + length + 4 + 4)[0]


def fetch(topic, offset=0, partition_bytes=1 << 20, wait_ms=100):
    """The body of a Fetch request, version 4."""
    body = struct.pack(">iiiib", -1, wait_ms, 1, 50 << 20, 0) + struct.pack(">i", 1) + text(topic)
    return body + struct.pack(">iiqi", 1, 0, offset, partition_bytes)
