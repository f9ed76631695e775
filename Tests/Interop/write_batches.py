#!/usr/bin/env python3
"""Writes record batches with kafka-python's encoder, which shares no code with ours.

    write_batches.py --records RECORDS.json --output FILE [--codec none|gzip|snappy|lz4|zstd]
                     [--records-per-batch N] [--base-offset N] [--leader-epoch N]
                     [--producer-id N --producer-epoch N --base-sequence N] [--transactional]

RECORDS.json is a list of {"key": HEX|null, "value": HEX|null, "headers": [[NAME, HEX|null], ...],
"timestamp": MILLISECONDS}. The batches follow one another in FILE, numbered from the base offset on as
a log numbers them, so that FILE is a segment.
"""
import argparse
import json
import struct

from kafka.record.default_records import DefaultRecordBatchBuilder

CODECS = {"none": 0, "gzip": 1, "snappy": 2, "lz4": 3, "zstd": 4}


def from_hex(text):
    return None if text is None else bytes.fromhex(text)


def build(records, base_sequence, args):
    builder = DefaultRecordBatchBuilder(
        magic=2,
        compression_type=CODECS[args.codec],
        is_transactional=args.transactional,
        producer_id=args.producer_id,
        producer_epoch=args.producer_epoch,
        base_sequence=base_sequence,
        batch_size=1 << 30,
    )
    for index, record in enumerate(records):
        headers = [(name, from_hex(value)) for name, value in record["headers"]]
        added = builder.append(
            index, record["timestamp"], from_hex(record["key"]), from_hex(record["value"]), headers
        )
        assert added is not None, "kafka-python refused record %d" % index
    return bytearray(builder.build())


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--records", required=True)
    parser.add_argument("--output", required=True)
    parser.add_argument("--codec", choices=CODECS, default="none")
    parser.add_argument("--records-per-batch", type=int, default=1 << 30)
    parser.add_argument("--base-offset", type=int, default=0)
    parser.add_argument("--leader-epoch", type=int, default=0)
    parser.add_argument("--producer-id", type=int, default=-1)
    parser.add_argument("--producer-epoch", type=int, default=-1)
    parser.add_argument("--base-sequence", type=int, default=-1)
    parser.add_argument("--transactional", action="store_true")
    args = parser.parse_args()

    with open(args.records) as file:
        records = json.load(file)
    with open(args.output, "wb") as output:
        for start in range(0, len(records), args.records_per_batch):
            sequence = -1 if args.base_sequence < 0 else args.base_sequence + start
            batch = build(records[start : start + args.records_per_batch], sequence, args)
            # The log's part of the header, outside the checksum.
            struct.pack_into(">q", batch, 0, args.base_offset + start)
            struct.pack_into(">i", batch, 12, args.leader_epoch)
            output.write(batch)


if __name__ == "__main__":
    main()
