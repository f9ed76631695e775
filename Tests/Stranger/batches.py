"""Record batches of format version 2, as NativeProtocol.md names them: Kafka's, big-endian, not compressed."""
import dataclasses
import struct
import time

import crc32c

# base offset, length, leader epoch, magic, CRC; then what the CRC covers: attributes, last offset delta, base and
# largest timestamp, producer id, producer epoch, base sequence, count.
FRONT = struct.Struct(">qiibI")
COVERED = struct.Struct(">hiqqqhii")
HEADER_BYTES = FRONT.size + COVERED.size


@dataclasses.dataclass(frozen=True)
class Record:
    value: bytes
    key: bytes = None
    timestamp: int = None
    headers: tuple = ()
    offset: int = None


@dataclasses.dataclass(frozen=True)
class Batch:
    base_offset: int
    next_offset: int
    producer_id: int
    base_sequence: int
    attributes: int
    max_timestamp: int
    records: list


def now():
    return int(time.time() * 1000)


def varint(number):
    """Zigzag, as Protocol Buffers' sint64."""
    number = (number << 1) ^ (number >> 63)
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    out.append(number)
    return bytes(out)


def read_varint(data, at):
    number = shift = 0
    while True:
        byte = data[at]
        at += 1
        number |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            return (number >> 1) ^ -(number & 1), at


def nullable(data):
    return varint(-1) if data is None else varint(len(data)) + data


def encode(records, producer_id=-1, producer_epoch=-1, base_sequence=-1):
    """One batch of the records, which are `Record`s or the bytes of values."""
    records = [record if isinstance(record, Record) else Record(record) for record in records]
    times = [now() if record.timestamp is None else record.timestamp for record in records]
    body = bytearray()
    for delta, record in enumerate(records):
        one = b"\0" + varint(times[delta] - times[0]) + varint(delta)
        one += nullable(record.key) + nullable(record.value) + varint(len(record.headers))
        for key, value in record.headers:
            one += varint(len(key)) + key.encode() + nullable(value)
        body += varint(len(one)) + one
    covered = COVERED.pack(
        0, len(records) - 1, times[0], max(times), producer_id, producer_epoch, base_sequence, len(records)
    )
    covered += bytes(body)
    return FRONT.pack(0, len(covered) + 9, -1, 2, crc32c.crc32c(covered)) + covered


def decode(run):
    """The batches of a run of whole batches. Raises ValueError for bytes that are not that."""
    batches, at = [], 0
    while at < len(run):
        base_offset, length, _, magic, crc = FRONT.unpack_from(run, at)
        end = at + 12 + length
        if magic != 2 or end > len(run):
            raise ValueError("no whole batch of version 2 at byte %d of %d" % (at, len(run)))
        if crc32c.crc32c(run[at + FRONT.size : end]) != crc:
            raise ValueError("the batch at offset %d has another CRC-32C than it says" % base_offset)
        attributes, last, base_time, max_time, producer, _, sequence, count = COVERED.unpack_from(run, at + FRONT.size)
        records, place = [], at + HEADER_BYTES
        for _ in range(count):
            record, place = decode_record(run, place, base_offset, base_time)
            records.append(record)
        if place != end:
            raise ValueError("%d bytes are left over behind the records" % (end - place))
        batches.append(Batch(base_offset, base_offset + last + 1, producer, sequence, attributes, max_time, records))
        at = end
    return batches


def decode_record(run, at, base_offset, base_time):
    length, at = read_varint(run, at)
    end = at + length
    time_delta, at = read_varint(run, at + 1)
    offset_delta, at = read_varint(run, at)
    parts = []
    for _ in range(2):
        size, at = read_varint(run, at)
        parts.append(None if size < 0 else bytes(run[at : at + size]))
        at += max(size, 0)
    headers = []
    count, at = read_varint(run, at)
    for _ in range(count):
        size, at = read_varint(run, at)
        name, at = bytes(run[at : at + size]).decode(), at + size
        size, at = read_varint(run, at)
        headers.append((name, None if size < 0 else bytes(run[at : at + size])))
        at += max(size, 0)
    if at != end:
        raise ValueError("a record does not end where its length says")
    return Record(parts[1], parts[0], base_time + time_delta, tuple(headers), base_offset + offset_delta), end
