#!/usr/bin/env python3
"""Kafka's messages as kio has them, whose code is generated from Kafka's schemas and shares none with ours.

    kafka_messages.py write --seed N --count N
    kafka_messages.py echo FILE

A message is a line KEY VERSION request|response HEX, the body without its header. `write` prints messages of every key and
version that kio knows, made of random values from the seed. `echo` decodes every line of FILE and prints it as kio encodes what
it has decoded, or with "unknown" in place of the bytes where kio does not know the version.
"""
import argparse
import dataclasses
import datetime
import io
import random
import struct
import sys
import types
import typing
import uuid

from kio.index import UnknownAPIKey, UnknownEntity, load_request_schema, load_response_schema
from kio.schema.errors import ErrorCode
from kio.schema.index import api_key_map, schema_name_map
from kio.serial import entity_reader, entity_writer
from kio.static.constants import EntityType

SCHEMAS = {"request": load_request_schema, "response": load_response_schema}
EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.timezone.utc)
TEXT = "aZ09._-/ \0äß水😀"


class Maker:
    """Makes values of kio's types, down to the bounds of what they can hold."""

    def __init__(self, seed):
        self.random = random.Random(seed)

    def entity(self, schema):
        fields = dataclasses.fields(schema)
        return schema(**{field.name: self.field(field) for field in fields})

    def field(self, field):
        if field.default is not dataclasses.MISSING and self.random.random() < 0.2:
            return field.default
        kafka_type = field.metadata.get("kafka_type")
        wanted = field.type
        if typing.get_origin(wanted) in (types.UnionType, typing.Union):
            if self.random.random() < 0.25:
                return None
            wanted = next(each for each in typing.get_args(wanted) if each is not types.NoneType)
        if typing.get_origin(wanted) is tuple:
            element = typing.get_args(wanted)[0]
            count = self.random.choice([0, 1, 1, 2, 3])
            return tuple(self.value(element, kafka_type) for _ in range(count))
        return self.value(wanted, kafka_type)

    def value(self, wanted, kafka_type):
        if dataclasses.is_dataclass(wanted):
            return self.entity(wanted)
        return getattr(self, kafka_type)()

    def integer(self, bits, signed=True):
        low, high = (-(1 << bits - 1), (1 << bits - 1) - 1) if signed else (0, (1 << bits) - 1)
        return self.random.choice([low, high, 0, 1, self.random.randint(low, high)])

    def size(self):
        return self.random.randint(120, 135) if self.random.random() < 0.05 else self.random.randint(0, 9)

    def int8(self):
        return self.integer(8)

    def int16(self):
        return self.integer(16)

    def int32(self):
        return self.integer(32)

    def int64(self):
        return self.integer(64)

    def uint16(self):
        return self.integer(16, signed=False)

    def float64(self):
        return struct.unpack(">d", struct.pack(">d", self.random.uniform(-1e9, 1e9)))[0]

    def bool(self):
        return self.random.random() < 0.5

    def string(self):
        return "".join(self.random.choice(TEXT) for _ in range(self.size()))

    def bytes(self):
        return self.random.randbytes(self.size())

    def records(self):
        return self.random.randbytes(self.size())

    def uuid(self):
        return uuid.UUID(bytes=self.random.randbytes(16))

    def error_code(self):
        return self.random.choice(list(ErrorCode))

    def timedelta_i32(self):
        return datetime.timedelta(milliseconds=self.integer(32))

    def timedelta_i64(self):
        return datetime.timedelta(milliseconds=self.random.randint(-(2**40), 2**40))

    def datetime_i64(self):
        return EPOCH + datetime.timedelta(milliseconds=self.random.randint(0, 2**41))


def encoded(schema, entity):
    buffer = io.BytesIO()
    entity_writer(schema)(buffer, entity)
    return buffer.getvalue()


def write(args):
    maker = Maker(args.seed)
    for key, name in sorted(api_key_map.items()):
        for version, entities in sorted(schema_name_map[name].items()):
            for kind in SCHEMAS:
                if EntityType[kind] not in entities:
                    continue
                schema = SCHEMAS[kind](key, version)
                for _ in range(args.count):
                    print(key, version, kind, encoded(schema, maker.entity(schema)).hex())


def echo(args):
    with open(args.file) as file:
        for line in file:
            key, version, kind, *data = line.split()
            try:
                schema = SCHEMAS[kind](int(key), int(version))
            except (UnknownAPIKey, UnknownEntity):
                print(key, version, kind, "unknown")
                continue
            data = bytes.fromhex("".join(data))
            entity, size = entity_reader(schema)(data, 0)
            if size != len(data):
                sys.exit("%s: kio reads %d of %d bytes" % (line, size, len(data)))
            print(key, version, kind, encoded(schema, entity).hex())


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    commands = parser.add_subparsers(required=True)
    command = commands.add_parser("write")
    command.add_argument("--seed", type=int, required=True)
    command.add_argument("--count", type=int, default=1)
    command.set_defaults(run=write)
    command = commands.add_parser("echo")
    command.add_argument("file")
    command.set_defaults(run=echo)
    args = parser.parse_args()
    args.run(args)


if __name__ == "__main__":
    main()
