"""The works that are compared, and what each may cost at most."""

import dataclasses
import functools
from collections.abc import Callable

from comparison import measure
from comparison.logs import LogShape

SERVERS = ("mysql", "mariadb")
TOLERANCE = 0.05  # by which one of five pairs may exceed a bar
PAIRS_MIN, PAIRS_MAX = 5, 11
# An empty server with its redo log; a line's share of table, binary log, spilled rows, log and TSV files, roughly.
SERVER_DISK_BYTES = 2 << 30
DISK_BYTES_PER_LINE = 800


@dataclasses.dataclass(frozen=True)
class Side:
    """`measure(site, log)` gives the figures of one run; what takes very long is run once only."""

    name: str
    measure: Callable
    shape: LogShape
    needs_tsv: bool = False
    is_once: bool = False


@dataclasses.dataclass(frozen=True)
class Work:
    """Chatload (own) against something else, over logs; `bars` is by server, or by None where none takes part."""

    title: str
    own: Side
    other: Side | None
    bars: dict
    pool: str | None = "4G"  # the server's innodb_buffer_pool_size
    has_binlog: bool = True  # as the server has it of itself: MySQL writes one, MariaDB does not
    at_least: bool = False  # of rates; else at most, of times

    def sides(self):
        return [side for side in (self.own, self.other) if side is not None]


def against_load_data(title, shape, bars, pool="4G", has_binlog=True, samples=False, **other):
    own = functools.partial(measure.chatload_load, samples=samples)
    bulk = functools.partial(measure.load_data, samples=samples, stop_after_s=other.pop("stop_after_s", None))
    sides = Side("chatload", own, shape), Side("LOAD DATA", bulk, shape, needs_tsv=True, **other)
    return Work(title, *sides, bars, pool, has_binlog)


def against_one_file(title, shape, files, bar, servers=SERVERS, pool="4G"):
    folder = functools.partial(measure.chatload_folder_load, files=files)
    sides = Side(f"{files:,} files", folder, shape), Side("one file", measure.chatload_load, shape)
    return Work(title, *sides, dict.fromkeys(servers, bar), pool)


def without_binlog(name):
    """The work of that name on a server without a binary log."""
    return f"{name} --no-binlog"


