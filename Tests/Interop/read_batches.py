#!/usr/bin/env python3
"""Reads record batches with kafka-python's decoder, which shares no code with ours, and prints JSON.

    read_batches.py FILE

FILE holds batches one after another, as a segment or a produce request does. Printed is a list of
{"baseOffset", "lastOffset", "leaderEpoch", "codec", "checksumIsValid", "isTransactional", "isControl",
"producerID", "producerEpoch", "baseSequence", "maxTimestamp", "records"}, the records as
write_batches.py takes them and with their "offset". Bytes after the last whole batch are an error.
"""
import argparse
import json
import sys

from kafka.record import MemoryRecords

CODECS = ["none", "gzip", "snappy", "lz4", "zstd"]


def to_hex(data):
    return None if data is None else bytes(data).hex()


def describe(batch):
    return {
        "baseOffset": batch.base_offset,
        "lastOffset": batch.last_offset,
        "leaderEpoch": batch.leader_epoch,
        "codec": CODECS[batch.compression_type],
        # Asked before the records, since they are decompressed over the bytes it is made of.
        "checksumIsValid": batch.validate_crc(),
        "isTransactional": batch.is_transactional,
        "isControl": batch.is_control_batch,
        "producerID": batch.producer_id,
        "producerEpoch": batch.producer_epoch,
        "baseSequence": batch.base_sequence,
        "maxTimestamp": batch.max_timestamp,
        "records": [
            {
                "offset": record.offset,
                "timestamp": record.timestamp,
                "key": to_hex(record.key),
                "value": to_hex(record.value),
                "headers": [[name, to_hex(value)] for name, value in record.headers],
            }
            for record in batch
        ],
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("file")
    args = parser.parse_args()
    with open(args.file, "rb") as file:
        data = file.read()
    batches = MemoryRecords(data)
    described = [describe(batch) for batch in batches]
    left_over = len(data) - batches.valid_bytes()
    if left_over:
        sys.exit("%d bytes are left over after %d batches" % (left_over, len(described)))
    json.dump(described, sys.stdout)


if __name__ == "__main__":
    main()
