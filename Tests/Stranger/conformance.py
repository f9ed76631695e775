#!/usr/bin/env python3
"""A stranger's client against Millrace's native protocol, a case at a time.

Against a broker that runs already, over TCP or a Unix socket:
    .build-python/bin/python Tests/Stranger/conformance.py 127.0.0.1:7070
    .build-python/bin/python Tests/Stranger/conformance.py unix:/run/millrace.sock
Against one that it starts itself, with the cases that kill one:
    .build-python/bin/python Tests/Stranger/conformance.py --millrace .build/debug/millrace [--unix] [--case PART]

A line a case says how it went, the last one how many passed, failed and were skipped; the exit status is 1 where one
has failed.
"""
import argparse
import faulthandler
import importlib
import sys
import time
import traceback

import harness

THEMES = ["connection", "calls", "topics", "produce", "subscribe", "offsets", "membership", "broker", "restart"]
# A case that takes longer has hung: the run says where and ends.
CASE_SECONDS = 120


def run(body, address, broker):
    context = harness.Context(address, broker)
    started = time.monotonic()
    outcome, reason = "passed", ""
    faulthandler.dump_traceback_later(CASE_SECONDS, exit=True)
    try:
        body(context)
    except harness.Skipped as error:
        outcome, reason = "skipped", ": %s" % error
    except Exception as error:
        outcome, reason = "failed", ": %s: %s" % (type(error).__name__, error)
        traceback.print_exc()
    finally:
        faulthandler.cancel_dump_traceback_later()
        context.close()
    name = "%s.%s" % (body.__module__.rpartition(".")[2], body.__name__)
    print("%-7s %s (%.1f s)%s" % (outcome, name, time.monotonic() - started, reason), flush=True)
    return outcome


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("address", nargs="?")
    parser.add_argument("--millrace")
    parser.add_argument("--unix", action="store_true", help="start the broker on a Unix socket")
    parser.add_argument("--case", default="", help="only cases whose theme and name hold this")
    arguments = parser.parse_args()
    if (arguments.address is None) == (arguments.millrace is None):
        parser.error("an ADDRESS or --millrace EXECUTABLE is needed, one of them")
    for theme in THEMES:
        importlib.import_module("cases." + theme)
    cases = [body for body in harness.CASES if arguments.case in "%s.%s" % (body.__module__, body.__name__)]
    broker = harness.Broker(arguments.millrace, arguments.unix) if arguments.millrace else None
    counts = {"passed": 0, "failed": 0, "skipped": 0}
    try:
        for body in cases:
            counts[run(body, broker.address if broker else arguments.address, broker)] += 1
        if broker:
            status = broker.stop() if broker.process.poll() is None else broker.process.returncode
            if status != 0:
                counts["failed"] += 1
                print("failed  the broker lives and stops: status %s: %s" % (status, broker.log()), flush=True)
    finally:
        if broker:
            broker.remove()
    print("%(passed)d passed, %(failed)d failed, %(skipped)d skipped" % counts, flush=True)
    sys.exit(1 if counts["failed"] or not counts["passed"] else 0)


if __name__ == "__main__":
    main()