MILLION = 1_000_000
V1, V4, V4_LARGE = LogShape(2 * MILLION, "v1"), LogShape(2 * MILLION, "v4"), LogShape(8 * MILLION, "v4")
ORDERED, RANDOM = "time-ordered ids (UUIDv1)", "random ids (UUIDv4)"
BULK = "two parallel LOAD DATA LOCAL sessions, ready-made TSV in batches of 10,000 rows"
WORKS = {
    "v1": against_load_data(f"{ORDERED}, against {BULK}", V1, {"mysql": 0.92, "mariadb": 0.85}),
    "v4": against_load_data(f"{RANDOM}, against {BULK}", V4, {"mysql": 0.75, "mariadb": 0.65}),
    **{
        without_binlog(name): against_load_data(
            f"no binary log, {ids}, against {BULK}", shape, {"mysql": 0.85, "mariadb": 0.85}, has_binlog=False
        )
        for name, ids, shape in (("v1", ORDERED, V1), ("v4", RANDOM, V4))
    },
    "jq": Work(
        "`chatload load` against `zcat | jq -r … @tsv | mariadb -e 'LOAD DATA LOCAL …'`",
        Side("chatload", measure.chatload_load, LogShape(MILLION, "v1", is_plain=True)),
        Side("jq", measure.jq_load, LogShape(MILLION, "v1", is_plain=True)),
        {"mysql": 0.65, "mariadb": 0.5},
    ),
    "executemany": Work(
        "`chatload load` against one thread of Python with `executemany`, batches of 5,000",
        Side("chatload", measure.chatload_load, LogShape(MILLION // 5, "v1", is_plain=True)),
        Side("executemany", measure.executemany_load, LogShape(MILLION // 5, "v1", is_plain=True)),
        {"mysql": 0.4, "mariadb": 0.4},
    ),
    "connector": Work(
        "`chatload load` against C++ with simdjson and Connector/C++: prepared INSERTs of 5,000 rows, two connections",
        Side("chatload", measure.chatload_load, LogShape(MILLION, "v1", is_plain=True)),
        Side("connector", measure.connector_load, LogShape(MILLION, "v1", is_plain=True)),
        {"mysql": 0.7, "mariadb": 0.8},
    ),
    "web": Work(
        "`chatload load URL` from nginx on this machine against the file",
        Side("from nginx", measure.chatload_web_load, V1),
        Side("from disk", measure.chatload_load, V1),
        {"mysql": 1.05, "mariadb": 1.05},
    ),
    "web-far": Work(
        "the same through a proxy that gives each answer 50 ms later",
        Side("from far away", functools.partial(measure.chatload_web_load, late_s=0.05), V1),
        Side("from disk", measure.chatload_load, V1),
        {"mysql": 1.15, "mariadb": 1.15},
    ),
    "folder": against_one_file("1 M lines, random ids, as 500 files against one", LogShape(MILLION, "v4"), 500, 1.15),
    "small-files": against_one_file(
        "1 M lines, random ids, as 20,000 files against one", LogShape(MILLION, "v4"), 20_000, 2.5
    ),
    "folder-pool": against_one_file(
        "4 M lines, random ids, 64 MiB buffer pool, as 8 files against one",
        LogShape(4 * MILLION, "v4"),
        8,
        1.1,
        servers=("mysql",),
        pool="64M",
    ),
    "memory": Work(
        "random ids (UUIDv4) with --memory 128M",
        Side("chatload", functools.partial(measure.chatload_load, flags=("--memory", "128M")), V4, is_once=True),
        None,
        {"mysql": 128, "mariadb": 128},
    ),
    "check": Work(
        "`chatload check FILE` against `gzip -dc FILE > /dev/null`",
        Side("chatload check", measure.chatload_check, V1),
        Side("gzip -dc", measure.gzip_decompress, V1),
        {None: 0.28},
        pool=None,
    ),
    "copy": Work(
        "`chatload copy --keep-rejected` at level 6 against `zcat FILE | pigz -p2 -6`",
        Side("chatload copy", measure.chatload_copy, V1),
        Side("pigz", measure.pigz, V1),
        {None: 0.6},
        pool=None,
    ),
    "copy-filter": Work(
        "`chatload copy --type status` at level 6 against `zcat FILE | jq -c 'select(…)' | pigz -p2 -6`",
        Side("chatload copy", measure.chatload_filter, LogShape(MILLION, "v1", is_plain=True)),
        Side("jq", measure.jq_filter, LogShape(MILLION, "v1", is_plain=True)),
        {None: 0.2},
        pool=None,
    ),
    "copy-fast": Work(
        "the same at level 1",
        Side("chatload copy", measure.chatload_fast_filter, LogShape(MILLION, "v1", is_plain=True)),
        Side("jq", measure.jq_filter, LogShape(MILLION, "v1", is_plain=True)),
        {None: 0.1},
        pool=None,
    ),
    "small-pool": against_load_data(
        f"random ids, a table larger than the buffer pool, against {BULK} and stopped after 30 minutes",
        V4_LARGE,
        {"mysql": 0.15},
        pool="128M",
        samples=True,
        stop_after_s=measure.STOP_AFTER_S,
        is_once=True,
    ),
    "flat": Work(
        "rows/s at 32 M lines against chatload's own at 4 M, random ids",
        Side("32 M lines", measure.chatload_load, LogShape(32 * MILLION, "v4")),
        Side("4 M lines", measure.chatload_load, LogShape(4 * MILLION, "v4")),
        {"mysql": 0.8},
        pool="128M",
        at_least=True,
    ),
}
# Of what other works have measured: the CPU seconds of chatload for a million rows, and the memory that is the default.
CLIENT_CPU, CLIENT_CPU_OF, CLIENT_CPU_S_MAX = "client-cpu", "v1", 0.9
MEMORY_MIB_MAX = 256
NAMES = [*(name for name, work in WORKS.items() if work.has_binlog), CLIENT_CPU]


def ratio(work, own, other):
    """Of the times a row, or of the rates where the bar is a least one."""
    times = own["seconds"] / own["rows"] * other["rows"] / other["seconds"]
    return 1 / times if work.at_least else times


def verdict(ratios, bar, at_least=False):
    """yes, no, or what to do to know: a bar holds if the median does, and at most one of five pairs exceeds it by
    TOLERANCE."""
    sign = -1 if at_least else 1
    excess = sorted(sign * (value - bar) for value in ratios)
    median_holds = (excess[len(excess) // 2] + excess[(len(excess) - 1) // 2]) / 2 <= 0
    if len(ratios) < PAIRS_MIN:
        return f"too few pairs ({len(ratios)})"
    if not median_holds:
        return "no"
    if sum(value > TOLERANCE for value in excess) <= len(ratios) // PAIRS_MIN:
        return "yes"
    return "no" if len(ratios) >= PAIRS_MAX else f"run --pairs {PAIRS_MAX}"
