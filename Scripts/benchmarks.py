"""What Scripts/bench-floor and Scripts/bench-doors share: building C programs, running them, summing up."""

import json
import mmap
import pathlib
import statistics
import subprocess

root = pathlib.Path(__file__).resolve().parent.parent
built = root / ".build-floor"

_checksum = root / "CSources" / "CMillraceChecksum"
_floor = root / "Benchmarks" / "Floor"
_load = root / "Benchmarks" / "Load"


def _compile(name, sources, *libraries):
    built.mkdir(exist_ok=True)
    program = built / name
    subprocess.run(
        ["cc", "-O2", "-std=gnu11", "-Wall", "-Wextra", f"-I{_checksum / 'include'}", f"-I{_floor}"]
        + [str(source) for source in [*sources, _checksum / "crc32c.c"]]
        + [*libraries, "-o", str(program)],
        check=True,
    )
    return program


def build_floor():
    return _compile("floor", sorted(_floor.glob("*.c")), "-luring")


def build_load():
    shared = [_floor / "arguments.c", _floor / "measure.c"]
    return _compile("load", sorted(_load.glob("*.c")) + shared)


def figures(program, *arguments):
    """Runs a program of Benchmarks/Floor or Benchmarks/Load, and returns its figures by their units."""
    command = [str(program), *map(str, arguments), "--json"]
    output = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
    found = json.loads(output)
    del found["name"]
    return found


def warm_memory(count):
    """Touches so many bytes and gives them back.

    A virtual machine may return free memory to its host: whoever takes such a page next, for the page cache say, pays for
    having it fetched, which can cost more than all else that is done with it.
    """
    populate_write = 23  # MADV_POPULATE_WRITE, Linux 5.14
    with mmap.mmap(-1, count, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS) as memory:
        memory.madvise(populate_write)


def interleaved(rounds, runs):
    """Every run once a round, the order turned round each time: A B B A ..."""
    for number in range(rounds):
        yield from runs if number % 2 == 0 else reversed(runs)


def summary(values):
    """The median and the spread."""
    middle, low, high = statistics.median(values), min(values), max(values)
    digits = 0 if middle >= 100 else 1 if middle >= 10 else 3
    return f"{middle:.{digits}f} ({low:.{digits}f}-{high:.{digits}f})"
